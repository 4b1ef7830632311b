"""The section `data` of a profile: languages and texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from bench.base.errors import BenchError, unknown
from bench.base.settings import Settings
from bench.base.yamlfile import quoted

BUILTIN = "builtin"
TASKS = ("symbols", "faq", "passages", "declaration", "strings")
# Source -> the task that is made from it; the rest give bitext only.
SOURCES = {
    **{"quran": "passages", "scratch": "faq", "cldr": "symbols", "udhr": "declaration"},
    **dict.fromkeys(("kolibri", "django", "home_assistant")),
}


def _joined(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{item!r} is no language" + quoted(item))
    return ",".join(value)


# A name from languages.yaml ("low", "guard") or a list of languages ("sw,am,ha", also as a YAML list).
LanguageList = Annotated[str, BeforeValidator(_joined)]


class BitextEntry(Settings):
    """Bitext on disk: a file, or a folder of files. What is left out is read off the names (docs/your-data.md)."""

    path: str
    language: str | None = None  # any spelling that the languages file knows
    source: str | None = None  # name of the source; the draw of pairs weighs sources by the root of their size
    split: Literal["train", "dev"] | None = None
    english: str | None = None  # Moses: the English side, line by line, of `path`


class TaskEntry(Settings):
    """A retrieval task on disk: a folder, or its files one by one."""

    path: str | None = None
    name: str | None = None  # default: that of the folder
    corpus: Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)] = ()
    queries: dict[str, str] = Field(default_factory=dict)  # language -> file
    # language, `dev`, `test` or `all` -> file
    qrels: Annotated[dict[str, str], BeforeValidator(lambda value: {"all": value} if isinstance(value, str) else value)] = Field(
        default_factory=dict
    )
    parallel: bool | None = None  # an id is the same question in every language; None: seen from the judgements
    # Of TREC topics: what makes the query. `title` is also what a topic without one calls its query or question.
    topic_fields: tuple[Literal["title", "query", "question", "desc", "narr", "summary", "note"], ...] = ("title",)


def _path_entry(value: Any) -> Any:
    if not isinstance(value, str | dict | Settings) and (said := quoted(value)):
        raise ValueError(f"a path or a mapping is needed{said}")
    return {"path": value} if isinstance(value, str) else value


def is_own(data: Mapping[str, Any]) -> bool:
    """Whether a `data` section, checked or as it was stored, is about anything but the built-in suite."""
    return data.get("suite", BUILTIN) != BUILTIN or any(data.get(part) for part in ("bitext", "tasks", "hubs"))


class Data(Settings):
    """Languages and texts: the built-in suite, or data on disk (a folder, lists of files) and of the hubs, together."""

    suite: str = BUILTIN  # or a folder with bitext/ and tasks/
    bitext: tuple[Annotated[BitextEntry, BeforeValidator(_path_entry)], ...] = ()
    tasks: tuple[Annotated[TaskEntry, BeforeValidator(_path_entry)], ...] = ()
    hubs: tuple[str, ...] = ()  # data sets of the hubs, bitext and tasks: [opus-100, belebele]; see `bench data list`
    folder: str | None = None  # copies of what `hubs` names, under bitext/ and tasks/: read in place of the hubs (docs/hubs.md)
    dev_share: Annotated[float | None, Field(ge=0, lt=1)] = None  # of the queries of a task that has one set of them only
    max_pairs: Annotated[int | None, Field(ge=1)] = None  # training pairs of a language that are kept; None: all
    # Documents with the text of another one: each stays (and an unjudged copy of a relevant one counts as not relevant), or
    # they become one document with the judgements of all.
    duplicates: Literal["keep", "merge"] = "keep"
    without: tuple[str, ...] = ()  # sources to leave out, with the tasks made from them
    languages_file: str | None = None  # None: the languages.yaml that comes with the project
    order: LanguageList = "low"  # the experiment's own order; cells of any other carry `~order` in their id
    guard: LanguageList | None = "guard"  # never trained on, always evaluated

    @field_validator("without")
    @classmethod
    def _known_sources(cls, names: tuple[str, ...]) -> tuple[str, ...]:

        for name in names:
            if name not in SOURCES:
                raise unknown("source", name, SOURCES)
        return tuple(sorted(set(names)))

    @property
    def own(self) -> bool:
        """Whether this is somebody's own data; lists of files take the place of the built-in suite."""
        return is_own(dict(self))

    @model_validator(mode="after")
    def _fits(self) -> Data:

        if self.own and self.without:
            raise BenchError(
                f"data.without = {', '.join(self.without)}: these are sources of the built-in suite",
                "of other data, list what is to be used (data.bitext, data.tasks, data.hubs, evaluation.tasks)",
            )
        if self.folder is not None and not self.hubs:
            raise BenchError(
                "data.folder holds copies of data sets of the hubs, and data.hubs names none",
                "name them (data.hubs), or take everything in a folder with data.suite",
            )
        if not self.own and (self.dev_share is not None or self.max_pairs is not None or self.duplicates != "keep"):
            raise BenchError(
                "data.dev_share, data.max_pairs and data.duplicates are for data on disk or of the hubs",
                "the built-in suite has splits of its own",
            )
        return self
