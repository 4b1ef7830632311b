"""Stored cells as arrays: one arm per method and size of an order, averaged over its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from bench.analysis import resampling
from bench.analysis.questions import Questions, questions, units_of
from bench.analysis.results import MEASURES, Cell, Experiment
from methods.declaration import base_scorer
from methods.facts import facts, holder

FLOOR, CEILING = holder("floor"), holder("ceiling")
SMALLEST_GAP = 0.02  # a ceiling no further than this above the floor leaves nothing to close
TIE = 1e-6  # scores are stored with six decimals or 32 bits


@dataclass(frozen=True)
class Arm:
    """The cells of one method at one size of one order. Size 0: not trained, the same at every size."""

    method: str
    size: int
    cells: tuple[Cell, ...]

    @property
    def done(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.done)

    @property
    def state(self) -> str:
        """`done` when every planned seed is, else the state of the first seed that is not."""
        return next((cell.state for cell in self.cells if not cell.done), "done")

    @property
    def warning(self) -> str:
        """What the collapse check of its cells said, once each."""
        return "; ".join(dict.fromkeys(cell.warning for cell in self.done if cell.warning))

    def mean(self, field: str) -> float:
        """Mean of `seconds` or `pairs_per_second` over the seeds that are done; NaN when none says."""
        values = [value for cell in self.done if not np.isnan(value := getattr(cell, field))]
        return float(np.mean(values)) if values else float("nan")


class Scores:
    """Scores of one order's arms on every place, a place being (scorer, task, language).

    Attributes:
        arms: the first axis of the arrays below.
        places: the second axis: whatever any done cell was asked, with the scorers that the methods beside floor and
            ceiling have. This is the declared set of languages and
            tasks that every arm is held to.
        cells: the done cells; `by_cell` (cells, places, measures) and `queries` (cells, places) are theirs.
        values: (arms, places, measures) means over seeds, NaN where the arm has no score.
        whole: (arms, places) bool: in every seed, every question is answered that any arm was asked.
        way: (places,) nDCG@10 from the floor to the ceiling, NaN where that is `SMALLEST_GAP` or less.
        gap: (arms, places) share of that way that an arm has come.
        asked: per place the questions behind the numbers: one entry, or two where the ceiling has its own.
        query_ids: the ids behind the numbers of questions.
        few: task -> language -> its questions, of those that are too few for the task's means: `at` leaves them out.
        unnamed: task -> (questions, all its questions), of which no cell says what they ask for; tasks without such have none.
    """

    def __init__(self, cells: Sequence[Cell], tasks: Sequence[str] = (), min_questions: int = 0) -> None:
        """Args:
        cells: all planned cells of one order.
        tasks: those to count, () = all that are found.
        min_questions: of a language in a task, to be part of the task's means.
        """
        self.arms = _arms(cells)
        self.cells = [cell for arm in self.arms for cell in arm.done]
        about = shown(arm.method for arm in self.arms)
        found = {
            place
            for cell in self.cells
            for place in _rows(cell.metrics)
            if base_scorer(place[0]) in about and (not tasks or place[1] in tasks)
        }
        self.places = sorted(found)
        self.scorers = tuple(sorted({scorer for scorer, _, _ in found}))
        self.languages = tuple(sorted({language for _, _, language in found}))
        found_tasks = {task for _, task, _ in found}
        self.tasks = tuple(task for task in tasks or sorted(found_tasks) if task in found_tasks)
        self._at = {place: number for number, place in enumerate(self.places)}
        self._arm = {(arm.method, arm.size): number for number, arm in enumerate(self.arms)}
        numbers = iter(range(len(self.cells)))
        self.owned = [[next(numbers) for _ in arm.done] for arm in self.arms]  # numbers of each arm's cells
        self._read_metrics()
        self._read_questions()
        self.few = self._few(min_questions)
        floor, ceiling = self.reference(FLOOR), self.reference(CEILING)
        self.way = np.where(ceiling - floor > SMALLEST_GAP, ceiling - floor, np.nan)
        self.gap = (self.values[:, :, 0] - floor) / self.way

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order of the plan."""
        return tuple(dict.fromkeys(arm.method for arm in self.arms))

    def at(self, scorer: str, task: str, languages: Iterable[str]) -> list[int]:
        """Numbers of the places of these languages; a language without the task, or with too few questions, has none."""
        few = self.few.get(task, {})
        return [self._at[place] for code in languages if (place := (scorer, task, code)) in self._at and code not in few]

    def index(self, method: str, size: int) -> int | None:
        """Number of the arm of a method at a size; an arm of size 0 stands for all sizes."""
        return self._arm.get((method, size), self._arm.get((method, 0)))

    def reference(self, method: str) -> np.ndarray:
        """(places,) nDCG@10 of the floor or the ceiling, NaN where it has no whole score."""
        if (number := self.index(method, 0)) is None:
            return np.full(len(self.places), np.nan)
        return np.where(self.whole[number], self.values[number, :, 0], np.nan)

    def paired(self, place: int, first: int, second: int) -> tuple[Asked, np.ndarray] | None:
        """What two arms (numbers) were both asked at a place, and the (questions,) differences of their nDCG@10.

        Rounding of what is stored is no difference: a thousand of them with one sign would be "significant".
        None if there is a question that one of them has not answered, or if they were asked different ones.
        """
        for asked in self.asked.get(place, ()):
            if first in asked.arms and second in asked.arms:
                scores = asked.means.astype(np.float64)
                difference = scores[:, asked.arms.index(first)] - scores[:, asked.arms.index(second)]
                return None if np.isnan(difference).any() else (asked, np.where(np.abs(difference) <= TIE, 0.0, difference))
        return None

    def answered(self, place: int, number: int) -> bool:
        """Whether an arm has answered any question of a place in all its seeds."""
        own = [one.means[:, one.arms.index(number)] for one in self.asked.get(place, ()) if number in one.arms]
        return any(not np.isnan(means).all() for means in own)

    @cached_property
    def draws(self) -> np.ndarray:
        """(arms, places, resamples) resampled nDCG@10, NaN where not whole; made when asked for: tests of two methods do not."""
        found = np.full((*self.whole.shape, resampling.DRAWS), np.nan, dtype=np.float32)
        weights = lru_cache(maxsize=1)(resampling.weights)  # places with the same ones follow each other
        for place, asked, block, units in self._to_draw:
            drawn = weights(asked.pool, block, units)
            found[list(asked.arms), place] = resampling.resample(asked.means, drawn if block else drawn[:, asked.units]).T
        return found

    def _few(self, least: int) -> dict[str, dict[str, int]]:
        """The questions that languages ask themselves decide; the ceiling's own do where nothing else is."""
        own = [number for number, cell in enumerate(self.cells) if not facts(cell.name.method).asks_english]
        counts = self.queries[own or slice(None)].max(axis=0, initial=0)
        found: dict[str, dict[str, int]] = {}
        for task in self.tasks:
            asked = {language: int(n) for (_, of, language), n in zip(self.places, counts, strict=True) if of == task and n}
            enough = min(least, float(np.median(list(asked.values())))) if asked else 0
            if few := {language: n for language, n in asked.items() if n < enough}:
                found[task] = few
        return found

    def _read_metrics(self) -> None:
        self.by_cell = np.full((len(self.cells), len(self.places), len(MEASURES)), np.nan)
        self.queries = np.zeros((len(self.cells), len(self.places)), dtype=int)
        for number, cell in enumerate(self.cells):
            rows = [(self._at[place], row) for row, place in enumerate(_rows(cell.metrics)) if place in self._at]
            if rows and cell.metrics is not None:
                where, take = map(list, zip(*rows, strict=True))
                self.by_cell[number, where] = cell.metrics[list(MEASURES)].to_numpy()[take]
                self.queries[number, where] = cell.metrics["queries"].to_numpy()[take]
        self.values = np.full((len(self.arms), len(self.places), len(MEASURES)), np.nan)
        for arm, cells in enumerate(self.owned):
            if cells:
                self.values[arm] = self.by_cell[cells].mean(axis=0)

    def _read_questions(self) -> None:
        shape = (len(self.arms), len(self.places))
        self.whole = np.zeros(shape, dtype=bool)
        self._to_draw: list[tuple[int, Asked, str, int]] = []  # place, questions, what seeds the resamples, units to draw
        self.asked: dict[int, list[Asked]] = {}
        self.unnamed: dict[str, tuple[int, int]] = {}
        self.query_ids: tuple[str, ...] = ()
        ceiling = [number for number, cell in enumerate(self.cells) if facts(cell.name.method).asks_english]
        for task, asked in questions(self.cells).items():
            if task not in self.tasks:
                continue
            self.query_ids = asked.queries
            at_ceiling = np.isin(asked.cell, ceiling)
            own, english = asked.rows(~at_ceiling), asked.rows(at_ceiling)
            # In a task that is not parallel the English query has no counterpart among a language's own queries:
            # the ceiling then answers English questions, its own, and is held to those.
            if not len(english.query) or np.isin(english.query, own.query).mean() > 0.5:
                own, english = asked, asked.rows(np.zeros(len(at_ceiling), dtype=bool))
            ids, said = np.unique(own.query), np.unique(own.query[own.unit >= 0])
            if len(said) < len(ids):
                self.unnamed[task] = len(ids) - len(said), len(ids)
            for name, part in ((task, own), (f"{task}, English", english)):
                self._read_part(task, name, part)

    def _read_part(self, task: str, name: str, asked: Questions) -> None:
        """Fill `asked` and `whole` of the arms that are in these questions; `name` seeds their resamples."""
        present = set(asked.cell.tolist())
        arms = [arm for arm, owned in enumerate(self.owned) if present & set(owned)]
        shared = resampling.is_parallel(asked.language, asked.query)
        unit_of = units_of(asked, shared)
        everyone = np.unique(unit_of)
        # Languages whose units are all their own are drawn on their own: another language in the experiment moves no interval.
        is_joint = shared or (asked.unit >= 0).any()
        for code in np.unique(asked.language):
            here = asked.rows(asked.language == code)
            language, (ids, first) = asked.languages[code], np.unique(here.query, return_index=True)
            units = np.searchsorted(everyone, unit_of[asked.language == code][first])
            for number, scorer in enumerate(asked.scorers):
                if (place := self._at.get((scorer, task, language))) is None:
                    continue
                rows = here.rows(here.scorer == number)
                answers = np.full((len(ids), len(self.cells)), np.nan, dtype=np.float32)
                answers[np.searchsorted(ids, rows.query), rows.cell] = rows.score
                means = np.stack([answers[:, self.owned[arm]].mean(axis=1) for arm in arms], axis=1)
                own = Asked(shared, ids, name, units, tuple(arms), means)
                self.asked.setdefault(place, []).append(own)
                self._to_draw.append((place, own, "" if is_joint else language, len(everyone) if is_joint else len(ids)))
                self.whole[arms, place] = ~np.isnan(means).any(axis=0)


def shown(methods: Iterable[str]) -> tuple[str, ...]:
    """Scorers that an experiment with these methods is about: a floor and a ceiling alone ask no question.

    >>> shown(["untrained", "optical"]), shown(["untrained", "optical", "lexical(form=structured)"])
    (('dense', 'late'), ('dense', 'late', 'sparse'))
    """
    known = list(methods)
    others = [method for method in known if facts(method).role not in ("floor", "ceiling")] or known
    return tuple(sorted({scorer for method in others for scorer in facts(method).scorers}))


def scores_of(experiment: Experiment, cells: Sequence[Cell]) -> Scores:
    """`Scores` of cells of this experiment, as they are. Tables, tests and pictures ask for the same ones: worked out once."""
    found, key = experiment.worked_out, tuple(cell.name.id for cell in cells)
    if key not in found:
        found[key] = Scores(cells, experiment.plan.tasks, experiment.plan.min_questions)
    return found[key]


@dataclass(frozen=True)
class Asked:
    """The questions of one place.

    Attributes:
        shared: the task is parallel: an id is the same question in every language.
        ids: (questions,) numbers of the ids, in their order; equal in all places of a task.
        pool: the task, with `, English` where these are the ceiling's own questions; units of two pools have nothing in common.
        units: (questions,) numbers within the pool: questions of one unit, in whatever languages, are no independent evidence.
        arms: numbers of the arms that were asked.
        means: (questions, arms) nDCG@10, mean over an arm's seeds; NaN where a seed has not answered.
    """

    shared: bool
    ids: np.ndarray
    pool: str
    units: np.ndarray
    arms: tuple[int, ...]
    means: np.ndarray


def _arms(cells: Sequence[Cell]) -> list[Arm]:
    grouped: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        grouped.setdefault((cell.name.method, cell.name.size), []).append(cell)
    return [Arm(*key, tuple(group)) for key, group in grouped.items()]


def _rows(metrics: pd.DataFrame | None) -> list[tuple[str, str, str]]:
    """The place of each row of a cell's metrics."""
    if metrics is None:
        return []
    return list(zip(*(metrics[column].tolist() for column in ("scorer", "task", "language")), strict=True))
