"""What an experiment folder holds: the plan, and every planned cell with its state and scores."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench.analysis.consistency import disagreement
from bench.base.errors import BenchError, did_you_mean
from bench.base.manifest import check_facts
from bench.base.progress import steps
from bench.base.yamlfile import read_mapping
from bench.base.yamltext import parsed
from bench.experiment.mixture import Mixture, facts_of, mixtures
from bench.experiment.packed import METRICS, Packed
from bench.experiment.spec import CORE, CellName

MEASURES = ("ndcg@10", "mrr@10", "recall@100", "success@1")
READING = "reading results"  # phase of progress
PROFILE = "profile.yaml"  # in an experiment's folder: what was meant to run
RANKED_BY = MEASURES[0]
METRIC_COLUMNS = ("task", "scorer", "language", "queries", *MEASURES)
NAMES = dict.fromkeys(("task", "scorer", "language"), str)  # a task may be called 2022, 1e5 or True
QUESTION_COLUMNS = ("task", "scorer", "language", "query_id", *MEASURES)
# What else cells say of a query (`bench.cells.asking.described`); those of earlier versions do not.
ABOUT = {"unit": "", "characters": float("nan")}


@dataclass(frozen=True)
class Plan:
    """What was meant to run, read from the resolved profile. Languages are FLORES-style codes."""

    name: str
    orders: Mapping[str, tuple[str, ...]]  # the experiment's own order, whose cell ids name no order, comes first
    guard: tuple[str, ...]
    core: tuple[str, ...]  # of the own order; other orders take their own first five
    sizes: tuple[int, ...]
    cells: tuple[CellName, ...]
    tasks: tuple[str, ...] = ()  # () = every task found in the cells
    profile: Mapping[str, Any] = field(default_factory=dict)
    min_questions: int = 0  # of a language in a task, to count in its means; experiments from before it could be set: all do
    asked: tuple[str, ...] | None = None  # the only languages that questions are asked in; None: all
    names: Mapping[str, str] = field(default_factory=dict)  # short name, as in `cells` -> the method that it stands for

    @property
    def keys(self) -> Mapping[str, str]:
        """Cell id -> the key that its result must have."""
        return (self.profile.get("resolved") or {}).get("keys") or {}

    def sizes_of(self, order: str) -> tuple[int, ...]:
        """Sizes at which an order was planned to be trained: those of another order are none of its own.

        Where nothing is trained, floor and ceiling are shown at all sizes that the order is long enough for, or at its length.
        """
        own = {cell.size for cell in self.cells if cell.size and cell.order == order}
        length = len(self.orders[order])
        return tuple(sorted(own)) or tuple(size for size in self.sizes if size <= length) or (length,)

    def core_of(self, order: str) -> tuple[str, ...]:
        """The first languages of an order, as many of them as every size trains on."""
        core = self.core if self.core and order == next(iter(self.orders)) else self.orders[order][:CORE]
        return core[: min(self.sizes_of(order), default=CORE)]

    def group(self, name: str, order: str, size: int) -> tuple[str, ...]:
        """The declared languages of a group (`trained`, `core`, `held-out`, `guard`, `all`) at one size that are asked."""
        languages = self.orders[order]
        found = {
            "trained": languages[:size],
            "core": self.core_of(order),
            "held-out": languages[size:],
            "guard": tuple(code for code in self.guard if code not in languages),
            "all": languages,
        }[name]
        return found if self.asked is None else tuple(code for code in found if code in self.asked)


@dataclass(frozen=True)
class Cell:
    """A planned cell and what is stored of it. `state`: done, failed, stale, damaged or missing."""

    name: CellName
    state: str
    reason: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    metrics: pd.DataFrame | None = None
    questions: pd.DataFrame | None = None  # one row a query: QUESTION_COLUMNS, and those of ABOUT

    @property
    def done(self) -> bool:
        return self.state == "done"

    @property
    def seconds(self) -> float:
        """Wall seconds of the whole cell; NaN when the manifest does not say."""
        phases = self.manifest.get("seconds") or {}
        return float(phases.get("total", sum(phases.values()) if phases else "nan"))

    @property
    def pairs_per_second(self) -> float:
        return float(self.manifest.get("pairs_per_second") or "nan")

    @property
    def warning(self) -> str:
        """What the collapse check said; empty when it had nothing to say."""
        collapse = self.manifest.get("collapse") or {}
        found = collapse.get("warning") if isinstance(collapse, Mapping) else collapse
        return "collapse check failed" if found is True else str(found or "")


@dataclass(frozen=True)
class Experiment:
    path: Path
    plan: Plan
    cells: tuple[Cell, ...]  # in the order of the plan
    unplanned: tuple[str, ...] = ()  # ids of stored cells that the plan does not name
    worked_out: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, compare=False, repr=False)  # of arms.py

    def mixtures(self, methods: Collection[str] = ()) -> list[Mixture]:
        """In which facts of hardware and software the finished cells differ; of some methods, or of all."""
        done = [cell for cell in self.cells if cell.done and (not methods or cell.name.method in methods)]
        return mixtures((cell.name.id, facts_of(cell.manifest)) for cell in done)


def folder_of(name: str, results: Path) -> Path:
    """The folder of an experiment, called by its name, its profile's file or its own path."""
    stem = name
    if name.endswith((".yaml", ".yml")):  # what the file says, as for `bench run`
        file = Path(name)
        stem = str(read_mapping(file, "profile").get("name") or file.stem) if file.is_file() else file.stem
    return results / stem if (results / stem).is_dir() or not Path(name).is_dir() else Path(name)


def load(folder: Path) -> Experiment:
    """Read `folder`, the results of one experiment or what `bench publish` made of them. Raises `BenchError` without a plan."""
    plan = read_plan(folder)
    if Packed.there(folder):
        packed = Packed(folder)
        found = tuple(read_packed(name, packed, plan.keys.get(name.id)) for name in steps(READING, plan.cells))
        return Experiment(folder, plan, found, tuple(sorted(set(packed.cells) - {name.id for name in plan.cells})))
    stored = {_stored_id(path): path for path in sorted((folder / "cells").glob("[!.]*")) if path.is_dir()}
    cells = tuple(read_cell(name, stored.get(name.id), plan.keys.get(name.id)) for name in steps(READING, plan.cells))
    return Experiment(folder, plan, cells, tuple(sorted(set(stored) - {name.id for name in plan.cells})))


def no_experiment(folder: Path) -> BenchError:
    """For a folder without cells; names the experiments beside it that are called almost so."""
    if Packed.there(folder):
        return BenchError(
            f"{folder} is a published folder: it has scores and tables, but no student and no cell of its own",
            f"bench restore {folder} puts its cells back; students have to be trained again (bench run)",
        )
    beside = [path.parent.name for path in folder.parent.glob(f"*/{PROFILE}")]
    return BenchError(
        f"{folder} holds no experiment{did_you_mean(folder.name, beside)}",
        f"there is no {PROFILE} in it: give the folder that `bench run` wrote (results/<experiment>), or run the profile first",
    )


def read_plan(folder: Path) -> Plan:
    path = folder / PROFILE
    if not path.is_file():
        raise no_experiment(folder)
    try:
        profile = parsed(path.read_text(encoding="utf-8"))
        resolved = profile["resolved"]
        orders = {name: _codes(codes) for name, codes in resolved["orders"].items()}
        first = next(iter(orders))
        if not isinstance(resolved.get("keys") or {}, dict):
            raise TypeError("resolved.keys is no mapping")
        ids = [cell if isinstance(cell, str) else cell["id"] for cell in resolved["cells"]]
        cells = tuple(CellName.parse(cell_id, first) for cell_id in dict.fromkeys(ids))
        methods = {cell.method for cell in cells}
        # A short name that a cell has as its own, such as one of an earlier run, stays with that cell.
        names = resolved.get("names") or {}
        names = {method: name for method, name in names.items() if method in methods and name not in methods}
        cells = tuple(replace(cell, method=names.get(cell.method, cell.method)) for cell in cells)
        evaluation = profile.get("evaluation") or {}
        # Without a trained method there are no sizes; floor and ceiling are then shown at the grid's own.
        sizes = {cell.size for cell in cells if cell.size} or set((profile.get("grid") or {}).get("sizes") or ())
        return Plan(
            name=str(profile.get("name") or folder.resolve().name), orders=orders,
            guard=_codes(resolved.get("guard") or ()), core=_codes(resolved.get("core") or ()),
            sizes=tuple(sorted(map(int, sizes))), cells=cells, profile=profile,
            tasks=tuple(resolved.get("tasks") or evaluation.get("tasks") or ()),
            asked=_codes(resolved["asked"]) if resolved.get("asked") else None,
            names={name: method for method, name in names.items()}, min_questions=int(evaluation.get("min_questions") or 0),
        )  # fmt: skip
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, StopIteration, ValueError, OSError) as error:
        raise BenchError(
            f"{path} is not a resolved profile: {type(error).__name__}: {error}",
            "`bench run` writes it with a `resolved:` part; run the profile again to restore it",
        ) from error


def _codes(given: Any) -> tuple[str, ...]:
    """Language codes of a list. Raises `TypeError` for anything else."""
    if not isinstance(given, list | tuple) or not all(isinstance(code, str) for code in given):
        raise TypeError(f"{given!r:.60} is no list of languages")
    return tuple(given)


def read_cell(name: CellName, folder: Path | None, key: str | None = None) -> Cell:
    """One cell from its folder; whatever is wrong with the files becomes its state and reason."""
    if folder is None:
        return Cell(name, "missing")
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        if (folder / "error.txt").is_file():
            return Cell(name, "failed", _last_line(folder / "error.txt"))
        return Cell(name, "missing", "its folder holds no manifest")
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        if manifest.get("status", "done") != "done":
            return Cell(name, "failed", _last_line(folder / "error.txt"))
        metrics, asked = partial(pd.read_csv, folder / "metrics.csv"), partial(pd.read_parquet, folder / "per_query.parquet")
        return _done(name, manifest, key, metrics, asked)
    except (OSError, ValueError, KeyError, AttributeError, RecursionError) as error:
        return _damaged(name, error)


def read_packed(name: CellName, packed: Packed, key: str | None = None) -> Cell:
    """One cell of a published folder; those without a result are not in it."""
    manifest = packed.cells.get(name.id)
    if manifest is None:
        return Cell(name, "missing")
    try:
        if manifest.get("status") != "done":
            raise ValueError(f"{manifest.get('status')!r} is no status of a published cell")
        metrics = io.StringIO(packed.files(name.id).get(METRICS, ""))
        return _done(name, manifest, key, partial(pd.read_csv, metrics), partial(packed.questions, name.id))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        return _damaged(name, error)


def _done(
    name: CellName, manifest: dict[str, Any], key: str | None, read_metrics: Callable[..., pd.DataFrame],
    read_questions: Callable[[], pd.DataFrame],
) -> Cell:  # fmt: skip
    """A cell whose run has ended, unless its scores are not what they say; errors of reading are the caller's."""
    check_facts(manifest)
    if key and manifest.get("key") != key:
        return Cell(name, "stale", "its settings, method or data changed since it ran", manifest)
    metrics = _columns(read_metrics(keep_default_na=False, dtype=NAMES), METRIC_COLUMNS)
    asked = read_questions()
    questions = _columns(asked, QUESTION_COLUMNS).assign(**{name: asked.get(name, empty) for name, empty in ABOUT.items()})
    if difference := disagreement(metrics, questions):
        return Cell(name, "damaged", difference, manifest)
    return Cell(name, "done", "", manifest, metrics, questions)


def _damaged(name: CellName, error: Exception) -> Cell:
    return Cell(name, "damaged", f"{type(error).__name__}: {error}".splitlines()[0])


def _columns(frame: pd.DataFrame, wanted: tuple[str, ...]) -> pd.DataFrame:
    if absent := [column for column in wanted if column not in frame.columns]:
        raise ValueError(f"no column {', '.join(absent)}")
    frame = frame[list(wanted)]
    if any(frame.dtypes[measure] != "float64" for measure in MEASURES):
        frame = frame.astype(dict.fromkeys(MEASURES, float))
    scores = frame[list(MEASURES)].to_numpy()
    if not ((scores >= 0) & (scores <= 1)).all():  # false for NaN too
        raise ValueError("scores outside 0 to 1")
    return frame


def _stored_id(folder: Path) -> str:
    """The id that the files state; a folder name may be a cleaned form of it."""
    for name in ("manifest.json", "spec.json"):
        try:
            stated = json.loads((folder / name).read_text(encoding="utf-8")).get("id")
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
        if stated and isinstance(stated, str):
            return stated
    return folder.name


def _last_line(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
    return text.rpartition("\n")[2].strip() or "failed without a message"
