"""The pairs that a cell trains on, and what its manifest says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.cells.clock import Clock
from bench.cells.shared.context import Context
from bench.cells.words.code_switch import code_switched
from bench.data.english import ENGLISH
from bench.encoders.encoder import Encoder
from bench.encoders.space import Means, Space
from bench.experiment.spec import CellSpec
from bench.training.pairs import Offsets, Pairs
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
    texts to the same English sides; `english_only` gives the English side as text, `own_targets` the text as English side.
    """
    languages = trained_on(spec, method)
    rows = draw_pairs(_fitting(context, "train", languages), quotas(languages, spec.pairs), spec.seed)
    if method is not None and method.shuffle_pairs:
        rows = exchange_english(rows, spec.seed)
    if method is not None and method.code_switched:
        rows = code_switched(rows, method.params.share, method.params.rounds, spec.seed, context.documents.pieces)
    if method is not None and method.english_only:
        rows = rows.assign(text=rows["english"])
    if method is not None and method.own_targets:
        rows = rows.assign(english=rows["text"])
    return rows


def all_rows(spec: CellSpec, context: Context) -> pd.DataFrame:
    """All training pairs of the cell's languages, each once, in an order drawn by the seed."""
    return _fitting(context, "train", spec.languages).sample(frac=1, random_state=spec.seed)


def trained_on(spec: CellSpec, method: Method | None = None) -> tuple[str, ...]:
    """The languages of the pairs: the first of the order, or of the guard languages where the method says so.

    Raises:
        BenchError: there are no guard languages.
    """
    if method is None or method.train_on == "order":
        return spec.languages
    if not spec.guard:
        raise BenchError(f"{spec.method} trains on guard languages, and there are none", "set data.guard, or leave it out")
    return spec.guard[: spec.size]


def dev_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """A fixed sample of dev pairs of the trained languages, true ones for every method; only their loss is looked at."""
    rows = dev_rows(spec, context, method)
    return tokenised(rows, context, encoder, method), rows


def dev_rows(spec: CellSpec, context: Context, method: Method | None = None) -> pd.DataFrame:
    """The rows of the bitext behind `dev_pairs`."""
    bitext = _fitting(context, "dev", trained_on(spec, method))
    return bitext.sample(min(DEV_PAIRS, len(bitext)), random_state=0)


def dev_sample(spec: CellSpec, context: Context, most: int) -> pd.DataFrame:
    """Dev pairs of the trained languages, a fixed sample of at most so many of each; rows of the bitext."""
    bitext = _fitting(context, "dev", spec.languages)
    parts = [part.sample(min(most, len(part)), random_state=0) for _, part in bitext.groupby("language", sort=True)]
    return pd.concat(parts) if parts else bitext


def _fitting(context: Context, split: str, languages: Sequence[str]) -> pd.DataFrame:
    """The rows of a split in these languages that are not too long."""
    bitext = context.suite.bitext[context.texts.fits]
    return bitext[(bitext["split"] == split) & bitext["language"].isin(languages)]


def tokenised(
    rows: pd.DataFrame, context: Context, encoder: Encoder, method: Method | None, places: Mapping[str, int] | None = None
) -> Pairs:
    """These rows of the bitext as the encoder reads them.

    Args:
        places: English side -> its row in the targets; default: that of `Texts.rows`.
    """
    places = context.texts.rows if places is None else places
    texts = encoder.tokenize(rows["text"].tolist(), "query", context.key.max_length)
    english = None
    if method is not None and "english" in method.needs:
        english = encoder.tokenize(rows["english"].tolist(), "query", context.key.max_length)
    return Pairs(texts, np.array([places[text] for text in rows["english"]]), english)


def text_languages(rows: pd.DataFrame, method: Method) -> list[str]:
    """The language of each text that the student reads: English texts with some words replaced count as English."""
    return [ENGLISH] * len(rows) if method.english_only or method.code_switched else rows["language"].tolist()


def language_offsets(means: Mapping[str, Means], space: Space, languages: Sequence[str]) -> Offsets:
    """From the mean that the space subtracts to those of the languages of some texts; none for a language without a mean."""
    known = {language: row for row, language in enumerate(means, 1)}
    tokens = [np.zeros_like(space.token_mean), *(own.tokens - space.token_mean for own in means.values())]
    pooled = [np.zeros_like(space.pooled_mean), *(own.pooled - space.pooled_mean for own in means.values())]
    return Offsets(np.stack(tokens), np.stack(pooled), np.array([known.get(language, 0) for language in languages]))


def training_record(
    languages: Sequence[str], context: Context, rows: pd.DataFrame, table: pd.DataFrame, clock: Clock
) -> dict[str, Any]:
    """What the manifest says of training on pairs of these languages."""
    dev = table["dev_loss"].dropna().tolist() if "dev_loss" in table else []
    return pairs_record(rows) | {
        "pairs_left_out": context.texts.left_out(languages),
        "pairs_per_second": round(len(rows) / max(1e-9, clock.seconds["train"]), 2),
        "dev": {"loss_start": dev[0], "loss_end": dev[-1]} if dev else {},
        "trained_with": table.attrs.get("how", {}),
    } | ({"devices_mb": memory} if len(memory := table.attrs.get("memory_mb", [])) > 1 else {})


def pairs_record(rows: pd.DataFrame) -> dict[str, Any]:
    """What the manifest says of the pairs."""
    return {
        "pairs_seen": len(rows),
        "pairs_distinct": int(len(rows.drop_duplicates(["pair_id", "language"]))),
        "pairs_by_language": rows["language"].value_counts().sort_index().to_dict(),
        "pairs_by_source": rows["source"].value_counts().sort_index().to_dict(),
    }
