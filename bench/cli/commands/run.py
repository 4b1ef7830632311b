"""The panel Run: what an experiment is, and doing it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bench.cli.options import (
    RESULTS,
    Changes,
    KeepStudents,
    LanguageNames,
    Methods,
    Orders,
    ProfileName,
    Results,
    Seeds,
    Sizes,
    Without,
    Workers,
    selection,
    split,
)


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for command in (plan, run):
        app.command(rich_help_panel="Run")(command)


def plan(
    profile: ProfileName = "default",
    methods: Methods = None,
    sizes: Sizes = None,
    seeds: Seeds = None,
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
    workers: Workers = None,
    keep_students: KeepStudents = False,
    results: Results = RESULTS,
) -> None:
    """Show the cells of an experiment: what is done, what is left, what it will cost in time."""
    from rich.console import Console

    from bench.execution.plan_view import overview
    from bench.experiment.plan import make_plan

    chosen = selection(methods, sizes, seeds, order, languages)
    made = make_plan(profile, results, chosen, changes or (), split(without), workers, keep_students)
    Console(soft_wrap=True).print(overview(made), soft_wrap=True)


def run(
    profile: ProfileName = "default",
    methods: Methods = None,
    sizes: Sizes = None,
    seeds: Seeds = None,
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
    workers: Workers = None,
    keep_students: KeepStudents = False,
    results: Results = RESULTS,
    retry_failed: Annotated[bool, typer.Option(help="Run cells again that failed before.")] = True,
    log: Annotated[
        list[str] | None, typer.Option("--log", help="Comma list of loggers of training: csv, tensorboard, mlflow, wandb.")
    ] = None,
) -> None:
    """Run the cells that have no result yet, then write the leaderboard. Can be interrupted at any time."""
    from rich.console import Console

    from bench.cells import loggers
    from bench.execution import runs
    from bench.experiment.plan import make_plan

    if log:
        os.environ[loggers.VARIABLE] = ",".join(split(log))
    loggers.asked()  # a package that is missing is told now, not by every cell
    chosen = selection(methods, sizes, seeds, order, languages)
    made = make_plan(profile, results, chosen, changes or (), split(without), workers, keep_students, ask=True)
    raise typer.Exit(runs.run(made, Console(), retry_failed=retry_failed))
