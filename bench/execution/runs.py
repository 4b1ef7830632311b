"""`bench run`: prepare once, run what is missing, write the tables."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import Any

from rich.console import Console
from rich.text import Text

from bench.base.errors import BenchError
from bench.base.manifest import cores, now
from bench.base.paths import atomic_write
from bench.base.used import size_of
from bench.data import text_facts
from bench.execution.base import RUN_CELL, Executor, disk_full, where_full
from bench.execution.local import LocalProcesses, call_in_child, nursery_of
from bench.execution.plan_view import heading
from bench.execution.processes.nursery import Nursery
from bench.execution.progress import RunView
from bench.execution.progress_file import ProgressFile
from bench.experiment.plan import Plan
from bench.experiment.record import RUNS, add_run
from bench.output.terminal.meter import Meter
from bench.output.terminal.screen import show, show_markdown

PREPARE = "bench.cells.prepare:prepare"
INTERRUPTED = 130


def run(
    plan: Plan,
    console: Console,
    runner: str = RUN_CELL,
    prepare: str | None = PREPARE,
    retry_failed: bool = True,
    executor: Executor | None = None,
) -> int:
    """Run the cells of `plan` that have no valid result, then write and print the leaderboard.

    Args:
        plan: what to run.
        console: where progress goes.
        runner: import path of `run_cell(spec, out_dir, report) -> dict`.
        prepare: import path of `prepare(profile, report)`, called once in a child process before cells.
        retry_failed: also run cells that have failed before.
        executor: where cells run; default: processes of this machine.

    Returns:
        Exit status: 0, 1 if any cell of the plan has failed, 130 after Ctrl-C.

    Raises:
        BenchError: another run holds the folder, the preparation failed, the disk is full.
    """
    started, clock, prepared = now(), time.monotonic(), dict[str, Any]()
    with plan.store.lock():
        todo = plan.to_run(retry_failed)
        try:
            # Before the cells, so that tables made after an interruption know what is missing.
            atomic_write(plan.store.root / "profile.yaml", plan.description())
        except OSError as error:
            raise _unwritable(error, plan) from error
        show(console, heading(plan, todo))
        view = RunView(todo, len(plan.specs) - len(todo), plan.costs, plan.workers, console, ProgressFile(plan.store.root))
        nursery = nursery_of(todo, runner) if executor is None else Nursery()
        executor = executor or LocalProcesses(plan.store, plan.workers, runner, nursery)
        try:
            with view, nursery:
                if todo and prepare:
                    threads = plan.profile.hardware.threads or cores()
                    wanted = plan.part(todo)
                    there = executor.call(prepare, wanted, view.step)
                    prepared = call_in_child(prepare, wanted, threads, view.step, nursery) if there is None else there
                    prepared = prepared or {}
                    used = prepared.pop("used", [])
                    prepared["shared_mb"] = round(size_of(used) / 1e6, 1)
                    executor.prepared(used)
                    if texts := prepared.pop("texts", None):
                        text_facts.add(plan.store.root, texts)
                    view.prepared()
                    for note in prepared.get("notes", ()):
                        show(console, f"note: {note}")
                with closing(executor.run(todo)) as events:  # type: ignore[type-var]
                    for event in events:
                        view.handle(event)
        except KeyboardInterrupt:
            kept = sum(state == "done" for state in plan.states.values()) + view.done
            show(
                console,
                f"\ninterrupted: {kept} of {len(plan.specs)} cells are done and kept in {plan.store.root}; "
                "the same command goes on from there",
            )
            return INTERRUPTED
        except OSError as error:
            raise _unwritable(error, plan) from error
        finally:
            # Also of a run that was interrupted or broke off: what it took belongs to what the results took.
            if todo:
                counts = {"run": view.done, "failed": view.failed, "kept": view.skipped, "largest_mb": view.peak_mb}
                with suppress(OSError):  # a full disk has its own message
                    add_run(plan.store.root / RUNS, started, time.monotonic() - clock, plan.workers, prepared, counts)
        states = [(spec, plan.store.state(spec)) for spec in plan.specs]
        failed = [spec for spec, state in states if state == "failed"]
        plan.store.settle_all(spec for spec, state in states if state == "done")
        try:
            _tables(plan, console)
        except OSError as error:
            raise _unwritable(error, plan) from error
        show(console, view.summary())
        for spec in failed:
            show(console, Text(f"FAILED {spec.id}: see {plan.store.folder(spec) / 'error.txt'}", style="red"))
        return 1 if failed else 0


def _tables(plan: Plan, console: Console) -> None:
    if not any(plan.store.state(spec) == "done" for spec in plan.specs):
        return
    from bench.output.tables.leaderboard import PHASES, write

    with Meter(PHASES):
        text = write(plan.store.root)
    show_markdown(console, text)


def _unwritable(error: OSError, plan: Plan) -> BenchError:
    if (place := where_full(error)) is not None:
        return disk_full(place or plan.store.root)
    return BenchError(
        f"cannot write results: {error}",
        "finished cells are kept; give another folder with --results, or run again",
    )
