"""The commands for who works in Python: an experiment whose results are data frames. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.errors import BenchError
from bench.cli.given import Names, ints, texts, written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bench.analysis.results import Experiment as Stored
    from bench.experiment.plan import Plan

PLACE = ("order", "method", "size", "seed")  # what tells cells apart
SCORES = (*PLACE, "scorer", "task", "language", "queries", "measure", "score")
CELLS = ("cell", *PLACE, "state", "reason", "seconds")
MIXED = ("fact", "value", "cell")
PLANNED = ("cell", *PLACE, "key", "state")


class Experiment:
    """One experiment, by the folder of its results: `Experiment("results/full")`.

    Results are read once, when first asked for; `reload` forgets them. All frames are copies. Scores lie between 0 and 1.
    Languages are FLORES-style codes (`swh_Latn`). A method that is not trained has size 0 and seed 0.
    """

    def __init__(self, name: str | Path = "default", results: str | Path = "results") -> None:
        """Nothing is read yet.

        Args:
            name: path of the folder, or the name of an experiment in `results`. It need not exist before `run`.
            results: folder of experiments, as for `bench --results`.
        """
        from bench.analysis.results import folder_of

        folder = folder_of(str(name), Path(results))
        # A path that does not exist yet is still a path.
        self.path = Path(name) if not folder.is_dir() and Path(name).parent != Path() else folder
        self._stored: Stored | None = None

    def __repr__(self) -> str:
        return f"Experiment({str(self.path)!r})"

    def reload(self) -> Experiment:
        """Forget what was read, as after a `bench run` in another process."""
        self._stored = None
        return self

    @property
    def stored(self) -> Stored:
        """Plan and cells as `bench.analysis.results.load` reads them.

        Raises:
            BenchError: the folder holds no experiment.
        """
        from bench.analysis.results import load

        self._stored = self._stored or load(self.path)
        return self._stored

    def cells(self) -> pd.DataFrame:
        """One row a planned cell, in the order of the plan: CELLS. `state` is done, failed, stale, damaged or missing; seconds
        are those of the whole cell, NaN without a result."""
        import pandas as pd

        rows = [(one.name.id, *_place(one.name), one.state, one.reason, one.seconds) for one in self.stored.cells]
        return pd.DataFrame(rows, columns=list(CELLS))

    def scores(self) -> pd.DataFrame:
        """One row a finished cell, scorer, task, language and measure: SCORES. `queries` is how many questions `score` is the
        mean of. Cells without a result have no rows: `cells` lists them.

        Raises:
            BenchError: the folder holds no experiment, or no finished cell.
        """
        from bench.analysis.results import MEASURES

        wide = self._joined(lambda cell: cell.metrics)
        own = [name for name in SCORES if name not in ("measure", "score")]
        return wide.melt(own, list(MEASURES), "measure", "score")[list(SCORES)]

    def per_query(self) -> pd.DataFrame:
        """One row a finished cell, scorer, task, language and question: `order`, `method`, `size`, `seed`, `scorer`, `task`,
        `language`, `query_id`, one column a measure, `unit` and `characters` of the question (empty and NaN in old results).

        Raises:
            BenchError: the folder holds no experiment, or no finished cell.
        """
        return self._joined(lambda cell: cell.questions)

    def leaderboard(self) -> pd.DataFrame:
        """The rows of leaderboard.csv, unrounded: one an order, scorer, task (and `mean`), group of languages, size and method,
        with `bench.analysis.tables.COLUMNS`. Of a folder that was published without scores of questions: the rows as published.

        Raises:
            BenchError: the folder holds no experiment, or no finished cell.
        """
        import pandas as pd

        from bench.analysis.tables import COLUMNS
        from bench.output.tables.leaderboard import boards_of

        boards, published = boards_of(self.stored), self.path / "leaderboard.csv"
        if boards:
            return pd.concat([table for _, table in boards.values()], ignore_index=True)
        if not (published.is_file() and (self.path / "manifest.json").is_file()):
            raise self._empty()
        return pd.read_csv(published).reindex(columns=list(COLUMNS))

    def figure(self, task: str = "mean", methods: Names = ()) -> Figure:
        """The scaling picture as a matplotlib `Figure`: score against number of languages, of the experiment's own order.

        Args:
            task: one task, or the mean over them.
            methods: those in colour, the others are grey; default: some of each family.

        Raises:
            BenchError: an unknown task or method; the folder holds no experiment, or no finished cell.
        """
        import matplotlib

        from bench.base.errors import unknown
        from bench.output import plots

        table = self.leaderboard()
        table = table[table["order"] == table["order"].iloc[0]]
        for kind, names, column in (("task", (task,), "task"), ("method", texts(methods), "method")):
            for name in names:
                if name not in set(table[column]):
                    raise unknown(kind, name, map(str, set(table[column])))
        with matplotlib.rc_context(plots.STYLE):
            return plots.draw(table, task, texts(methods))

    def mixed(self) -> pd.DataFrame:
        """In what the machines that made the finished cells differ: MIXED, one row a fact (`precision`, `device`, a library),
        value and cell. Empty where all cells were made alike, as in a table whose rows may be held against each other.

        Raises:
            BenchError: the folder holds no experiment.
        """
        import pandas as pd

        mixtures = self.stored.mixtures()
        found = [(one.fact, value, cell) for one in mixtures for value, cells in one.cells.items() for cell in cells]
        return pd.DataFrame(found, columns=list(MIXED))

    def compare(
        self, first: str, second: str, *, sizes: Sequence[int] = (), scorers: Names = (), tasks: Names = (), groups: Names = (),
        over_sizes: bool = False, margin: float | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """`first` minus `second` with verdicts, as `bench compare`: one row an order, scorer, group and size, with
        `bench.analysis.comparison.COLUMNS`. `low` and `high` are the ends of the paired 95 % interval over questions and
        training runs. What was left out, and on what differing machines cells were made, stands in `.attrs["notes"]`, a list
        of sentences.

        Args:
            over_sizes: one row a scorer and group, the mean over sizes.
            margin: of equivalence, in nDCG@10; default: the profile's.

        Raises:
            BenchError: an unknown name or size, the same method twice, or nothing to compare.
        """
        from bench.analysis.comparison import compare, with_notes

        chosen = (ints(sizes), texts(scorers), texts(tasks), texts(groups))
        return with_notes(compare(self.stored, first, second, *chosen, over_sizes, margin))

    def slopes(
        self, first: str, second: str, *, sizes: Sequence[int] = (), scorers: Names = (), tasks: Names = (), groups: Names = (),
        margin: float | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """How two methods grow with the number of languages, as `bench compare --slopes`: one row an order, scorer and group,
        with `bench.analysis.verdicts.slopes.COLUMNS`. A slope is nDCG@10 won when the number of languages doubles. Notes as
        of `compare`.

        Raises:
            BenchError: an unknown name or size, the same method twice, or fewer than two sizes in common.
        """
        from bench.analysis.comparison import compare_slopes, with_notes

        chosen = (ints(sizes), texts(scorers), texts(tasks), texts(groups))
        return with_notes(compare_slopes(self.stored, first, second, *chosen, margin))

    def plan(self, profile: str | Path | None = None, **options: Any) -> pd.DataFrame:
        """The cells that `run` with the same arguments would be about, as `bench plan`: PLANNED, one row a cell.

        Args:
            profile: name of a shipped profile or path of a YAML file; default: the experiment's own profile.yaml.
            **options: `methods`, `sizes`, `seeds`, `order`, `languages`, `without` (a comma list or a sequence), `set` (a mapping
                such as {"training.pairs": 3000}, or texts "training.pairs=3000"), `workers` (int), `keep_students` (bool).

        Raises:
            BenchError: an unknown option or value, or a profile whose experiment is another than this folder.
        """
        import pandas as pd

        from bench.experiment.names import short_names

        made = self._plan(profile, options)
        names = short_names(made.declared)
        rows = [
            (one.id, one.order, names.get(one.method, one.method), one.size, one.seed, one.key, made.states[one.id])
            for one in made.specs
        ]
        return pd.DataFrame(rows, columns=list(PLANNED))

    def run(self, profile: str | Path | None = None, *, retry_failed: bool = True, **options: Any) -> Experiment:
        """Run the cells of `plan` that have no valid result and write the tables, as `bench run`; progress is printed.

        Args:
            profile: as in `plan`.
            **options: as in `plan`.
            retry_failed: also run cells that have failed before.

        Returns:
            This experiment, with the new results.

        Raises:
            BenchError: what `plan` raises; another run holds the folder; or a cell has failed (the others are kept).
            KeyboardInterrupt: it was interrupted; finished cells are kept.
        """
        from rich.console import Console

        from bench.execution import runs

        made = self._plan(profile, options, ask=True)
        status = runs.run(made, Console(), retry_failed=retry_failed)
        self.reload()
        if status == runs.INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            failed = [spec.id for spec in made.specs if made.store.state(spec) == "failed"]
            raise BenchError(
                f"{len(failed)} of {len(made.specs)} cells failed: {', '.join(failed[:5])}",
                f"see error.txt of each in {made.store.cells}; the other cells are kept",
            )
        return self

    def _plan(self, profile: str | Path | None, options: Mapping[str, Any], ask: bool = False) -> Plan:
        from bench.base.errors import unknown
        from bench.experiment.plan import make_plan
        from bench.experiment.selection import Selection

        axes = ("methods", "sizes", "seeds", "order", "languages")
        allowed = (*axes, "without", "set", "workers", "keep_students")
        for name in options:
            if name not in allowed:
                raise unknown("option", name, allowed)
        own = self.path / "profile.yaml"
        if profile is None and not own.is_file():
            raise BenchError(f"{self.path} holds no profile yet", 'name one: .plan("default") or .plan("mine.yaml")')
        changes = options.get("set") or ()
        if isinstance(changes, Mapping):
            changes = [f"{name}={written(value)}" for name, value in changes.items()]
        changes = [changes] if isinstance(changes, str) else list(changes)
        selection = Selection(*(texts(options.get(axis)) for axis in axes))
        made = make_plan(
            str(own if profile is None else profile), self.path.parent, selection, changes,
            texts(options.get("without")), options.get("workers"), bool(options.get("keep_students")), ask,
        )  # fmt: skip
        if made.store.root.resolve() != self.path.resolve():
            raise BenchError(
                f"the profile is of the experiment {made.declared.name!r}, and this is {self.path}",
                f"take Experiment({str(made.store.root)!r}), or set the profile's name: set={{'name': {self.path.name!r}}}",
            )
        return made

    def _joined(self, part: Callable[[Any], pd.DataFrame | None]) -> pd.DataFrame:
        """That part of every finished cell, with PLACE in front."""
        import pandas as pd

        found = []
        for cell in self.stored.cells:
            if cell.done and (frame := part(cell)) is not None:
                own = frame.assign(**dict(zip(PLACE, _place(cell.name), strict=True)))
                lead = [*PLACE, "scorer", "task", "language"]
                found.append(own[[*lead, *(name for name in own.columns if name not in lead)]])
        if not found:
            raise self._empty()
        return pd.concat(found, ignore_index=True)

    def _empty(self) -> BenchError:
        return BenchError(f"{self.path} holds no finished cell", f"run it first: bench run --profile {self.stored.plan.name}")


def _place(name: Any) -> tuple[str, str, int, int]:
    return name.order, name.method, name.size, name.seed
