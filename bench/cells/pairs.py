"""The pairs that a cell trains on, and what its manifest says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.cells.clock import Clock
from bench.cells.shared.context import Context
from bench.cells.words.code_switch import code_switched
from bench.encoders.encoder import Encoder
from bench.experiment.spec import CellSpec
from bench.training.pairs import Pairs
from bench.training.sampling import draw_pairs, exchange_english, quotas
from methods.base import Method

DEV_PAIRS = 128  # pairs of which the loss is watched


def training_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """The pairs that this cell trains on, tokenised, and their rows of the bitext: `training_rows`."""
    rows = training_rows(spec, context, method)
    return tokenised(rows, context, encoder, method), rows


def training_rows(spec: CellSpec, context: Context, method: Method | None = None) -> pd.DataFrame:
    """The pairs that this cell trains on, as rows of the bitext; the same for all methods.

    Only a control with `shuffle_pairs` gets other English sides to the same texts, and a method with `code_switched` other
    texts to the same English sides.
    """
    bitext = context.suite.bitext[context.texts.fits]
    bitext = bitext[(bitext["split"] == "train") & bitext["language"].isin(spec.languages)]
    rows = draw_pairs(bitext, quotas(spec.languages, spec.pairs), spec.seed)
    if method is not None and method.shuffle_pairs:
        rows = exchange_english(rows, spec.seed)
    if method is not None and method.code_switched:
        rows = code_switched(rows, method.params.share, method.params.rounds, spec.seed, context.documents.pieces)
    return rows


def dev_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """A fixed sample of dev pairs of the trained languages, true ones for every method; only their loss is looked at."""
    bitext = context.suite.bitext[context.texts.fits]
    bitext = bitext[(bitext["split"] == "dev") & bitext["language"].isin(spec.languages)]
    rows = bitext.sample(min(DEV_PAIRS, len(bitext)), random_state=0)
    return tokenised(rows, context, encoder, method), rows


def tokenised(rows: pd.DataFrame, context: Context, encoder: Encoder, method: Method | None) -> Pairs:
    """These rows of the bitext as the encoder reads them."""
    texts = encoder.tokenize(rows["text"].tolist(), "query", context.key.max_length)
    english = None
    if method is not None and "english" in method.needs:
        english = encoder.tokenize(rows["english"].tolist(), "query", context.key.max_length)
    return Pairs(texts, np.array([context.texts.rows[text] for text in rows["english"]]), english)


def training_record(
    spec: CellSpec, context: Context, pairs: Pairs, rows: pd.DataFrame, table: pd.DataFrame, clock: Clock
) -> dict[str, Any]:
    """What the manifest says of training."""
    dev = table["dev_loss"].dropna().tolist() if "dev_loss" in table else []
    return {
        "pairs_seen": len(pairs),
        "pairs_distinct": int(len(rows.drop_duplicates(["pair_id", "language"]))),
        "pairs_by_language": rows["language"].value_counts().sort_index().to_dict(),
        "pairs_by_source": rows["source"].value_counts().sort_index().to_dict(),
        "pairs_left_out": context.texts.left_out(spec.languages),
        "pairs_per_second": round(len(pairs) / max(1e-9, clock.seconds["train"]), 2),
        "dev": {"loss_start": dev[0], "loss_end": dev[-1]} if dev else {},
        "trained_with": table.attrs.get("how", {}),
    }
