"""Statistical word translation of a cell's queries: IBM model 1 of each of its languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.base.errors import BenchError
from bench.cells import pairs as drawing
from bench.cells.translation.listed import listed
from bench.cells.words import ibm1
from bench.cells.words.cutting import Pieces, key, words
from bench.cells.words.entries import Entries
from bench.cells.words.ibm1 import WordTable
from bench.cells.words.lexicon import Lexicon
from bench.retrieval.sparse import WordQuery, plain

if TYPE_CHECKING:
    from bench.cells.clock import Clock
    from bench.cells.shared.context import Context
    from bench.experiment.spec import CellSpec


class WordTranslator:
    """Translates word by word with the lexicon of a text's own language.

    Args:
        lexicons: by language; texts of any other language stay as they are.
        pieces: cuts scripts without spaces between words.
        alternatives, mass: of structured queries, see `Lexicon.term`; without alternatives there are none.
    """

    def __init__(self, lexicons: dict[str, Lexicon], pieces: Pieces, alternatives: int = 0, mass: float = 1.0) -> None:
        self.lexicons, self.pieces, self.alternatives, self.mass = lexicons, pieces, alternatives, mass
        self.trained_on: frozenset[str] | None = frozenset(lexicons)

    def translate(self, texts: list[tuple[str, str]], progress: Any = None) -> list[str]:
        """English for (language, text) pairs; a text without any word stays as it is."""
        found = []
        for language, text in texts:
            lexicon = self.lexicons.get(language)
            found.append((lexicon.translate(words(text, self.pieces)) if lexicon else "") or text)
        if progress:
            progress(1.0)
        return found

    def structured(self, language: str, text: str) -> WordQuery:
        """The text as a structured query: each word stands for its translations, or for itself if none is known."""
        lexicon, own = self.lexicons.get(language), [key(word) for word in words(text, self.pieces)]
        return tuple(lexicon.term(word, self.alternatives, self.mass) for word in own) if lexicon else plain(own)


def make(
    spec: CellSpec, context: Context, params: Any, out_dir: Path, clock: Clock, found: dict[str, Any]
) -> tuple[WordTranslator, pd.DataFrame]:
    """The translator of the cell and the dev pairs on which it is judged; see `bench.cells.translation.run.TRANSLATIONS`."""
    if params.rounds < 1:
        raise BenchError(f"lexical: rounds={params.rounds} trains nothing", "give at least 1")
    if params.alternatives < 1 or not 0 < params.mass <= 1:
        raise BenchError(
            f"lexical: alternatives={params.alternatives}, mass={params.mass} leave no translation of a word",
            "give at least 1 alternative, and a mass above 0, at most 1",
        )
    with clock.phase("prepare"):
        rows = drawing.all_rows(spec, context) if params.pairs == "all" else drawing.training_rows(spec, context)
        dev_rows = drawing.dev_rows(spec, context)
        # The teacher's tokenizer decides nothing here but how scripts without spaces are cut.
        pieces = context.documents.pieces
        entries: dict[str, Entries] = {}
        if params.lexicon:
            entries, found["lexicon"] = listed(spec, context, params.lexicon, pieces, dev_rows)
            if params.lexicon_only:
                rows = rows[~rows["language"].isin(entries)]
    with clock.phase("train"):
        tables, table = train(rows, dev_rows, params.rounds, params.both_ways, pieces)
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    found |= drawing.training_record(spec.languages, context, rows, table, clock)
    found["words"] = {language: len(one.source) for language, one in tables.items()}
    tables = {language: one.table() for language, one in entries.items() if language not in tables} | tables
    lexicons = {language: Lexicon(one, params.prefix, entries.get(language)) for language, one in tables.items()}
    alternatives = params.alternatives if params.form == "structured" else 0
    return WordTranslator(lexicons, pieces, alternatives, params.mass), dev_rows


def train(
    rows: pd.DataFrame, dev: pd.DataFrame, rounds: int, both_ways: bool, pieces: Pieces
) -> tuple[dict[str, WordTable], pd.DataFrame]:
    """A word table of each language of `rows`.

    Args:
        rows: training pairs: columns language, text, english; drawn pairs that repeat count as often.
        dev: dev pairs of which the loss is watched.
        rounds: of expectation maximisation.
        both_ways: give the tables that both directions agree on.
        pieces: cuts scripts without spaces between words.

    Returns:
        The tables by language, and one row a round and two of the dev pairs, in nats an English word given the
        foreign ones, over all languages: `loss` before the round (and after the last), `dev_loss` before the first (a
        uniform table) and after the last.
    """
    tables: dict[str, WordTable] = {}
    losses, sizes, dev_start, dev_end = [], [], [np.zeros(0)], [np.zeros(0)]
    for language, part in rows.groupby("language", sort=True):
        foreign, english = _sentences(part["text"], pieces), _sentences(part["english"], pieces)
        table, values = ibm1.train(foreign, english, rounds)
        tables[str(language)] = ibm1.agreed(table, ibm1.train(english, foreign, rounds)[0]) if both_ways else table
        if values:
            losses.append(values)
            sizes.append(sum(map(len, english)))
        watched = dev[dev["language"] == language]
        after = table.word_losses(_sentences(watched["text"], pieces), _sentences(watched["english"], pieces))
        dev_end.append(after)
        dev_start.append(np.full(len(after), np.log(len(table.target) + 1)))
    record: list[dict[str, float]] = []
    if losses:
        mean = np.average(np.array(losses), axis=0, weights=sizes)
        record = [{"step": step, "loss": value} for step, value in enumerate(mean.tolist())]
    before, after = np.concatenate(dev_start), np.concatenate(dev_end)
    if len(after):
        record = [{"step": 0, "dev_loss": before.mean()}, *record, {"step": rounds, "dev_loss": after.mean()}]
    return tables, pd.DataFrame(record or None, columns=None if record else ["step", "loss"])


def _sentences(texts: pd.Series, pieces: Pieces) -> list[list[str]]:
    return [[key(word) for word in words(text, pieces)] for text in texts]
