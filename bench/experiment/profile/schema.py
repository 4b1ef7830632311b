"""A profile: one YAML file that fully describes an experiment, from models to hardware.

The sections of single rooms stand there (`bench.data.settings`, `bench.training.settings` ...); those of the grid stand here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bench.base.errors import BenchError, unknown
from bench.base.settings import Settings
from bench.data.settings import SOURCES, TASKS, Data, LanguageList
from bench.encoders.settings import Models, Space
from bench.experiment.profile.comparison import Declared
from bench.retrieval.settings import Retrieval
from bench.training.settings import Training


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


class Evaluation(Settings):
    """What every cell is evaluated on."""

    tasks: tuple[str, ...] = ("symbols", "faq", "passages")
    # Task -> first n queries of each language, in a fixed order; a task that is not named has all of its own.
    queries_per_language: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    # Questions are asked in these alone; None: in all of the order and of the guard. What is trained on does not depend on it.
    languages: LanguageList | None = None
    # Languages with fewer questions in a task are no part of its means, unless half of the task's languages have so few: one
    # question of 18 would weigh more than two of 40. Tables list them. No part of a cell's key: they are asked all the same.
    min_questions: Annotated[int, Field(ge=0)] = 40
    split: Literal["dev", "test"] = "test"  # dev: to choose settings by
    late_mode: Literal["exact", "approximate"] = "exact"
    run_depth: Annotated[int, Field(ge=100)] = 100  # documents ranked a query; R@100 needs 100

    def check_tasks(self, known: Iterable[str]) -> None:
        """Raises `BenchError` if a task is named that is not among `known`."""
        known = list(known)
        for name in (*self.tasks, *self.queries_per_language):
            if name not in known:
                raise unknown("task", name, known)


class Storing(Settings):
    """What a cell keeps beside its scores; no part of its identity."""

    students: bool = False  # what training changed of the student, for `bench export` (`--keep-students`)


class Hardware(Settings):
    """How a run uses the machine; no part of a cell's identity, except `precision`."""

    workers: Annotated[int, Field(ge=1)] = 1  # cells at the same time
    threads: Annotated[int, Field(ge=0)] = 0  # of each worker; 0 = cores / workers
    precision: Literal["auto", "float32", "bf16"] = "auto"
    devices: Annotated[int, Field(ge=1)] = 1  # that train one cell together: GPUs, or processes where there is none
    # Room on disk, 10^9 bytes, for the teacher's states of the English sides of all pairs; where they take more, the teacher
    # runs in every step.
    states_gb: Annotated[float, Field(ge=0)] = 100.0
    checkpoint_minutes: Annotated[float, Field(ge=0)] = 5.0  # a killed training loses at most so many; 0: it begins again
    # Of a cell on a cluster (`--on ray`, `--on slurm`):
    cores: Annotated[int, Field(ge=0)] = 0  # 0: as many as the threads of its devices
    gpus: Annotated[float, Field(ge=0)] = 0  # on Ray also parts of one: 0.5
    memory_gb: Annotated[float, Field(ge=0)] = 0  # 0: none is asked for
    time: Annotated[str, Field(pattern=r"^(\d+-)?\d+:\d\d:\d\d$")] | None = None  # Slurm's --time: "[days-]hours:minutes:seconds"
    prepare_there: bool = False  # what is made once before cells: as a job of the cluster too (its nodes must see this disk)
    partition: str | None = None  # Slurm's --partition
    gres: str | None = None  # Slurm's --gres, in the place of gpus: gpu:a100:2

    @model_validator(mode="after")
    def _one_cell_on_several(self) -> Hardware:
        if self.devices > 1 and self.workers > 1:
            raise ValueError("devices above 1 go with workers: 1: cells at the same time would share them")
        return self


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
    comparison: Declared = Declared()
    store: Storing = Storing()
    hardware: Hardware = Hardware()
    # Minutes a cell of a method takes, for `bench plan` until this machine has measured them;
    # `prepare` = what is done once before the cells.
    cost: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_tasks(self) -> Profile:
        if not self.data.own:  # what tasks other data has is seen when its files are (`profile.file.load_profile`)
            self.evaluation.check_tasks(TASKS)
        return self

    def evaluated(self) -> Evaluation:
        """`evaluation` without the tasks whose source is left out."""
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
