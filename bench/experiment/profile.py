"""A profile: one YAML file that fully describes an experiment, from models to hardware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

BUILTIN = "builtin"
TASKS = ("symbols", "faq", "passages", "declaration", "strings")
# Source -> the task that is made from it; the rest give bitext only.
SOURCES = {
    **{"quran": "passages", "scratch": "faq", "cldr": "symbols", "udhr": "declaration"},
    **dict.fromkeys(("kolibri", "django", "home_assistant")),
}


def _joined(value: Any) -> Any:
    return ",".join(str(item) for item in value) if isinstance(value, list | tuple) else value


# A name from languages.yaml ("low", "guard") or a list of languages ("sw,am,ha", also as a YAML list).
LanguageList = Annotated[str, BeforeValidator(_joined)]


class Settings(BaseModel):
    """Base of every section: an unknown key is an error, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Models(Settings):
    """Encoders: `builtin:multilingual-e5-small`, a `transformers` directory, or a hub name."""

    teacher: str = "builtin:multilingual-e5-small"
    student: str = "builtin:multilingual-e5-small"
    # linear: the student reaches the teacher's space through a map fitted in closed form on English, which then stays as it is
    head: Literal["none", "linear"] = "none"


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
    topic_fields: tuple[Literal["title", "desc", "narr"], ...] = ("title",)  # of TREC topics: what makes the query


def _path_entry(value: Any) -> Any:
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
    dev_share: Annotated[float | None, Field(ge=0, lt=1)] = None  # of the queries of a task that has one set of them only
    max_pairs: Annotated[int | None, Field(ge=1)] = None  # training pairs of a language that are kept; None: all
    without: tuple[str, ...] = ()  # sources to leave out, with the tasks made from them
    languages_file: str | None = None  # None: the languages.yaml that comes with the project
    order: LanguageList = "low"  # the experiment's own order; cells of any other carry `~order` in their id
    guard: LanguageList | None = "guard"  # never trained on, always evaluated

    @field_validator("without")
    @classmethod
    def _known_sources(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        from bench.base.errors import unknown

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
        from bench.base.errors import BenchError

        if self.own and self.without:
            raise BenchError(
                f"data.without = {', '.join(self.without)}: these are sources of the built-in suite",
                "of other data, list what is to be used (data.bitext, data.tasks, data.hubs, evaluation.tasks)",
            )
        if not self.own and (self.dev_share is not None or self.max_pairs is not None):
            raise BenchError(
                "data.dev_share and data.max_pairs are for data on disk or of the hubs",
                "the built-in suite has splits of its own",
            )
        return self


class MethodEntry(Settings):
    """A method of the grid, with sizes, seeds or orders of its own where it does not take the grid's.

    A method may have several entries: their cells add up.
    """

    method: str
    sizes: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None
    orders: tuple[LanguageList, ...] | None = None


def _entry(value: Any) -> Any:
    return {"method": value} if isinstance(value, str) else value


class Grid(Settings):
    """Axes of the experiment. `sizes` are numbers of trained languages."""

    methods: tuple[Annotated[MethodEntry, BeforeValidator(_entry)], ...]
    sizes: tuple[Annotated[int, Field(ge=1)], ...]
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    orders: tuple[LanguageList, ...] = ()  # empty: `data.order` alone


class Training(Settings):
    """How every trained method is trained. `method_settings` replaces single values for single methods."""

    pairs: Annotated[int, Field(ge=1)] = (
        6000  # in all, whatever the number of languages (budget: fixed_total)
    )
    budget: Literal["fixed_total", "per_language"] = "fixed_total"
    pairs_per_language: Annotated[int, Field(ge=1)] = 1000  # used with budget: per_language
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.1  # share of the steps
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    clip: Annotated[float, Field(ge=0)] = 1.0  # norm of the gradient; 0 = not clipped
    max_length: Annotated[int, Field(ge=8)] = 128  # tokens, both sides
    freeze_embeddings: bool = False
    freeze_layers: Annotated[int, Field(ge=0)] = 0  # the first n layers

    def total_pairs(self, size: int) -> int:
        """Pairs that a cell of `size` languages sees."""
        return self.pairs if self.budget == "fixed_total" else self.pairs_per_language * size


class Evaluation(Settings):
    """What every cell is evaluated on."""

    tasks: tuple[str, ...] = ("symbols", "faq", "passages")
    # Task -> first n queries of each language, in a fixed order; a task that is not named has all of its own.
    queries_per_language: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    split: Literal["dev", "test"] = "test"  # dev: to choose settings by
    late_mode: Literal["exact", "approximate"] = "exact"
    run_depth: Annotated[int, Field(ge=100)] = 100  # documents ranked a query; R@100 needs 100

    def check_tasks(self, known: Iterable[str]) -> None:
        """Raises `BenchError` if a task is named that is not among `known`."""
        from bench.base.errors import unknown

        known = list(known)
        for name in (*self.tasks, *self.queries_per_language):
            if name not in known:
                raise unknown("task", name, known)


class Retrieval(Settings):
    """How documents are kept and searched. Where they are in memory, only `recall_queries` is read."""

    # memory: all token vectors at once. disk: coded, in shards, for collections of any size. auto: disk above `disk_above`.
    documents: Literal["auto", "memory", "disk"] = "auto"
    disk_above: Annotated[int, Field(ge=1)] = 200_000  # documents of a task
    bits: Literal[4, 8] = 8  # of a dimension of a token vector on disk
    shard: Annotated[int, Field(ge=1)] = 32_768  # documents encoded before anything is kept
    # With late_mode approximate, documents on disk are found by pooled vectors and then ranked by both scorers.
    candidates: Annotated[int, Field(ge=100)] = 2000  # documents a query
    probes: Annotated[int, Field(ge=1)] = 1024  # inverted lists visited for them
    # Queries a task and language that are searched exhaustively too, to say what the approximate search misses.
    recall_queries: Annotated[int | None, Field(ge=0)] = None  # None: 10, fewer where that would take hours

    def deciding(self) -> dict[str, Any]:
        """The values that decide results; none at the defaults, so that keys from before they could be set stay valid."""
        own, default = (one.model_dump(exclude={"shard", "recall_queries"}) for one in (self, Retrieval()))
        return own if own != default else {}


class Space(Settings):
    """The space in which every method is trained and scored; fitted on the teacher's English bitext."""

    centre: bool = True  # subtract the mean vector: raw ones all point the same way
    remove_directions: Annotated[int, Field(ge=0)] = 0  # so many leading directions are taken out as well


class Storing(Settings):
    """What a cell keeps beside its scores; no part of its identity."""

    students: bool = False  # what training changed of the student, for `bench export` (`--keep-students`)


class Hardware(Settings):
    """How a run uses the machine; no part of a cell's identity, except `precision`."""

    workers: Annotated[int, Field(ge=1)] = 1  # cells at the same time
    threads: Annotated[int, Field(ge=0)] = 0  # of each worker; 0 = cores / workers
    precision: Literal["auto", "float32", "bf16"] = "auto"


class Profile(Settings):
    """A whole experiment; results lie under `results/<name>/`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    summary: str = ""
    models: Models = Models()
    data: Data = Data()
    grid: Grid
    # Short name -> method of the grid: what tables, pictures and the command line call it.
    names: dict[str, str] = Field(default_factory=dict)
    training: Training = Training()
    method_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)  # method -> values of `training`
    space: Space = Space()
    evaluation: Evaluation = Evaluation()
    retrieval: Retrieval = Retrieval()
    store: Storing = Storing()
    hardware: Hardware = Hardware()
    # Minutes a cell of a method takes, for `bench plan` until this machine has measured them;
    # `prepare` = what is done once before the cells.
    cost: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_tasks(self) -> Profile:
        if not self.data.own:  # what tasks other data has is seen when its files are (`profile_file.load_profile`)
            self.evaluation.check_tasks(TASKS)
        return self

    def evaluated(self) -> Evaluation:
        """`evaluation` without the tasks whose source is left out."""
        from bench.base.errors import BenchError

        gone = {SOURCES[source] for source in self.data.without}
        tasks = tuple(task for task in self.evaluation.tasks if task not in gone)
        if not tasks:
            raise BenchError(
                f"no task is left without {', '.join(self.data.without)}",
                f"leave out less, or set evaluation.tasks (of {', '.join(TASKS)})",
            )
        limits = {task: n for task, n in self.evaluation.queries_per_language.items() if task in tasks}
        return self.evaluation.model_copy(update={"tasks": tasks, "queries_per_language": limits})

    def orders(self) -> tuple[str, ...]:
        """The language orders of the grid and of single methods: names, or lists of languages."""
        entries = (order for entry in self.grid.methods for order in entry.orders or ())
        return tuple(dict.fromkeys((*self.grid_orders(), *entries)))

    def grid_orders(self) -> tuple[str, ...]:
        """The orders of methods that have none of their own."""
        return self.grid.orders or (self.data.order,)
