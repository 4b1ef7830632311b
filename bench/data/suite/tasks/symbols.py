"""S1, symbol search: a native keyword finds the English entry of the symbols that carry it (CLDR)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from bench.data.english import ENGLISH
from bench.data.suite.cleaning import one_line
from bench.data.suite.splits import short_hash, symbol_split
from bench.data.suite.tasks.rows import TaskRows

LIMITS = {"test": 500, "dev": 150}  # queries per language
MAX_SYMBOLS = 10  # a keyword that marks more symbols asks for nothing in particular
SHORT_WORD_SCRIPTS = ("Hans", "Hant", "Hani", "Jpan", "Kore", "Hang")  # one character can be a word
NAME, KEYWORD = 2, 1  # grades


class Entry(Protocol):
    """What CLDR says of a symbol in one language (`sources.cldr.Annotation`)."""

    @property
    def name(self) -> str | None: ...

    @property
    def keywords(self) -> tuple[str, ...]: ...


Annotations = Mapping[str, Mapping[str, Entry]]  # language code -> symbol -> entry


def symbols_task(annotations: Annotations, scripts: Mapping[str, str]) -> TaskRows:
    """Make the task; `scripts` gives the script of each language code.

    Documents are "name: keyword, keyword" in English. A query is a name or keyword of a language's own list;
    it is left out if it equals an English one, has no letter, is shorter than two characters (but in Chinese,
    Japanese and Korean), or marks more than ten symbols. The first relevant symbol decides the split.
    """
    task = TaskRows("symbols", parallel=False)
    english = {symbol: entry for symbol, entry in annotations[ENGLISH].items() if entry.name}
    ids = {symbol: document_id(symbol) for symbol in sorted(english)}
    task.documents = {doc_id: _document(english[symbol]) for symbol, doc_id in ids.items()}
    terms = {_fold(term) for entry in english.values() for term, _ in _terms(entry)}
    for language in sorted(annotations):
        short_words = scripts.get(language) in SHORT_WORD_SCRIPTS
        known = set() if language == ENGLISH else terms
        queries = _queries(language, annotations[language], ids, known, short_words)
        for split in ("dev", "test"):
            task.add_queries(split, language, queries[split], LIMITS[split])
    return task


def document_id(symbol: str) -> str:
    """`s` and the code points in hexadecimal: TREC files take no symbols."""
    return "s" + "-".join(f"{ord(character):x}" for character in symbol)


def _queries(
    language: str,
    entries: Mapping[str, Entry],
    ids: Mapping[str, str],
    known: set[str],
    short_words: bool,
) -> dict[str, list[tuple[str, str, dict[str, int]]]]:
    """Queries of one language by split; `ids` are the documents of the symbols that have one."""
    judged: dict[str, dict[str, int]] = {}
    written: dict[str, str] = {}
    for symbol in sorted(entries):
        if symbol not in ids:
            continue
        for term, grade in _terms(entries[symbol]):
            folded = _fold(term)
            written.setdefault(folded, term)
            grades = judged.setdefault(folded, {})
            grades[symbol] = max(grade, grades.get(symbol, 0))
    queries: dict[str, list[tuple[str, str, dict[str, int]]]] = {"dev": [], "test": []}
    for folded, grades in judged.items():
        too_short = len(folded) < 2 and not short_words
        if too_short or folded in known or len(grades) > MAX_SYMBOLS or not any(map(str.isalpha, folded)):
            continue
        query = ("q" + short_hash(f"{language}\0{folded}"), written[folded])
        documents = {ids[symbol]: grade for symbol, grade in grades.items()}
        queries[symbol_split(min(grades))].append((*query, documents))
    return queries


def _terms(entry: Entry) -> Iterator[tuple[str, int]]:
    if entry.name and (name := one_line(entry.name)):
        yield name, NAME
    for keyword in entry.keywords:
        if text := one_line(keyword):
            yield text, KEYWORD


def _document(entry: Entry) -> str:
    name = one_line(entry.name or "")
    keywords = dict.fromkeys(one_line(keyword) for keyword in entry.keywords)
    rest = [keyword for keyword in keywords if keyword and keyword != name]
    return f"{name}: {', '.join(rest)}" if rest else name


def _fold(term: str) -> str:
    return term.casefold()
