"""The bilingual lexicon of a cell: its entries by language, without those that give a query of a task away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.errors import BenchError
from bench.cells.words.cutting import Pieces, key, words
from bench.cells.words.entries import Entries
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.lexicons import lexicon_reader
from bench.data.suite.leakage import TEST, Finder
from bench.experiment.identity import lexicon_key
from bench.experiment.method_specs import method_spec

if TYPE_CHECKING:
    from bench.cells.shared.context import Context
    from bench.experiment.spec import CellSpec


def listed(
    spec: CellSpec, context: Context, name: str, pieces: Pieces, dev: pd.DataFrame
) -> tuple[dict[str, Entries], dict[str, Any]]:
    """The entries of the trained languages, and what the manifest says of them.

    Left out are entries of which a side is a query of a task, in whatever language, or holds a long one (`leakage`): in symbol
    search a query is a single word, and its entry would be its answer.

    Args:
        name: of the lexicon.
        pieces: cuts scripts without spaces between words.
        dev: dev pairs, columns language and text, of whose words is counted how many the lexicon translates.

    Returns:
        Entries by language, for the languages that the lexicon has; `name`, `entries` (phrases by language), `without`
        (languages that fall back to their word table), `left_out` (entries that are queries), `covered` (share of the words of
        dev pairs by language).

    Raises:
        BenchError: the lexicon is another one than when the cell was planned.
    """
    data = Data.model_validate_json(context.key.data)
    languages = Languages.load(Path(context.key.languages_file) if context.key.languages_file else None)
    known = lexicon_key(method_spec(spec.method), data, languages, spec.languages)
    if known.get("lexicon") != spec.model_keys.get("lexicon"):
        raise BenchError(f"the lexicon {name} was changed since the run began", "run again")
    pairs = lexicon_reader(name, data, languages).read(spec.languages, lambda line: None).pairs.frame()
    queries = {text: TEST for task in context.suite.tasks.values() for text in task.texts()}
    finder = Finder.of(queries)
    gone = sorted({*finder.find(pairs["text"].tolist()), *finder.find(pairs["english"].tolist())})
    kept = pairs.drop(index=pairs.index[gone])
    found = {
        str(language): Entries(zip(part["english"], part["text"], strict=True), pieces)
        for language, part in kept.groupby("language", sort=True)
    }
    found = {language: entries for language, entries in found.items() if len(entries)}
    return found, {
        "name": name, "entries": {language: len(entries) for language, entries in found.items()},
        "without": [language for language in spec.languages if language not in found], "left_out": len(gone),
        "covered": {language: _covered(entries, dev[dev["language"] == language], pieces) for language, entries in found.items()},
    }  # fmt: skip


def _covered(entries: Entries, dev: pd.DataFrame, pieces: Pieces) -> float | None:
    texts = [[key(word) for word in words(text, pieces)] for text in dev["text"]]
    count = sum(map(len, texts))
    return round(sum(map(entries.covered, texts)) / count, 4) if count else None
