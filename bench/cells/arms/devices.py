"""The other processes of a cell that is trained on several devices.

Each does what the first does, from the same spec and the same cache, up to the end of training: the draw of pairs, the student
as it starts, the batches. Then they part, and the first goes on alone. `bench.cells.arms.member` is what they run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from bench.base.errors import BenchError
from bench.encoders.device import device_of
from bench.experiment.spec import CellSpec
from bench.training.devices.ranks import ALONE, Ranks

MEMBER = "bench.cells.arms.member"
PARTING = 60.0  # seconds in which a process ends after training, and the first after one of the others has died


@contextmanager
def devices(spec: CellSpec, out_dir: Path) -> Iterator[Ranks]:
    """The ranks of a cell, of which this process is the first. The others are started here, and have ended in the end.

    Raises:
        BenchError: there are not so many GPUs, or one of the others has failed.
    """
    if spec.devices == 1:
        yield ALONE
        return
    there = torch.cuda.device_count() if device_of() == "cuda" else spec.devices
    if spec.devices > there:
        raise BenchError(f"hardware.devices is {spec.devices}, and this machine has {there} GPUs", f"set it to at most {there}")
    with tempfile.TemporaryDirectory(prefix="bench-devices-") as folder:
        others = [_Other(spec, out_dir, rank, Path(folder)) for rank in range(1, spec.devices)]
        watch = threading.Event()
        try:
            threading.Thread(target=_watch, args=(others, watch), daemon=True).start()
            yield _Waiting(others, spec.devices, Path(folder))
            for one in others:
                one.process.wait(PARTING)
        except BenchError:
            raise  # all ranks come to it, and this one says it
        except Exception as error:
            if died := [one for one in others if one.died(wait=5.0)]:
                raise BenchError(
                    f"device {died[0].rank} of {spec.devices} ended with status {died[0].process.returncode} while the cell was "
                    f"trained: {died[0].last_words()}",
                    "log.txt of the cell has what it printed; fewer devices need less memory",
                ) from error
            raise
        finally:
            watch.set()
            for one in others:
                one.end()


class _Waiting(Ranks):
    """The first rank: it meets the others when all of them are ready, and does not wait for one that has died."""

    def __init__(self, others: list[_Other], size: int, meeting: Path) -> None:
        super().__init__(0, size, meeting)
        self.others = others

    @contextmanager
    def joined(self, device: str) -> Iterator[None]:
        while not all(one.ready.exists() for one in self.others):
            if any(one.process.poll() is not None for one in self.others):
                raise RuntimeError("one of the devices did not start")
            time.sleep(0.05)
        with super().joined(device):
            yield


class _Other:
    """One of the other processes, as the first sees it."""

    def __init__(self, spec: CellSpec, out_dir: Path, rank: int, meeting: Path) -> None:
        self.rank, self.ready = rank, ready_file(meeting, rank)
        self.words = words_file(meeting, rank)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", MEMBER], stdin=subprocess.PIPE, stdout=sys.__stderr__,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        )  # fmt: skip
        assert self.process.stdin is not None
        task = {"spec": spec.model_dump(mode="json"), "out": str(out_dir), "rank": rank, "meeting": str(meeting)}
        try:
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died at once; that is noticed like any other end

    def died(self, wait: float = 0.0) -> bool:
        """Whether it has failed; its end may come a moment after that of the connection."""
        try:
            return self.process.wait(wait) != 0
        except subprocess.TimeoutExpired:
            return False

    def last_words(self) -> str:
        """What it failed with, in a line."""
        return self.words.read_text(encoding="utf-8") if self.words.exists() else "it said nothing (most likely memory ran out)"

    def end(self) -> None:
        """End it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


def _watch(others: list[_Other], over: threading.Event) -> None:
    """End this process where one of the others has died and this one has not noticed: NCCL would wait for it for ever."""
    while not over.wait(1.0):
        if any(one.process.poll() not in (None, 0) for one in others) and not over.wait(PARTING):
            print("one of the devices of the cell died, and this process waits for it in vain", file=sys.stderr, flush=True)
            os._exit(1)


def ready_file(meeting: Path, rank: int) -> Path:
    """Is there once a rank waits for the others."""
    return meeting / f"ready-{rank}"


def words_file(meeting: Path, rank: int) -> Path:
    """Has what a rank failed with, in a line."""
    return meeting / f"error-{rank}.txt"
