"""Documents that occur twice, copies of relevant ones that nobody judged, and queries that are documents themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.data.sources.local.ids import Ids
from bench.data.sources.local.problems import Problems

if TYPE_CHECKING:
    import numpy as np

UNTRANSLATED = 0.1  # share of a language's queries; names and numbers are the same in many languages


class Asked(NamedTuple):
    """One query with what was judged relevant to it."""

    id: str
    text: str
    relevant: Sequence[str]
    path: Path
    line: int


def tell_copies(documents: Ids, gone: Sequence[int], asked: Sequence[Asked], merged: bool, problems: Problems) -> None:
    """Report texts that several documents have.

    Args:
        documents: all of them.
        gone: numbers of those that are left out as repeats of an id.
        asked: the queries.
        merged: `data.duplicates: merge` makes one document of them.
    """
    import numpy as np  # only here: plans look at files, and read none

    there = np.ones(len(documents), dtype=bool)
    there[list(gone)] = False
    numbers = np.flatnonzero(there)
    texts, ids = documents.texts[numbers], documents.ids[numbers]
    order = np.argsort(texts, kind="stable")
    again = order[1:][texts[order][1:] == texts[order][:-1]]
    if not len(again):
        return
    path, line = documents.place(int(numbers[again.min()]))
    done = "merged into one" if merged else "each is ranked on its own (data.duplicates: merge makes one of them)"
    problems.warning(path, line, "copies", f"{len(again):,} documents have the text of another one (the first is here): {done}")
    if merged:
        return
    groups = _groups(ids, texts, set(texts[again].tolist()))
    of_id = {one: text for text, members in groups.items() for one in members}
    hit = []
    for query in asked:
        judged = set(Ids.hashes(list(query.relevant)).tolist())
        if any(groups[of_id[one]] - judged for one in judged & of_id.keys()):
            hit.append(query)
    if hit:
        what = f"{len(hit):,} queries have a copy of a relevant document that is not judged (query {hit[0].id!r} is the first)"
        why = "which of the two is found decides the score (data.duplicates: merge makes one of them)"
        problems.warning(hit[0].path, hit[0].line, "unjudged copies", f"{what}: {why}")


def tell_own(documents: Ids, asked: Sequence[Asked], problems: Problems) -> None:
    """Report queries that are documents, by id or word for word."""
    ids = _Members(documents.ids)
    texts = _Members(documents.texts)
    out, kept, same = list[Asked](), list[Asked](), list[Asked]()
    for query, own, text in zip(
        asked, Ids.hashes([one.id for one in asked]), Ids.hashes([one.text for one in asked]), strict=True
    ):
        if own in ids:
            (kept if query.id in query.relevant else out).append(query)
        elif text in texts and not _judged(documents, text, query):
            same.append(query)
    for found, kind, what in (
        (out, "queries that are documents", "have the id of a document: left out of their own ranking, as in BEIR and MTEB"),
        (kept, "own document relevant", "have the id of a document that is judged relevant to them: it stays in their ranking"),
        (same, "queries word for word", "are word for word a document that is not judged relevant: they will find it first"),
    ):
        if found:
            first = f"(query {found[0].id!r} is the first)"
            problems.warning(found[0].path, found[0].line, kind, f"{len(found):,} queries {what} {first}")


def tell_repeated_queries(asked: Mapping[str, Sequence[Asked]], problems: Problems) -> None:
    """Report questions that are asked twice in a language: they count twice.

    Args:
        asked: language and split -> queries.
    """
    for queries in asked.values():
        seen: dict[str, Asked] = {}
        again = [one for one in queries if seen.setdefault(" ".join(one.text.split()).casefold(), one) is not one]
        if again:
            other = sum(set(seen[" ".join(one.text.split()).casefold()].relevant) != set(one.relevant) for one in again)
            what = f"{len(again):,} queries repeat the text of another one, {other:,} of them with other relevant documents"
            problems.warning(again[0].path, again[0].line, "repeated queries", f"{what} (the first is here): each counts")


def tell_untranslated(asked: Mapping[str, Sequence[Asked]], english: str, problems: Problems) -> None:
    """Report queries that are word for word the English ones of the same ids: they would score as English does.

    Args:
        asked: language and split -> queries.
        english: code of English.
    """
    for place, queries in asked.items():
        language, _, split = place.partition(" ")
        if language == english:
            continue
        originals = {one.id: one.text for one in asked.get(f"{english} {split}", ())}
        same = [one for one in queries if originals.get(one.id) == one.text]
        if len(same) > UNTRANSLATED * len(queries):
            what = f"{len(same):,} of {len(queries):,} queries of {language} are word for word the English ones"
            problems.warning(same[0].path, same[0].line, "untranslated queries", f"{what} (query {same[0].id!r} is the first)")


def _groups(ids: np.ndarray, texts: np.ndarray, wanted: set[int]) -> dict[int, set[int]]:
    import numpy as np

    found: dict[int, set[int]] = {}
    for one, text in zip(ids[np.isin(texts, list(wanted))].tolist(), texts[np.isin(texts, list(wanted))].tolist(), strict=True):
        found.setdefault(text, set()).add(one)
    return found


def _judged(documents: Ids, text: np.uint64, query: Asked) -> bool:
    own = set(documents.ids[documents.texts == text].tolist())
    return bool(own & set(Ids.hashes(list(query.relevant)).tolist()))


class _Members:
    """Membership in a large array of hashes."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.copy()
        self.values.sort()

    def __contains__(self, value: object) -> bool:
        at = int(self.values.searchsorted(value))  # type: ignore[call-overload]
        return at < len(self.values) and bool(self.values[at] == value)
