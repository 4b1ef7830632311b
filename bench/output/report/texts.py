"""Texts of queries and documents, from the suite in the cache: those that may be passed on, cut to a length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from bench.analysis.results import Experiment
from bench.base.errors import BenchError
from bench.base.jsonfile import read_json
from bench.base.paths import cache_dir
from bench.data.english import ENGLISH
from bench.data.settings import SOURCES, TASKS, is_own
from bench.data.sources.hubs.catalogue import HUB_DATA, HubData
from bench.data.sources.packages.catalogue import PACKAGES
from bench.data.suite.bitext import INTERFACE
from bench.data.suite.keys import SOURCE_PACKAGES
from bench.data.suite.types import Suite
from bench.experiment.packed import Packed
from bench.experiment.store import folder_name

Which = Literal["shareable", "all", "none"]
WHICH: tuple[Which, ...] = ("shareable", "all", "none")
QUERY, DOCUMENT = 200, 260  # characters
NO_SUITE = (
    "The suite that these results were made with is not in the cache of the machine that wrote this page, so it has no texts "
    "and no judgements, only the ids. `bench data build` with the same profile makes the suite."
)


@dataclass(frozen=True)
class Texts:
    """Texts of the tasks of one view.

    Attributes:
        split: of the queries.
        suites: those that the cells searched.
        hidden: tasks whose texts stay out, with the reason.
        note: why there is no text at all; empty if there are some.
    """

    split: str = "test"
    suites: tuple[Suite, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def query(self, task: str, language: str, query: str) -> str:
        """Empty where it is not known or not to be shown."""
        return "" if task in self.hidden else cut(self._queries(task, language).get(query, ""), QUERY)

    def english(self, task: str, query: str) -> str:
        """The same question in English, of a parallel task."""
        parallel = any(task in suite.tasks and suite.tasks[task].parallel for suite in self.suites)
        return self.query(task, ENGLISH, query) if parallel else ""

    def document(self, task: str, document: str) -> str:
        """Empty where it is not known or not to be shown."""
        return "" if task in self.hidden else cut(self._documents(task).get(document, ""), DOCUMENT)

    def judged(self, task: str, language: str, query: str) -> dict[str, int]:
        """Relevant documents of a query with their grades, best first; judgements are shown of every task."""
        found = self._qrels(task, language).get(query, {})
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def whole_query(self, task: str, language: str, query: str) -> str:
        """As it was asked, to look up its translation."""
        return self._queries(task, language).get(query, "")

    @cache  # noqa: B019 - lives as long as the page is made
    def _queries(self, task: str, language: str) -> dict[str, str]:
        for suite in self.suites:
            if task in suite.tasks and language in suite.tasks[task].languages(self.split):
                frame = suite.tasks[task].queries(self.split, language)
                return dict(zip(frame["query_id"], frame["text"], strict=True))
        return {}

    @cache  # noqa: B019
    def _documents(self, task: str) -> dict[str, str]:
        for suite in self.suites:
            if task in suite.tasks:
                frame = suite.tasks[task].documents
                return dict(zip(frame["doc_id"], frame["text"], strict=True))
        return {}

    @cache  # noqa: B019
    def _qrels(self, task: str, language: str) -> dict[str, dict[str, int]]:
        for suite in self.suites:
            if task in suite.tasks and language in suite.tasks[task].languages(self.split):
                return suite.tasks[task].qrels(self.split, language)
        return {}

    def __hash__(self) -> int:
        return id(self)


def load(experiment: Experiment, order: str, which: Which = "shareable") -> Texts:
    """The texts behind the cells of one order, of the very suite that they were made with.

    The suite is not built anew: where the cache does not hold it, `note` says so.
    """
    evaluation = experiment.plan.profile.get("evaluation") or {}
    split = str(evaluation.get("split") or "test")
    own, hubs = own_data(experiment), data_sets(experiment)
    why = {task: _of_hub(hubs[task]) if task in hubs else reserved(task, own) for task in experiment.plan.tasks}
    hidden = {task: reason for task, reason in why.items() if reason and which != "all"}
    if which == "none":
        return Texts(split, (), {}, "This page was written without texts and judgements (--texts none).")
    suites = []
    for key in _suite_keys(experiment, order):
        try:
            suites.append(Suite.load(cache_dir() / "suite" / key))
        except BenchError:
            continue
    if not suites:
        return Texts(split, (), hidden, NO_SUITE)
    return Texts(split, tuple(suites), hidden)


def _suite_keys(experiment: Experiment, order: str) -> list[str]:
    """Keys of the suites that the cells of an order were made with, each once."""
    done = [cell.name.id for cell in experiment.cells if cell.done and cell.name.order == order]
    if Packed.there(experiment.path):
        listed = Packed(experiment.path).manifest.get("suites")
        keys = [listed.get(cell) for cell in done] if isinstance(listed, dict) else []
    else:
        keys = [read_json(experiment.path / "cells" / folder_name(cell) / "spec.json").get("data_key") for cell in done]
    return [key for key in dict.fromkeys(keys) if isinstance(key, str) and key == Path(key).name]  # no path of somebody's


def data_sets(experiment: Experiment) -> dict[str, HubData]:
    """Data sets of the hubs that the experiment's profile names, by name."""
    named = [str(text).partition("@")[0] for text in (experiment.plan.profile.get("data") or {}).get("hubs") or ()]
    return {name: HUB_DATA[name] for name in named if name in HUB_DATA}


def _of_hub(one: HubData) -> str:
    return f"its licence ({one.licence}) has terms that are yours to follow"


def own_data(experiment: Experiment) -> bool:
    """Whether its data was somebody's own, not the built-in suite."""
    return is_own(experiment.plan.profile.get("data") or {})


def reserved(task: str, own: bool = False) -> str:
    """Why the texts of a task may not be passed on; empty if they may. `own`: of somebody's own data, whatever its name."""
    sources = [source for source, of in SOURCES.items() if of == task] or (list(INTERFACE) if task in TASKS else [])
    if own or not sources:
        return "its licence is not known here"
    closed = [PACKAGES[name] for source in sources for name in SOURCE_PACKAGES[source] if not PACKAGES[name].shareable]
    return f"texts of {' and '.join(package.name for package in closed)} must not be redistributed" if closed else ""


def cut(text: str, length: int) -> str:
    """At most `length` characters, cut at a space if there is one near the end.

    >>> cut("one two three", 9)
    'one two …'
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    head = text[: length - 1]
    space = head.rfind(" ")
    return f"{head[:space] if space > 0.6 * length else head} …"


def shareable_sources(which: Which, tasks: Sequence[str]) -> dict[str, str]:
    """Source -> whether the page holds texts of it, for the table of licences."""
    return {
        source: "none" if which == "none" or task not in tasks else "left out" if reserved(task) and which != "all" else "some"
        for source, task in SOURCES.items() if task
    } | {source: "none" for source, task in SOURCES.items() if not task}  # fmt: skip
