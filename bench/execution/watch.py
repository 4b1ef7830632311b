"""`bench watch`: all cells of an experiment with their state, those at work with progress and time left. Imports no torch."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from bench.analysis.results import CellName, Plan, read_plan
from bench.base.jsonfile import read_json
from bench.execution.progress import working_table
from bench.execution.progress_file import Snapshot, read
from bench.experiment.costs import duration
from bench.experiment.store import folder_name
from bench.output.terminal.rows import Rows
from bench.output.terminal.screen import show

# State -> sign and style. A cell is `waiting` when a run at work will come to it, else `missing`.
SIGNS = {
    "done": ("●", "green"), "warned": ("●", "yellow"), "working": ("▶", "bold cyan"), "failed": ("✗", "bold red"),
    "stale": ("~", "yellow"), "waiting": ("·", ""), "missing": ("·", "dim"),
}  # fmt: skip


@dataclass(frozen=True)
class CellState:
    """A planned cell: its state (a key of SIGNS), seconds it took or has been at work, and its first and last dev loss."""

    name: CellName
    state: str
    seconds: float | None = None
    dev_loss: tuple[float, float] | None = None
    note: str = ""


class Watch:
    """An experiment that is looked at again and again; only manifests that have changed are read anew."""

    def __init__(self, folder: Path) -> None:
        """Raises `BenchError` when `folder` holds no experiment."""
        self.folder = folder
        self.plan: Plan = read_plan(folder)
        self._known: dict[str, tuple[int, dict[str, Any]]] = {}

    def look(self) -> tuple[Snapshot | None, list[CellState]]:
        """The run at work, if one is, and every planned cell."""
        run = read(self.folder)
        run = run if run and run.alive else None
        return run, [self._state(name, run) for name in self.plan.cells]

    def _state(self, name: CellName, run: Snapshot | None) -> CellState:
        if run and (at := run.working.get(name.id)):
            return CellState(name, "working", max(0.0, time.time() - at.started), at.dev_loss, f"{at.phase} {at.fraction:.0%}")
        manifest = self._manifest(name.id)
        keys = self.plan.keys
        if manifest and (name.id not in keys or manifest.get("key") == keys[name.id]):
            seconds, dev = (manifest.get("seconds") or {}).get("total"), manifest.get("dev") or {}
            loss = (dev["loss_start"], dev["loss_end"]) if "loss_start" in dev and "loss_end" in dev else None
            if manifest.get("status") == "failed":
                error = self.folder / "cells" / folder_name(name.id) / "error.txt"
                return CellState(name, "failed", seconds, loss, f"see {error}")
            warning = (manifest.get("collapse") or {}).get("warning") or ""
            return CellState(name, "warned" if warning else "done", seconds, loss, warning)
        if run and name.id in run.waiting:
            return CellState(name, "waiting")
        return CellState(name, "stale" if manifest else "missing")

    def _manifest(self, cell_id: str) -> dict[str, Any]:
        path = self.folder / "cells" / folder_name(cell_id) / "manifest.json"
        try:
            stamp = os.stat(path).st_mtime_ns
        except OSError:
            return {}
        if self._known.get(cell_id, (0, {}))[0] != stamp:
            self._known[cell_id] = stamp, read_json(path)
        return self._known[cell_id][1]


def watch(folder: Path, console: Console, once: bool = False, every: float = 2.0, listed: bool = False) -> None:
    """Show an experiment until Ctrl-C or the end of its run; once only if asked, or where there is no terminal.

    Args:
        folder: `results/<experiment>`.
        every: seconds between two looks.
        listed: one line a cell in place of the grid of signs.
    """
    watched = Watch(folder)
    run, states = watched.look()
    if once or not console.is_terminal or run is None:
        show(console, view(watched.plan, run, states, listed))
        return
    try:
        with Live(view(watched.plan, run, states, listed, False), console=console, auto_refresh=False, screen=False) as live:
            while run is not None:
                time.sleep(every)
                run, states = watched.look()
                live.update(view(watched.plan, run, states, listed, False), refresh=True)
    except KeyboardInterrupt:
        pass


def view(
    plan: Plan, run: Snapshot | None, states: Sequence[CellState], listed: bool = False, whole: bool = True
) -> RenderableType:
    """The whole picture: counts and time left, cells at work, and all cells as a grid or a list; `whole` as in `Rows`."""
    counts = Counter(one.state for one in states)
    shown = ", ".join(f"{counts[state]} {state}" for state in SIGNS if counts[state])
    head = Text(f"{plan.name}: {len(states)} cells ({shown})", style="bold")
    parts: list[RenderableType] = [head, Text(_run_line(plan, run, states))]
    if run and run.working:
        parts.append(working_table(run.working, whole))
    parts += ["", _list(states, whole) if listed else _grid(states, whole)]
    failed = [one for one in states if one.state == "failed"]
    parts += [Text(f"FAILED {one.name.id}: {one.note}", style="red") for one in failed]
    return Group(*parts)


def _run_line(plan: Plan, run: Snapshot | None, states: Sequence[CellState]) -> str:
    if run is None:
        left = any(one.state in ("missing", "stale", "failed") for one in states)
        return "no run is at work" + (f"; bench run --profile {plan.name} goes on" if left else "")
    since = max(0.0, time.time() - run.updated)
    left_text = "time left unknown" if run.left is None else f"about {duration(max(0.0, run.left - since))} left"
    silent = f"; last word {duration(since)} ago" if since > 60 else ""
    return f"a run is at work (process {run.pid}), {left_text}{silent}"


def _grid(states: Sequence[CellState], whole: bool) -> RenderableType:
    """Methods by sizes, one sign a seed."""
    sizes = sorted({one.name.size for one in states})
    orders = list(dict.fromkeys(one.name.order for one in states))
    table = Rows(["method", *(f"N={size}" if size else "-" for size in sizes)], whole=whole)
    rows: dict[tuple[str, str], dict[int, Text]] = {}
    for one in states:
        sign, style = SIGNS[one.state]
        rows.setdefault((one.name.order, one.name.method), {}).setdefault(one.name.size, Text()).append(sign, style)
    for (order, method), at in rows.items():
        name = method if len(orders) == 1 else f"{method} ~{order}"
        table.add(name, *(at.get(size, Text()) for size in sizes))
    legend = Text("one sign a seed: ", style="dim")
    for state in dict.fromkeys(one.state for one in states):
        legend.append(SIGNS[state][0], SIGNS[state][1]).append(f" {state}  ")
    return Group(table, legend)


def _list(states: Sequence[CellState], whole: bool) -> Rows:
    table = Rows(("cell", "state", "time", "dev loss", ""), right=(2,), solid=(0, 1, 3), whole=whole)
    for one in states:
        loss = f"{one.dev_loss[0]:.3f} -> {one.dev_loss[1]:.3f}" if one.dev_loss else ""
        time_taken = duration(one.seconds) if one.seconds is not None else ""
        table.add(one.name.id, Text(one.state, SIGNS[one.state][1]), time_taken, loss, "" if one.state == "failed" else one.note)
    return table
