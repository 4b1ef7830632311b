"""Tables and picture of an experiment, rebuilt from its files alone. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bench import leaderboard_text, tables
from bench.arms import Scores
from bench.errors import BenchError
from bench.languages import Languages
from bench.paths import atomic_write
from bench.results import Plan, load

ROUNDED = {"seconds": 1, "pairs_per_second": 2}  # decimals in the files; all else has those given to `_csv`


def write(experiment_dir: Path) -> str:
    """Write leaderboard.csv, leaderboard.md, per_language.csv, scaling.svg and scaling.png into the folder.

    Cells without a result appear in the tables as what they are (failed, not run, ...). An experiment with
    several language orders gets one picture for each further one, `scaling-<order>`.

    Args:
        experiment_dir: `results/<experiment>`, with profile.yaml and cells/.

    Returns:
        The text of leaderboard.md.

    Raises:
        BenchError: the folder holds no experiment.
    """
    experiment = load(experiment_dir)
    plan, facts = experiment.plan, language_facts(experiment.plan)
    boards: dict[str, tuple[Scores, pd.DataFrame]] = {}
    languages = []
    for order in plan.orders:
        scores = Scores([cell for cell in experiment.cells if cell.name.order == order], plan.tasks)
        if scores.places:
            boards[order] = scores, tables.leaderboard(plan, order, scores)
            languages.append(tables.per_language(plan, order, scores, facts))
    everything = [table for _, table in boards.values()]
    text = leaderboard_text.text(experiment, boards)
    _csv(experiment_dir / "leaderboard.csv", everything, tables.COLUMNS, 6)
    _csv(experiment_dir / "per_language.csv", languages, tables.LANGUAGE_COLUMNS, 4)
    _pictures(experiment_dir, boards)
    atomic_write(experiment_dir / "leaderboard.md", text)
    return text


def language_facts(plan: Plan) -> Mapping[str, Mapping[str, Any]]:
    """Name, class, script and family of every language by code; empty when its file is gone."""
    file = (plan.profile.get("data") or {}).get("languages_file")
    try:
        languages = Languages.load(file)
    except BenchError:
        # Results travel without the user's languages file: better a table of bare codes than none.
        if not file:
            raise
        languages = Languages.load()
    return {
        language.code: {
            "name": language.name, "class": language.joshi_class, "script": language.script, "family": language.family
        }
        for language in languages
    }  # fmt: skip


def _csv(path: Path, parts: list[pd.DataFrame], columns: tuple[str, ...], digits: int) -> None:
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
    for column, decimals in ROUNDED.items():
        if column in table:
            table[column] = [f"{value:.{decimals}f}" if value == value else "" for value in table[column]]
    atomic_write(path, table.to_csv(index=False, float_format=f"%.{digits}f", lineterminator="\n"))


def _pictures(folder: Path, boards: dict[str, tuple[Scores, pd.DataFrame]]) -> None:
    # A picture of an earlier state must not stand beside a newer table.
    for old in (*folder.glob("scaling*.svg"), *folder.glob("scaling*.png")):
        old.unlink()
    from bench import plots

    for number, (order, (_, table)) in enumerate(boards.items()):
        plots.scaling(table, folder / ("scaling" if number == 0 else f"scaling-{order}"))
