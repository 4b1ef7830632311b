"""Tasks that ir_datasets reads."""

from __future__ import annotations

import contextlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.documents import DocumentStream
from bench.errors import BenchError
from bench.sources.hubs.files import EXTRA
from bench.sources.hubs.task import Judgement, Question

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
        return DocumentStream(lambda: _documents(name), f"ir_datasets {name}", self.count)

    def questions(self, own: str) -> Iterator[Question]:
        """Queries of a language; "" = English."""
        for split, name in self._names(own):
            for number, query in enumerate(_each(name, "queries")):
                if self.limit is not None and number >= self.limit:
                    break
                yield Question(split, query.query_id, query.default_text())

    def judgements(self, own: str) -> Iterator[Judgement]:
        """Judgements of a language; "" = English."""
        for split, name in self._names(own):
            for found in _each(name, "qrels"):
                yield Judgement(split, found.query_id, found.doc_id, int(found.relevance))

    def _names(self, own: str) -> list[tuple[str, str]]:
        chosen = self.splits if own else self.english_splits
        return [(split, name.format(X=own)) for split, name in chosen.items()]


def _documents(name: str) -> Iterator[tuple[str, str]]:
    for document in _each(name, "docs"):
        yield document.doc_id, document.default_text()


def _each(name: str, what: str) -> Iterator[Any]:
    try:
        import ir_datasets
    except ImportError as error:
        raise BenchError(f"{name} needs the package ir_datasets", f"install it: {EXTRA}") from error
    dataset: Any = None
    try:
        dataset = ir_datasets.load(name)
        yield from getattr(dataset, f"{what}_iter")()
    except (OSError, KeyError, ValueError, RuntimeError) as error:  # also those of requests, which are OSErrors
        files = missing_files(dataset) if dataset is not None else []
        raise _missing(name, files or _declared(name), error) from error


def missing_files(dataset: Any) -> list[tuple[str, Path]]:
    """Address and place of the files that documents, queries and judgements need and that are not on disk."""
    found: dict[str, Path] = {}
    for what in ("queries", "qrels", "docs"):
        handler = getattr(dataset, f"{what}_handler", None)
        if handler is not None:
            with contextlib.suppress(Exception):  # of a list of files that itself is not there
                _search(handler(), found, _DEEP, set())
    return [(url, path) for url, path in found.items() if not path.exists()]


def _search(thing: Any, found: dict[str, Path], depth: int, seen: set[int]) -> None:
    from ir_datasets.util.download import Download

    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Download):
        urls = [mirror.url for mirror in thing.mirrors if hasattr(mirror, "url")]
        if thing._cache_path is not None:
            found[urls[0] if urls else "by hand"] = Path(thing._cache_path)
        elif urls and thing.expected_md5:
            from ir_datasets.util import home_path

            found[urls[0]] = Path(home_path()) / "downloads" / thing.expected_md5
        return
    parts = thing if isinstance(thing, list | tuple) else list(getattr(thing, "__dict__", {}).values())
    for part in parts:
        if isinstance(part, list | tuple) or hasattr(part, "__dict__"):
            _search(part, found, depth - 1, seen)


def _declared(name: str) -> list[tuple[str, Path]]:
    """The files of a collection that are needed before its parts are known."""
    from ir_datasets.util import home_path

    top = name.split("/")[0]
    content = json.loads(pkgutil.get_data("ir_datasets", "etc/downloads.json") or b"{}").get(top, {})
    entries = [entry for entry in content.values() if isinstance(entry, dict) and "url" in entry and "cache_path" in entry]
    found = [(entry["url"], Path(home_path()) / top / entry["cache_path"]) for entry in entries]
    return [(url, path) for url, path in found if not path.exists()]


def _missing(name: str, files: list[tuple[str, Path]], error: Exception) -> BenchError:
    reason = str(error).split("\n")[0][:200] or type(error).__name__
    listed = "".join(f"\n  {url}\n    to {path}" for url, path in files[:_SHOWN])
    more = f"\n  and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    hint = "the files are:" + listed + more if files else "see https://ir-datasets.com for how to get it"
    return BenchError(f"cannot read {name} with ir_datasets: {reason}", f"without network here, place them by hand; {hint}")
