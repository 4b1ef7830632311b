"""A rank of a cell's training that is not the first: `python -P -m bench.cells.arms.member`.

Its task comes as a line of JSON on standard input, which stays open: its end means that the first rank is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from bench.base.errors import BenchError
from bench.cells.arms.devices import ready_file, words_file
from bench.cells.arms.distil import fitted, made_ready
from bench.cells.clock import Clock
from bench.cells.shared.context import context_of
from bench.encoders.device import device_of
from bench.experiment.method_specs import planned_method
from bench.experiment.spec import CellSpec
from bench.training.devices.ranks import Ranks


class Member(Ranks):
    """This rank."""

    @contextmanager
    def joined(self, device: str) -> Iterator[None]:
        assert self.meeting is not None
        ready_file(self.meeting, self.rank).touch()
        with super().joined(device):
            yield


def main() -> None:
    """Train together with the process that has started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch_parent, daemon=True).start()
    rank, meeting = int(task["rank"]), Path(task["meeting"])
    try:
        _train(CellSpec.model_validate(task["spec"]), Path(task["out"]), rank, meeting)
    except BaseException as error:
        traceback.print_exc()
        words = error.message if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
        words_file(meeting, rank).write_text((words.splitlines() or [""])[0], encoding="utf-8")
        os._exit(1)
    os._exit(0)  # not through the interpreter's shutdown, as in `bench.execution.processes.worker`


def _train(spec: CellSpec, out_dir: Path, rank: int, meeting: Path) -> None:
    if device_of() == "cuda":
        torch.cuda.set_device(rank)
    torch.set_num_threads(max(1, spec.threads))
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    context, clock = context_of(spec), Clock(lambda *_: None)
    method = planned_method(spec.method, spec.method_source, spec.model_keys)
    ready = made_ready(spec, context, method, clock, {})
    fitted(spec, context, method, ready, out_dir, clock, (), Member(rank, spec.devices, meeting))


def _watch_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
