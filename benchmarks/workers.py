"""What it costs to start the workers of an experiment: each by itself, or as copies of a process that has loaded the libraries.

    python -m benchmarks.workers            # --cells N, --rounds N, --out FILE

A worker loads what a cell loads and ends; two are at work at a time, with one thread each, as in `bench run`.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from bench.base.manifest import hardware
from bench.base.markdown import table
from bench.execution.local import LIBRARIES
from bench.execution.processes.child import Child, wait
from bench.execution.processes.nursery import Nursery
from bench.experiment.profile.file import load_profile
from bench.experiment.profile.schema import Profile
from benchmarks.memory import below

AT_ONCE = 2
WAYS = {"each by itself": (), "copies": LIBRARIES}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def ready(profile: Profile, report: Callable[[str, float], None]) -> int:
    """What a worker does: load what a cell loads."""
    import bench.cells.cell
    import bench.cells.prepare  # noqa: F401

    report("loaded", 1.0)
    time.sleep(1.0)  # both are here for a moment, so that their memory can be seen together
    return os.getpid()


def together() -> float:
    """Memory of all processes below this one in MB; pages that several share are counted once."""
    total = 0
    for pid in below(os.getpid()):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def run(modules: tuple[str, ...], cells: int, work: str = "benchmarks.workers:ready") -> tuple[float, float, float]:
    """Wall seconds and processor seconds a worker, and the highest memory of all together (MB).

    Args:
        modules: that the copied process has loaded; none: each worker is started by itself.
        cells: how many workers.
        work: import path of what each does.

    Raises:
        RuntimeError: a worker ended without having done it.
    """
    profile = load_profile("smoke").model_dump(mode="json")
    task: dict[str, Any] = {"call": work, "profile": profile}
    before, start, peak, left = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0, cells
    children: list[Child] = []
    with tempfile.TemporaryDirectory() as name, Nursery(modules) as nursery, ExitStack() as ends:
        while left or children:
            while left and len(children) < AT_ONCE:
                place = Path(name) / str(left)
                place.mkdir()
                children.append(nursery.start(task, 1, place))
                ends.callback(children[-1].end)
                left -= 1
            for child in wait(children):
                for message in child.messages():
                    child.last = message
                    if message["event"] == "progress":
                        peak = max(peak, together())
                if child.ended:
                    if child.close() or child.last.get("event") != "returned":
                        raise RuntimeError(child.log_tail())
                    children.remove(child)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall / cells, processor / cells, peak


@app.command()
def main(
    cells: Annotated[int, typer.Option(min=2, help="Workers that are started, as cells of an experiment.")] = 6,
    rounds: Annotated[int, typer.Option(min=1, help="How often, in turns.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Write the table to this file too.")] = None,
) -> None:
    """Time both ways, in turns."""
    run((), AT_ONCE)  # what is read from disk is in memory then
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, modules in WAYS.items():
            found[way].append(run(modules, cells))
    rows = []
    for way, runs in found.items():
        wall, processor, memory = (median(values) for values in zip(*runs, strict=True))
        rows.append([way, f"{wall:.1f}", f"{processor:.1f}", f"{memory:.0f}"])
    text = table("workers", rows, ["s a worker", "processor s a worker", "memory of all at most (MB)"])
    typer.echo(text)
    if out:
        here = hardware()
        what = f"{cells} workers that load what a cell loads, wait a second and end, {AT_ONCE} at a time"
        how = f"Medians of {rounds} rounds, in turns. {here['processor']}, {here['cores']} cores"
        about = f"{what}. {how}. Made by `python -m benchmarks.workers`."
        out.write_text(f"# Workers\n\n{about}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    app()
