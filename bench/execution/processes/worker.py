"""A worker process: runs one task and talks back in JSON lines.

Started as `python -P -m bench.execution.processes.worker FD`, or as a copy of a process that has loaded the libraries
(`bench.execution.processes.server`). The task comes on standard input, which stays open:
its end means that the parent is gone, and then this process must not go on writing.
Events go to descriptor FD, so that whatever libraries print cannot disturb them.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError

# Set where something else than its parent signals a whole job: Slurm, to all processes of a task that it wants to leave. The
# parent decides then; a cell that died of it would be taken for one that fails.
DEAF = "XLSD_DEAF"


def main(channel: int) -> None:
    """Run the task given on standard input.

    Args:
        channel: descriptor that events are written to.
    """
    faulthandler.enable()  # a crash in native code leaves its place in the log
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    if os.environ.get(DEAF):
        for one in (signal.SIGTERM, signal.SIGUSR2):
            signal.signal(one, signal.SIG_IGN)
    events = os.fdopen(channel, "w", encoding="utf-8", buffering=1)
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch_parent, daemon=True).start()

    said, at = "", 0.0

    def report(phase: str, fraction: float, dev_loss: float | None = None, /) -> None:
        nonlocal said, at
        # At most some lines a second: a step of a small model takes milliseconds.
        if phase != said or fraction >= 1 or dev_loss is not None or time.monotonic() - at > 0.2:
            said, at = phase, time.monotonic()
            send({"event": "progress", "phase": phase, "fraction": float(fraction), "dev_loss": dev_loss})

    def send(message: dict[str, Any]) -> None:
        from bench.base.jsonfile import to_json

        events.write(" ".join(to_json(message).split("\n")) + "\n")

    try:
        send(_cell(task, report) if "spec" in task else _call(task, report))
    except BenchError as error:
        from bench.execution.base import DiskFull

        send({"event": "error", "message": error.message, "hint": error.hint, "disk": isinstance(error, DiskFull)})
    except Exception as error:
        from bench.base.paths import cache_dir
        from bench.execution.base import disk_full, where_full
        from bench.execution.job import reason

        if (place := where_full(error)) is not None:
            full = disk_full(place or cache_dir())
            send({"event": "error", "message": full.message, "hint": full.hint})
        else:
            traceback.print_exc()  # into the log
            send({"event": "error", "message": reason(error), "hint": "", "traceback": traceback.format_exc()})
    events.flush()
    # Not through the interpreter's shutdown: native thread pools now and then hang or crash in it,
    # and the result is already in place.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _cell(task: dict[str, Any], report: Any) -> dict[str, Any]:
    from bench.execution.base import Finished
    from bench.execution.job import execute
    from bench.experiment.spec import CellSpec
    from bench.experiment.store import Store

    spec = CellSpec.model_validate(task["spec"])
    result = execute(spec, Store(Path(task["store"])), task["runner"], report, log=Path(task["log"]))
    if isinstance(result, Finished):
        return {"event": "finished", "manifest": result.manifest}
    return {"event": "failed", "reason": getattr(result, "reason", "")}


def _call(task: dict[str, Any], report: Any) -> dict[str, Any]:
    from bench.execution.base import load_function
    from bench.experiment.profile.schema import Profile

    result = load_function(task["call"])(Profile.model_validate(task["profile"]), report)
    return {"event": "returned", "result": result}


def _watch_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
