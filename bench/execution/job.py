"""One cell from spec to stored result, in the process that calls it."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.manifest import git, hardware, now, peak_memory_mb, versions
from bench.base.progress import Report
from bench.execution.base import Event, Failed, Finished, disk_full, load_function, where_full
from bench.experiment.identity import models_record
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store


def execute(spec: CellSpec, store: Store, runner: str, report: Report, log: Path | None = None) -> Event:
    """Run a cell and store what comes of it.

    Args:
        spec: the cell.
        store: where the result goes.
        runner: import path of `run_cell(spec, out_dir, report) -> dict`.
        report: is told of phases.
        log: file of what the process prints; copied beside the traceback of a failed cell.

    Raises:
        BenchError: the disk is full (nothing more can be stored).
    """
    started, clock = now(), time.monotonic()

    def manifest(found: dict[str, Any]) -> dict[str, Any]:
        seconds = {**found.pop("seconds", {}), "total": round(time.monotonic() - clock, 2)}
        return {
            "status": "done",
            **{
                name: getattr(spec, name)
                for name in ("method", "size", "seed", "order", "threads", "precision")
            },
            "pairs_asked": spec.pairs,
            "models": models_record(spec),
            **{"versions": versions(), "git": git(), "hardware": hardware()},
            "peak_memory_mb": peak_memory_mb(),
            **{"started": started, "finished": now(), "seconds": seconds},
            **found,
        }

    try:
        with store.writing(spec) as folder:
            try:
                found = dict(load_function(runner)(spec, folder, report) or {})
                result: Event = Finished(spec.id, store.finish(spec, folder, manifest(found)))
            except Exception as error:
                if (place := where_full(error)) is not None:
                    raise disk_full(place or store.root) from error
                store.finish_failed(spec, folder, explained(error), manifest({}), log)
                result = Failed(spec.id, reason(error))
        store.settle(spec)
        return result
    except OSError as error:
        if (place := where_full(error)) is not None:
            raise disk_full(place or store.root) from error
        raise


def explained(error: Exception) -> str:
    """Text of error.txt: for a `BenchError` what to do about it, and always the traceback."""
    trace = "".join(traceback.format_exception(error))
    return f"{error}\n\n{trace}" if isinstance(error, BenchError) else trace


def reason(error: BaseException) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines()
    if isinstance(error, BenchError):
        return error.message
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
