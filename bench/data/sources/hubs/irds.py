"""Tasks that ir_datasets reads."""

from __future__ import annotations

import contextlib
import json
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.data.documents import DocumentStream
from bench.data.sources.hubs.files import EXTRA, reason_of
from bench.data.sources.hubs.task import Judgement, Question

Need = tuple[str, str]  # a collection, and `queries`, `qrels` or `docs`
_SHOWN = 12  # missing files that a message lists
_DEEP = 8  # levels of objects that are searched for files


class IrdsTask:
    """One of its collections.

    Args:
        documents: id of the documents; `{X}` stands for a language's own code.
        splits: split -> id of queries and judgements; "" = the data names no split.
        english: the same for the English version of the same questions, if there is one.
        limit: queries of a language and split that are taken, the first ones; None: all.
        count: documents, where known.
    """

    def __init__(self, documents: str, splits: dict[str, str], english: dict[str, str] | None = None,
                 limit: int | None = None, count: int | None = None) -> None:  # fmt: skip
        self.collection, self.splits, self.english_splits = documents, splits, english or {}
        self.limit, self.count = limit, count

    def documents(self, own: str) -> DocumentStream:
        """Documents of a language, or of all."""
        name = self.collection.format(X=own)
        return DocumentStream(lambda: self._documents(name, own), f"ir_datasets {name}", self.count)

    def _documents(self, name: str, own: str) -> Iterator[tuple[str, str]]:
        for document in _each(name, "docs", self._needed(own)):
            yield document.doc_id, document.default_text()

    def questions(self, own: str) -> Iterator[Question]:
        """Queries of a language; "" = English."""
        for split, name in self._names(own):
            for number, query in enumerate(_each(name, "queries", self._needed(own))):
                if self.limit is not None and number >= self.limit:
                    break
                yield Question(split, query.query_id, query.default_text())

    def judgements(self, own: str) -> Iterator[Judgement]:
        """Judgements of a language; "" = English."""
        for split, name in self._names(own):
            for found in _each(name, "qrels", self._needed(own)):
                yield Judgement(split, found.query_id, found.doc_id, int(found.relevance))

    def _names(self, own: str) -> list[tuple[str, str]]:
        chosen = self.splits if own else self.english_splits
        return [(split, name.format(X=own)) for split, name in chosen.items()]

    def _needed(self, own: str) -> list[Need]:
        """Everything that is read of a language: the documents may be those of another collection than the queries."""
        of_queries = [(name, what) for _, name in self._names(own) for what in ("queries", "qrels")]
        return [*of_queries, (self.collection.format(X=own), "docs")]


def _each(name: str, what: str, needed: Sequence[Need]) -> Iterator[Any]:
    try:
        import ir_datasets
    except ImportError as error:
        raise BenchError(f"{name} needs the package ir_datasets", f"install it: {EXTRA}") from error
    try:
        yield from getattr(ir_datasets.load(name), f"{what}_iter")()
    except Exception as error:  # of the library, the network, a damaged file: they share no class
        raise _missing(name, missing_files(needed), error) from error


def missing_files(needed: Sequence[Need]) -> list[tuple[str, Path]]:
    """Address and place of the files that these parts of collections need and that are not on disk."""
    import ir_datasets

    found: dict[Path, str] = {}
    for name, what in needed:
        try:
            dataset = ir_datasets.load(name)
        except Exception:  # the list of its files is itself a file that is not there
            found |= _declared(name)
            continue
        if (handler := getattr(dataset, f"{what}_handler", None)) is not None:
            with contextlib.suppress(Exception):  # as above
                _search(handler(), found, _DEEP, set())
    return [(url, path) for path, url in found.items() if not path.exists()]


def _search(thing: Any, found: dict[Path, str], depth: int, seen: set[int]) -> None:
    from ir_datasets.util.download import Download

    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Download):
        urls = [mirror.url for mirror in thing.mirrors if hasattr(mirror, "url")]
        if thing._cache_path is not None:
            found[Path(thing._cache_path)] = urls[0] if urls else "(not to be downloaded)"
        elif urls and thing.expected_md5:
            from ir_datasets.util import home_path

            found[Path(home_path()) / "downloads" / thing.expected_md5] = urls[0]
        return
    parts = thing if isinstance(thing, list | tuple) else list(getattr(thing, "__dict__", {}).values())
    for part in parts:
        if isinstance(part, list | tuple) or hasattr(part, "__dict__"):
            _search(part, found, depth - 1, seen)


def _declared(name: str) -> dict[Path, str]:
    """The files of a collection that are needed before its parts are known."""
    from ir_datasets.util import home_path

    top = name.split("/")[0]
    content = json.loads(pkgutil.get_data("ir_datasets", "etc/downloads.json") or b"{}").get(top, {})
    entries = [entry for entry in content.values() if isinstance(entry, dict) and "url" in entry and "cache_path" in entry]
    return {Path(home_path()) / top / entry["cache_path"]: entry["url"] for entry in entries}


def _missing(name: str, files: list[tuple[str, Path]], error: Exception) -> BenchError:
    listed = "".join(f"\n  {url}\n    to {path}" for url, path in files[:_SHOWN])
    more = f"\n  and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    hint = f"without network here, place these files by hand:{listed}{more}"
    if not files:
        hint = "no file is missing: is one damaged, or of another version? https://ir-datasets.com says where they come from"
    return BenchError(f"cannot read {name} with ir_datasets: {reason_of(error)}", hint)
