"""The panel Run: what an experiment is, doing it, and whether this machine can."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bench.cli import completion
from bench.cli.options import (
    RESULTS,
    AsJson,
    Assume,
    Changes,
    KeepStudents,
    LanguageNames,
    Methods,
    On,
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
    for command in (plan, run, doctor):
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
    on: On = None,
    assume: Assume = None,
    as_json: AsJson = False,
) -> None:
    """Show the cells of an experiment: what is done, what is left, what it will cost in time, on a cluster too."""
    from dataclasses import replace

    from bench.cli import documents
    from bench.execution.elsewhere.places import machines_of
    from bench.execution.plan_view import overview
    from bench.experiment.costs import Assumed
    from bench.experiment.plan import make_plan
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    chosen = selection(methods, sizes, seeds, order, languages)
    with Meter():  # data and models of one's own are read once, to know what they hold
        made = make_plan(profile, results, chosen, changes or (), split(without), workers, keep_students)
    made = replace(made, assumed=Assumed.parsed(split(assume)))
    made, machines = (made, []) if on is None else machines_of(on, made)
    if as_json:
        documents.emit(documents.plan(made, machines))
    else:
        show(screen(), overview(made, on, machines))


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
    on: On = None,
    retry_failed: Annotated[bool, typer.Option(help="Run cells again that failed before.")] = True,
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log", help="Comma list of loggers of training: csv, tensorboard, mlflow, wandb.", autocompletion=completion.loggers
        ),
    ] = None,
) -> None:
    """Run the cells that have no result yet, then write the leaderboard. Can be interrupted at any time."""
    from bench.cells import loggers
    from bench.execution import runs
    from bench.experiment.plan import make_plan
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen

    if log:
        os.environ[loggers.VARIABLE] = ",".join(loggers.checked(split(log)))
    loggers.asked()  # a package that is missing is told now, not by every cell
    chosen = selection(methods, sizes, seeds, order, languages)
    with Meter():
        made = make_plan(profile, results, chosen, changes or (), split(without), workers, keep_students, ask=True)
    executor = None
    if on is not None:
        from bench.execution.elsewhere.places import placed

        there = placed(on, made)
        made, executor = there.plan, there.cluster
    raise typer.Exit(runs.run(made, screen(), retry_failed=retry_failed, executor=executor))


def doctor(results: Results = RESULTS, as_json: AsJson = False) -> None:
    """What this machine has, what is missing, and what will be slow and why. Status 1 if something that is needed is missing."""
    from bench.cli import documents
    from bench.cli.doctor.examine import examine, text
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    with Meter({"importing torch": 8, "looking at packages": 1, "looking at the machine": 1, "measuring the cache": 1}):
        found = examine(results)
    if as_json:
        documents.emit(found.document())
    else:
        show(screen(), text(found))
    raise typer.Exit(0 if found.works else 1)
