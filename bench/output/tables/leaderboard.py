"""Tables and picture of an experiment, rebuilt from its files alone. Imports no torch."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from bench.analysis import covariates, lengths, scaling, tables, transfer
from bench.analysis.arms import Scores, scores_of
from bench.analysis.results import READING, Experiment, Plan, load
from bench.analysis.verdicts import slopes
from bench.analysis.verdicts.comparer import Comparer, comparable
from bench.base.errors import BenchError
from bench.base.paths import atomic_write
from bench.base.progress import parts, steps, tell
from bench.data.languages import Languages
from bench.data.text_facts import read as text_facts
from bench.output.aside import aside, possible
from bench.output.highlight import family_heads
from bench.output.tables import leaderboard_tex, leaderboard_text, scaling_text, translation

ANALYSES = {"scaling.csv": scaling.COLUMNS, "transfer.csv": transfer.COLUMNS, "covariates.csv": covariates.COLUMNS}
SLOPES = "slopes.csv"
ANALYSING, DRAWING = "slopes and transfer", "pictures"  # phases of progress
# Phases with their share of the time: seconds for 150 cells (`benchmarks.made_cells`). Pictures are drawn beside the tables.
PHASES = {READING: 2.7, tables.SCORING: 5.5, ANALYSING: 9.0, DRAWING: 0.5 if possible() else 9.3}
SCALING = "scaling.md"
Boards = dict[str, tuple[Scores, pd.DataFrame]]  # order -> its scores and its `tables.leaderboard`
ROUNDED = {"seconds": 1, "pairs_per_second": 2}  # decimals in the files; all else has those given to `_csv`


def write(experiment_dir: Path, pictures: bool = True) -> str:
    """Write the tables and pictures of an experiment into its folder.

    These are leaderboard.csv, leaderboard.md, leaderboard.tex, per_language.csv, lengths.csv, translation.csv (where anything was
    translated), gain, difference, languages and scaling as .svg and .png, and of `analyse` scaling.md, scaling.csv, slopes.csv,
    transfer.csv and covariates.csv.

    Cells without a result appear in the tables as what they are (failed, not run, ...). An experiment with
    several language orders gets one picture for each further one, `scaling-<order>`.

    Args:
        experiment_dir: `results/<experiment>`, with profile.yaml and cells/, or a published folder.
        pictures: also draw them, which takes most of the time of a small experiment; in a second process where that can be.

    Returns:
        The text of leaderboard.md.

    Raises:
        BenchError: the folder holds no experiment.
        OSError: it cannot be written to.
    """
    experiment = load(experiment_dir)
    facts, boards = known_facts(experiment), boards_of(experiment)
    if pictures:
        with TemporaryDirectory() as drawn:
            # They take a third of the time, and nothing else waits for them.
            with aside(lambda: _draw(experiment, boards, facts, Path(drawn))):
                text = _tables(experiment, boards, facts)
                tell(DRAWING)
            _put(Path(drawn), experiment.path)
    else:
        text = _tables(experiment, boards, facts)
    tex = leaderboard_tex.text(experiment.plan, {order: table for order, (_, table) in boards.items()})
    atomic_write(experiment.path / leaderboard_tex.FILE, tex)
    atomic_write(experiment.path / "leaderboard.md", text)
    return text


def _tables(experiment: Experiment, boards: Boards, facts: dict[str, dict[str, Any]]) -> str:
    """Write all tables but leaderboard.tex and leaderboard.md, which come last; the text of leaderboard.md."""
    plan, folder = experiment.plan, experiment.path
    languages = [tables.per_language(plan, order, scores, facts) for order, (scores, _) in boards.items()]
    everything = [table for _, table in boards.values()]
    by_length = {order: lengths.by_length(plan, order, scores) for order, (scores, _) in boards.items()}
    text = leaderboard_text.text(experiment, boards, by_length)
    _csv(folder / "leaderboard.csv", everything, tables.COLUMNS, 6)
    _csv(folder / "lengths.csv", list(by_length.values()), lengths.COLUMNS, 6)
    _csv(folder / "per_language.csv", languages, tables.LANGUAGE_COLUMNS, 4)
    if len(translated := translation.table(experiment, facts)):
        _csv(folder / translation.FILE, [translated], translation.COLUMNS, 4)
    else:  # one of an earlier state
        (folder / translation.FILE).unlink(missing_ok=True)
    analyse(experiment, {order: scores for order, (scores, _) in boards.items()}, languages, facts)
    return text


def boards_of(experiment: Experiment) -> Boards:
    """Scores and `tables.leaderboard` of every order that has a score, in the order of the plan."""
    plan = experiment.plan
    boards: Boards = {}
    for order in parts(list(plan.orders)):
        tell(tables.SCORING)
        scores = scores_of(experiment, [cell for cell in experiment.cells if cell.name.order == order])
        if scores.places:
            boards[order] = scores, tables.leaderboard(plan, order, scores)
    return boards


def known_facts(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """`language_facts` with what the experiment measured of its texts."""
    facts = language_facts(experiment.plan, experiment.path)
    for code, known in text_facts(experiment.path).items():
        facts.setdefault(code, {}).update(known)
    return facts


def analyse(
    experiment: Experiment, scores: dict[str, Scores], languages: list[pd.DataFrame], facts: dict[str, dict[str, Any]]
) -> None:
    """Write slopes, transfer and covariates: scaling.md and the three files behind it.

    `scores` and `languages` (`tables.per_language`) are those of the orders that have scores, in the same order.
    """
    plan = experiment.plan
    found = {}
    if not scores:
        # Numbers of an earlier state must not stand beside a table that has none.
        for name in (*ANALYSES, SLOPES, SCALING):
            (experiment.path / name).unlink(missing_ok=True)
        return
    for (order, own), table in steps(ANALYSING, list(zip(scores.items(), languages, strict=True))):
        of_order = scaling.slopes(plan, order, own), transfer.held_out(plan, order, own, facts)
        found[order] = *of_order, covariates.regressions(table, own)
    for number, (name, columns) in enumerate(ANALYSES.items()):
        parts = [tables_of[number] for tables_of in found.values() if len(tables_of[number])]
        _csv(experiment.path / name, parts, columns, 6)
    compared = slopes_between(experiment)
    _csv(experiment.path / SLOPES, [compared] if len(compared) else [], slopes.COLUMNS, 6)
    atomic_write(experiment.path / SCALING, scaling_text.text(plan, found, compared))


def slopes_between(experiment: Experiment) -> pd.DataFrame:
    """`verdicts.slopes` of the declared pairs, or else of the methods of the question against each other."""
    comparer = Comparer(experiment)
    trained = list(dict.fromkeys(cell.name.method for cell in experiment.cells if cell.name.size))
    pairs = [pair for pair in comparer.declared.pairs if set(pair) <= set(comparer.methods)]
    pairs = pairs or list(combinations(family_heads(trained), 2))
    return slopes.slopes(comparer, [pair for pair in pairs if comparable(*pair)])


def language_facts(plan: Plan, folder: Path) -> dict[str, dict[str, Any]]:
    """Name, class, script, family and HTML language tag of every language by code.

    A languages file is named from the experiment's folder.
    """
    named = (plan.profile.get("data") or {}).get("languages_file")
    file = folder / named if named else None
    try:
        languages = Languages.load(file)
    except BenchError:
        # Results travel without the user's languages file: better a table of bare codes than none.
        if not file:
            raise
        languages = Languages.load()
    return {
        language.code: {
            "name": language.name, "class": language.joshi_class, "script": language.script, "family": language.family,
            "tag": language.iso639_1 or language.iso639_3,
        }
        for language in languages
    }  # fmt: skip


def _csv(path: Path, parts: list[pd.DataFrame], columns: tuple[str, ...], digits: int) -> None:
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
    for column, decimals in ROUNDED.items():
        if column in table:
            table[column] = [f"{value:.{decimals}f}" if value == value else "" for value in table[column]]
    atomic_write(path, table.to_csv(index=False, float_format=f"%.{digits}f", lineterminator="\n"))


def _draw(experiment: Experiment, boards: Boards, facts: dict[str, dict[str, Any]], folder: Path) -> None:
    from bench.output import paired, plots

    tell(DRAWING)
    paired.write(experiment, [table for _, table in boards.values()], folder, facts)
    methods = list(dict.fromkeys(cell.name.method for cell in experiment.cells))
    for number, (order, (_, table)) in enumerate(boards.items()):
        tell(DRAWING, (number + 2) / (len(boards) + 2))  # the pictures before take the most
        plots.scaling(table, folder / ("scaling" if number == 0 else f"scaling-{order}"), methods=methods)


def _put(drawn: Path, folder: Path) -> None:
    """Put pictures into the folder of the experiment, each whole; take those of an earlier state away."""
    from bench.output import paired

    new = {file.name: file.read_bytes() for file in drawn.glob("[!.]*")}  # a process that was killed may have left halves
    for name in ("scaling*", paired.GAIN, paired.DIFFERENCE, paired.LANGUAGES):
        for old in (*folder.glob(f"{name}.svg"), *folder.glob(f"{name}.png")):
            if old.name not in new:  # a picture of an earlier state must not stand beside a newer table
                old.unlink()
    for name, content in new.items():
        atomic_write(folder / name, content)
