"""S4, declaration (a smoke test), and `strings`, the dev task on interface texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.data.english import ENGLISH
from bench.data.suite.bitext import INTERFACE, Row, Texts
from bench.data.suite.cleaning import Reason, clean_text, key
from bench.data.suite.splits import english_pair_id
from bench.data.suite.tasks.rows import TaskRows

DECLARATION_DISTRACTORS = 500


def declaration_task(texts: Texts, distractors: Sequence[str] = ()) -> TaskRows:
    """A paragraph in X finds the same paragraph in English, among other English texts."""
    task = TaskRows("declaration", parallel=True)
    english = {name: text for name, raw in texts[ENGLISH].items() if (text := _clean(raw))}
    ids = {name: f"d{number:03d}" for number, name in enumerate(english)}
    task.documents = {ids[name]: text for name, text in english.items()}
    for number, text in enumerate(distractors[:DECLARATION_DISTRACTORS]):
        task.documents[f"x{number:04d}"] = text
    for language in sorted(texts):
        queries = []
        for name, left in english.items():
            text = _clean(texts[language].get(name, ""))
            if text and (language == ENGLISH or key(text) != key(left)):
                queries.append((ids[name], text, {ids[name]: 1}))
        task.add_queries("test", language, queries)
    return task


def strings_task(rows: Iterable[Row], distractors: Sequence[str] = ()) -> TaskRows:
    """The dev pairs of the interface sources as queries; documents also hold strings of these sources that nobody trains on."""
    task = TaskRows("strings", parallel=True)
    by_language: dict[str, list[tuple[str, str, dict[str, int]]]] = {}
    held: dict[str, str] = {}
    for pair, language, source, split, english, text in rows:
        if source in INTERFACE and split == "dev":
            held[pair] = english
            by_language.setdefault(language, []).append((pair, text, {pair: 1}))
    others = {english_pair_id(text): text for text in distractors}
    task.documents = dict(sorted({**others, **held}.items()))
    by_language[ENGLISH] = [(pair, text, {pair: 1}) for pair, text in held.items()]
    for language in sorted(by_language):
        task.add_queries("dev", language, by_language[language])
    return task


def _clean(raw: str) -> str:
    text = clean_text(raw)
    return "" if isinstance(text, Reason) else text
