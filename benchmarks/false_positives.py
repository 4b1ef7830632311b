"""How often is a difference called real where there is none? Made-up experiments with the noise of the reference run.

`python -m benchmarks.false_positives` writes false_positives.csv and false_positives.md (`--out`), in a few minutes on one core,
always the same. Methods are equal on the population of questions and of training runs; scores of run s of an arm on
question q in language l are

    question_q + question_ql + run_s + run_sl + rest_sq + rest_sql

with standard deviations that give back the spread over seeds and the intervals over questions of the reference run
(docs/statistics.md). Most questions are answered alike by two methods: `moving` is the share that are not. The verdict is
that of `bench compare` (`bench.analysis.verdicts`); `before` is the test that it replaces, the sign-flip test over questions of
scores that are averaged over seeds. A scenario's error is that of counting: with 1,000 experiments .05 comes out as .036 to .064.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from bench.analysis.arms import Arm, Asked, Scores
from bench.analysis.results import Cell, CellName
from bench.analysis.statistics import LEVEL, sign_flip, units
from bench.analysis.verdicts.decide import POWER
from bench.analysis.verdicts.evidence import Term, estimate, weights_of
from bench.base.markdown import table

FLIPS = 499
ARMS = 6  # with the tested pair
SEED = 20245


@dataclass(frozen=True)
class Task:
    """Questions and noise of one task; all standard deviations are of one arm's nDCG@10.

    Attributes:
        languages: in how many it is asked.
        questions: a language.
        entries: of a task that is not parallel: what its questions ask for; None: parallel.
        documents: of a parallel task: how many its questions ask for, one or two each; None: each for one of its own.
        question, language: of a question in all languages, and in one of them.
        document: of all questions on a document, in all languages.
        run, run_language: of a training run in all languages, and in one of them.
        rest, rest_language: of a run on a question.
        moving: share of questions that are not answered alike.
    """

    languages: int
    questions: int
    entries: int | None = None
    documents: int | None = None
    question: float = 0.023
    language: float = 0.08
    run: float = 0.003
    run_language: float = 0.005
    rest: float = 0.01
    rest_language: float = 0.04
    moving: float = 0.3
    document: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """One kind of experiment: its tasks, seeds of the tested pair and of the other arms, sizes, and how runs differ.

    `uneven`: the training noise of each arm is its own, from a scaled inverse chi-square distribution with 4 degrees of freedom.
    `apart`: each question counts by itself, also where several ask for one document, as with cells that do not name documents.
    """

    name: str
    tasks: tuple[Task, ...]
    seeds: int
    other_seeds: int
    sizes: int = 1
    uneven: bool = False
    apart: bool = False
    arms: int = ARMS


@dataclass
class MadeUp(Scores):
    """What `estimate` reads of scores: arms 0 and 1 of each size are the tested pair."""

    scenario: Scenario
    random: np.random.Generator
    terms: list[Term] = field(default_factory=list)

    def __post_init__(self) -> None:
        one = self.scenario
        self.arms, self.cells, self.owned, self.places = [], [], [], []
        for size in range(1, one.sizes + 1):
            for arm in range(one.arms):
                seeds = one.seeds if arm < 2 else one.other_seeds
                cells = tuple(Cell(CellName(f"a{arm}@{size}#{s}", f"a{arm}", size, s, "low"), "done") for s in range(seeds))
                self.owned.append(list(range(len(self.cells), len(self.cells) + seeds)))
                self.arms.append(Arm(f"a{arm}", size, cells))
                self.cells += cells
        self.places = [("dense", f"t{t}", f"l{n}") for t, task in enumerate(one.tasks) for n in range(task.languages)]
        at = np.cumsum([0, *(task.languages for task in one.tasks)])
        listed = [list(range(start, stop)) for start, stop in zip(at, at[1:], strict=False)]
        for size in range(one.sizes):
            places, weights = weights_of(listed, 1 / one.sizes)
            self.terms.append(Term((size * one.arms, size * one.arms + 1), (1.0, -1.0), places, weights[:, None]))
        self.draw()

    def draw(self) -> None:
        """Fill in the scores of one experiment."""
        one, random = self.scenario, self.random
        self.by_cell = np.full((len(self.cells), len(self.places), 1), np.nan)
        self.asked = {}
        noise = np.sqrt(4 / random.chisquare(4, len(self.arms)) / 2) if one.uneven else np.ones(len(self.arms))
        first = 0
        for number, task in enumerate(one.tasks):
            places = slice(first, first + task.languages)
            entry = _entries(task, random)
            # The pair's questions have effects of their own, the same at every size; other arms are needed by their means alone.
            unit = entry if task.documents is None else _documents(task, random)[entry]
            own = np.stack([_question_effects(task, entry, unit, random) for _ in range(2)])
            means = np.zeros((len(self.arms), task.languages, task.questions), dtype=np.float32)
            moving, spread = own[0] != 0, np.sqrt((task.rest**2 + task.rest_language**2) / task.questions)
            for arm, cells in enumerate(self.owned):
                runs = noise[arm] * (
                    task.run * random.standard_normal((len(cells), 1))
                    + task.run_language * random.standard_normal((len(cells), task.languages))
                )
                if arm % one.arms < 2:
                    answers = own[arm % one.arms] + _rest(task, len(cells), entry, random) * moving
                    means[arm] = answers + runs.mean(axis=0)[:, None]
                    # Of normal noise, means over runs and deviations of the means of runs are independent: no need to draw all.
                    other = spread * random.standard_normal(runs.shape)
                    self.by_cell[cells, places, 0] = answers.mean(axis=1) + runs + other - other.mean(axis=0)
                else:
                    self.by_cell[cells, places, 0] = runs + spread * random.standard_normal(runs.shape)
            pair = tuple(arm for arm in range(len(self.arms)) if arm % one.arms < 2)
            for language in range(task.languages):
                own_unit = (entry if one.apart else unit)[language]
                asked = Asked(task.entries is None, np.arange(task.questions), f"t{number}", own_unit, pair,
                              means[list(pair), language].T)  # fmt: skip
                self.asked[first + language] = [asked]
            first += task.languages
        self.values = np.stack([self.by_cell[cells].mean(axis=0) for cells in self.owned])

    def before(self) -> float:
        """p-value of the test that questions alone decide: every question of a task that is not parallel is a unit."""
        labels, effects = [], []
        for term in self.terms:
            for place, weight in zip(term.places, term.weights[:, 0], strict=True):
                [asked] = self.asked[int(place)]
                at = [asked.arms.index(arm) for arm in term.arms]
                block = 0 if asked.shared else int(place) + 1
                difference = (asked.means[:, at[0]] - asked.means[:, at[1]]).astype(np.float64)
                task = np.full(len(difference), int(asked.pool[1:]))
                labels.append(np.stack([task, np.full_like(task, block), asked.ids], axis=1))
                effects.append(difference * weight / len(difference))
        summed = units(np.concatenate(labels), np.concatenate(effects))
        return sign_flip(summed, FLIPS, int(self.random.integers(1 << 31))).two_sided


def _entries(task: Task, random: np.random.Generator) -> np.ndarray:
    """(languages, questions) what each question asks for."""
    if task.entries is None:
        return np.tile(np.arange(task.questions), (task.languages, 1))
    return np.stack([random.choice(task.entries, task.questions, replace=False) for _ in range(task.languages)])


def _documents(task: Task, random: np.random.Generator) -> np.ndarray:
    """(questions,) which document each question of a parallel task asks for: one question on each, a second on some."""
    count = task.documents or task.questions
    return np.concatenate([np.arange(count), random.choice(count, task.questions - count, replace=False)])


def _question_effects(task: Task, entry: np.ndarray, unit: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(languages, questions), 0 where a question is answered alike; heavy tails, as scores of ranks have them."""
    joint = task.question * random.standard_normal(entry.max() + 1)[entry]
    alone = task.language * random.laplace(scale=np.sqrt(0.5), size=entry.shape)
    if task.document:  # scaled so that two moving questions on a document have the covariance `document ** 2` in the mean
        joint = joint + task.document / np.sqrt(task.moving) * random.standard_normal(unit.max() + 1)[unit]
    return (joint + alone) / np.sqrt(task.moving) * (np.random.default_rng(entry.sum()).random(entry.shape) < task.moving)


def _rest(task: Task, runs: int, entry: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(languages, questions) mean over runs of what is left."""
    joint = task.rest * random.standard_normal(entry.max() + 1)[entry]
    return (joint + task.rest_language * random.standard_normal(entry.shape)) / np.sqrt(task.moving * runs)


def rates(scenario: Scenario, experiments: int) -> dict[str, Any]:
    """One row of the table."""
    made = MadeUp(scenario, np.random.default_rng([SEED, abs(hash_of(scenario.name))]))
    now, before, covered, smallest, se = [], [], [], [], []
    for _ in range(experiments):
        made.draw()
        found, _ = estimate(made, made.terms)
        low, high = found.interval()
        now.append(float(found.p_values()[0][0]) <= LEVEL)
        before.append(made.before() <= LEVEL)
        covered.append(bool(low[0] <= 0 <= high[0]))
        smallest.append(float(found.smallest()[0]))
        se.append(float(found.value[0]))
    return {
        "experiment": scenario.name, "seeds": scenario.seeds, "verdict": np.mean(now), "before": np.mean(before),
        "error": float(np.sqrt(LEVEL * (1 - LEVEL) / experiments)), "covered": np.mean(covered),
        "sd of the difference": float(np.std(se)), "smallest difference found": float(np.median(smallest)),
        "experiments": experiments,
    }  # fmt: skip


def hash_of(name: str) -> int:
    """The same number for the same name, on every machine."""
    import zlib

    return zlib.crc32(name.encode())


# Of one arm; a difference of two has twice the variance. Together they give the spread over seeds (by language, and of means over
# languages) of results/reference/full, and its published intervals over questions: bench/analysis/verdicts/variances.csv.
# Symbols are more crowded here than in the suite, whose 40 queries of a language are drawn from about 1,400 entries.
SYMBOLS = Task(20, 40, entries=900, run=0.0015, run_language=0.003)
FAQ = Task(10, 40, run=0.0024, run_language=0.005)
PASSAGES = Task(9, 24, run=0.005, run_language=0.009)
NEWS = Task(20, 100, run=0.003, run_language=0.005)
MANY = replace(NEWS, questions=900)
# As all questions of Belebele, 800 on 470 passages, where runs differ less: results/reference/public-cpu-800.
SHARED = Task(20, 800, documents=470, document=0.0237, language=0.04, run=0.0015, run_language=0.0026)

SCENARIOS = tuple(
    scenario
    for seeds in (1, 3, 5)
    for scenario in (
        Scenario("parallel, 20 languages, 100 questions", (NEWS,), seeds, max(3, seeds)),
        Scenario("parallel, 20 languages, 900 questions", (MANY,), seeds, max(3, seeds)),
        Scenario("symbols alone, 50 languages, 40 questions", (replace(SYMBOLS, languages=50),), seeds, max(3, seeds)),
        Scenario("symbols alone, 20 languages, 300 questions", (replace(SYMBOLS, questions=300),), seeds, max(3, seeds)),
        Scenario("three tasks", (SYMBOLS, FAQ, PASSAGES), seeds, max(3, seeds)),
        Scenario("three tasks, mean of three sizes", (SYMBOLS, FAQ, PASSAGES), seeds, max(3, seeds), sizes=3),
        Scenario("three tasks, arms of uneven noise", (SYMBOLS, FAQ, PASSAGES), seeds, max(3, seeds), uneven=True),
        Scenario("parallel, 900 questions, arms of uneven noise", (MANY,), seeds, max(3, seeds), uneven=True),
        Scenario("parallel, 900 questions, the pair alone", (MANY,), seeds, seeds, arms=2),
        Scenario("parallel, 800 questions on shared documents", (SHARED,), seeds, max(3, seeds)),
        Scenario("parallel, 800 questions on shared documents, each by itself", (SHARED,), seeds, max(3, seeds), apart=True),
    )
)

HEAD = ("experiment", "seeds", "verdict", "before", "sd of the difference", "smallest difference found")
LEGEND = f"""Share of {{experiments:,}} made-up experiments without any difference in which one was called real at {LEVEL} (with
an error of counting of +-{{error:.3f}}, twice its standard error). *verdict*: `bench compare` as it is. *before*:
the test that it had until now, sign-flips of questions, with scores averaged over seeds. With one seed the pair
borrows its training noise from four other arms with three seeds; "the pair alone" has nobody to borrow from, and is
then never called different. "Each by itself" is what cells that do not name documents come to
(docs/statistics.md). *Smallest difference found*: with power {POWER}. Written by `python -m
benchmarks.false_positives`, which says what is drawn."""


def main(
    out: Annotated[Path, typer.Option("--out", help="Folder of the two files.")] = Path("results/reference"),
    experiments: Annotated[int, typer.Option("--experiments", min=100, help="Of each row.")] = 1000,
) -> None:
    """Count false positives of the verdicts."""
    rows = []
    for scenario in SCENARIOS:
        start = time.perf_counter()
        rows.append(rates(scenario, experiments))
        took = time.perf_counter() - start
        shares = f"{rows[-1]['verdict']:.3f}, before {rows[-1]['before']:.3f}"
        typer.echo(f"{scenario.name}, {scenario.seeds} seeds: {shares} ({took:.0f} s)")
    write(pd.DataFrame(rows), out)


def write(found: pd.DataFrame, out: Path) -> None:
    """Both files, of rows of `rates`."""
    found = found.sort_values("experiment", kind="stable")
    found.to_csv(out / "false_positives.csv", index=False, float_format="%.4f", lineterminator="\n")
    lines = [[str(row["experiment"]), str(row["seeds"]), *(f"{row[name]:.3f}" for name in HEAD[2:4]),
              *(f"{row[name]:.4f}".replace("nan", "-") for name in HEAD[4:])] for row in found.to_dict("records")]  # fmt: skip
    legend = LEGEND.format(experiments=int(found["experiments"].iloc[0]), error=2 * float(found["error"].iloc[0]))
    text = f"# False positives\n\n{table(HEAD[0], lines, list(HEAD[1:]))}\n\n{legend}\n"
    (out / "false_positives.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
