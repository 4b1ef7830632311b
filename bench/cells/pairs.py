"""The pairs that a cell trains on, and what its manifest says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.cells.clock import Clock
from bench.cells.shared.context import Context
from bench.cells.shared.drawn import Drawn
from bench.cells.shared.texts import in_chunks
from bench.cells.words.code_switch import code_switched
from bench.data.english import ENGLISH
from bench.data.stored.bitext import Column, sampled
from bench.encoders.encoder import Encoder
from bench.encoders.space import Means, Space
from bench.experiment.spec import CellSpec
from bench.training.pairs import Offsets, Pairs, Tokenised
from bench.training.sampling import draw_pairs, exchange_english, quotas
from methods.base import Method

DEV_PAIRS = 128  # pairs of which the loss is watched


def training_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """The pairs that this cell trains on, tokenised, and their rows of the bitext: `training_rows`. All are in memory."""
    return _all(drawn(spec, context, method), context, encoder, method)


def dev_pairs(
    spec: CellSpec, context: Context, encoder: Encoder, method: Method | None = None
) -> tuple[Pairs, pd.DataFrame]:
    """A fixed sample of dev pairs of the trained languages, true ones for every method; only their loss is looked at."""
    return _all(watched(spec, context, method), context, encoder, method)


def training_rows(spec: CellSpec, context: Context, method: Method | None = None) -> pd.DataFrame:
    """The pairs that this cell trains on, as rows of the bitext."""
    return drawn(spec, context, method).frame()


def dev_rows(spec: CellSpec, context: Context, method: Method | None = None) -> pd.DataFrame:
    """The rows of the bitext behind `dev_pairs`."""
    return watched(spec, context, method).frame()


def drawn(spec: CellSpec, context: Context, method: Method | None = None) -> Drawn:
    """The pairs that this cell trains on; the same for all methods.

    Only a control with `shuffle_pairs` gets other English sides to the same texts, and a method with `code_switched` other
    texts to the same English sides; `english_only` gives the English side as text, `own_targets` the text as English side.
    """
    languages, bitext = trained_on(spec, method), context.suite.bitext
    groups = bitext.by_source(bitext.rows("train", languages, context.texts.fits))
    found = Drawn.of(bitext, draw_pairs(groups, quotas(languages, spec.pairs), spec.seed))
    if method is None:
        return found
    if method.shuffle_pairs:
        codes = exchange_english(found.english.codes, found.groups(), spec.seed)
        found = replace(found, english=Column(codes, found.english.values))
    if method.code_switched:
        rows = code_switched(found.frame(), method.params.share, method.params.rounds, spec.seed, context.documents.pieces)
        found = found.with_texts(rows["text"].tolist(), words=rows["words"].to_numpy(), replaced=rows["replaced"].to_numpy())
    if method.english_only:
        found = replace(found, texts=found.english)
    if method.own_targets:
        found = replace(found, english=found.texts)
    return found


def watched(spec: CellSpec, context: Context, method: Method | None = None) -> Drawn:
    """A fixed sample of dev pairs of the trained languages, true ones for every method."""
    bitext = context.suite.bitext
    return Drawn.of(bitext, sampled(bitext.rows("dev", trained_on(spec, method), context.texts.fits), DEV_PAIRS))


def all_rows(spec: CellSpec, context: Context) -> pd.DataFrame:
    """All training pairs of the cell's languages, each once, in an order drawn by the seed."""
    return _every(spec, context).frame()


def all_pairs(spec: CellSpec, context: Context, encoder: Encoder) -> tuple[Pairs, pd.DataFrame]:
    """The same tokenised, and their rows of the bitext. All are in memory."""
    return _all(_every(spec, context), context, encoder, None)


def _every(spec: CellSpec, context: Context) -> Drawn:
    bitext = context.suite.bitext
    rows = bitext.rows("train", spec.languages, context.texts.fits)
    # The order that `DataFrame.sample` draws: results that are stored were trained in it.
    return Drawn.of(bitext, rows[np.random.RandomState(spec.seed).choice(len(rows), len(rows), replace=False)])


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


def dev_sample(spec: CellSpec, context: Context, most: int) -> pd.DataFrame:
    """Dev pairs of the trained languages, a fixed sample of at most so many of each; rows of the bitext."""
    bitext = context.suite.bitext
    rows = Drawn.of(bitext, bitext.rows("dev", spec.languages, context.texts.fits)).frame()
    parts = [part.sample(min(most, len(part)), random_state=0) for _, part in rows.groupby("language", sort=True)]
    return pd.concat(parts) if parts else rows


def tokenised(
    pairs: Drawn, context: Context, encoder: Encoder, method: Method | None, places: Mapping[str, int] | None = None
) -> Pairs:
    """Pairs as the encoder reads them, tokenised when they are needed.

    Args:
        places: English side -> its row in the targets; default: the rows of `Texts.english`.
    """
    length = context.key.max_length
    english = Tokenised(pairs.english, encoder, length) if method is not None and "english" in method.needs else None
    if places is None:
        rows = context.texts.rows_of(pairs.english.codes)
    else:
        rows = np.array([places[text] for text in pairs.english])
    return Pairs(Tokenised(pairs.texts, encoder, length), rows, english, sizes=_sizes(pairs.texts, context, encoder))


def _sizes(texts: Column, context: Context, encoder: Encoder) -> np.ndarray:
    """(n,) tokens of texts as the student reads them."""
    cut = min(context.key.max_length, encoder.longest)
    if encoder.name == context.key.student:  # else it is another one than the lengths are kept of
        for side in ("text", "english"):
            if texts.values is context.suite.bitext[side].values:
                return np.minimum(context.student.lengths(side)[texts.codes], cut).astype(np.int64)
    return np.minimum(in_chunks(encoder.lengths, texts), cut).astype(np.int64)


def _all(pairs: Drawn, context: Context, encoder: Encoder, method: Method | None) -> tuple[Pairs, pd.DataFrame]:
    found = tokenised(pairs, context, encoder, method)
    english = None if found.english_texts is None else list(found.english_texts)
    return Pairs(list(found.texts), found.english, english), pairs.frame()


def text_languages(pairs: Drawn, method: Method) -> list[str]:
    """The language of each text that the student reads: English texts with some words replaced count as English."""
    return [ENGLISH] * len(pairs) if method.english_only or method.code_switched else list(pairs.languages)


def language_offsets(means: Mapping[str, Means], space: Space, languages: Sequence[str]) -> Offsets:
    """From the mean that the space subtracts to those of the languages of some texts; none for a language without a mean."""
    known = {language: row for row, language in enumerate(means, 1)}
    tokens = [np.zeros_like(space.token_mean), *(own.tokens - space.token_mean for own in means.values())]
    pooled = [np.zeros_like(space.pooled_mean), *(own.pooled - space.pooled_mean for own in means.values())]
    return Offsets(np.stack(tokens), np.stack(pooled), np.array([known.get(language, 0) for language in languages]))


def training_record(
    languages: Sequence[str], context: Context, pairs: Drawn | pd.DataFrame, table: pd.DataFrame, clock: Clock
) -> dict[str, Any]:
    """What the manifest says of training on pairs of these languages."""
    dev = table["dev_loss"].dropna().tolist() if "dev_loss" in table else []
    said = pairs_record(pairs) if isinstance(pairs, pd.DataFrame) else pairs.record()
    return said | {
        "pairs_left_out": context.texts.left_out(languages),
        "pairs_per_second": round(len(pairs) / max(1e-9, clock.seconds["train"]), 2),
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
