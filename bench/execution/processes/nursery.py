"""Where worker processes come from: started one by one, or as copies of one that has loaded the libraries."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from bench.execution.processes.child import UNKNOWN, Child, Process, Started

# Every library's own name for its number of threads; read once when it is loaded, hence set from outside.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")
# oneDNN, and what PyTorch keeps of it, remember how a thousand shapes are multiplied, in bfloat16 half a megabyte each. Texts
# come in new shapes in every step: a training of 100 steps grew by half a gigabyte. A step has few shapes, so few are enough.
SHAPE_CACHES, SHAPES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"), 32
DEVICES = ("/dev/nvidiactl", "/dev/kfd")  # there where a driver of NVIDIA or AMD is: what has seen a device cannot be copied
TOLD = 5.0  # seconds in which the server tells of a worker's end
Descriptors = tuple[int, int, int]  # standard input, events and prints of a worker


class Nursery:
    """Starts workers. With `modules` it keeps a process that has loaded them, and workers are copies of it (`.server`).

    Args:
        modules: what most workers load; nothing is kept without.
        threads: of the workers that are copied. Libraries read it when they are loaded: a worker with another number, or
            with variables of the environment that have changed since, is started for itself.
    """

    def __init__(self, modules: Sequence[str] = (), threads: int = 1) -> None:
        able = sys.platform == "linux" and not any(Path(device).exists() for device in DEVICES)
        self.modules, self._threads = (tuple(modules) if able else ()), threads
        self._server: Server | None = None

    def start(self, task: dict[str, Any], threads: int, folder: Path) -> Child:
        """A worker at a task.

        Args:
            task: as `.worker` takes it; it is told where its log is.
            threads: that it may use.
            folder: for its log.
        """
        log = folder / "log.txt"
        with ExitStack() as given, ExitStack() as kept:
            task_end, task_write = os.pipe()
            channel, events = os.pipe()
            for one in (task_end, events):
                given.callback(os.close, one)
            for one in (task_write, channel):
                kept.callback(os.close, one)
            with log.open("wb") as prints:
                process = self._process(threads, (task_end, events, prints.fileno()))
            kept.pop_all()
        child = Child(process, task_write, channel, log)
        child.give(task | {"log": str(log)})
        return child

    def close(self) -> None:
        """End the process that is kept. Workers that still run are ended by their own `Child.end`."""
        if self._server is not None:
            self._server.end()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _process(self, threads: int, descriptors: Descriptors) -> Process:
        variables = environment(threads)
        if self.modules and threads == self._threads:
            surroundings = (variables, os.getcwd())
            if self._server is None:
                self._server = Server(self.modules, *surroundings)
            if self._server.surroundings == surroundings and (copy := self._server.copy(descriptors)) is not None:
                return copy
        return started(descriptors, variables)


def started(descriptors: Descriptors, variables: dict[str, str]) -> Started:
    """A worker that is started for itself."""
    task_end, events, prints = descriptors
    return Started(
        [sys.executable, "-P", "-m", "bench.execution.processes.worker", str(events)],
        stdin=task_end, stdout=prints, stderr=prints, pass_fds=[events], env=variables,
        start_new_session=True,  # Ctrl-C reaches the parent alone
    )  # fmt: skip


class Server:
    """The process that is copied, seen from its parent."""

    def __init__(self, modules: Sequence[str], variables: dict[str, str], place: str) -> None:
        self.surroundings = (variables, place)
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = Started(
            [sys.executable, "-P", "-m", "bench.execution.processes.server", str(theirs.fileno()), *modules],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            env=variables, cwd=place, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._copies: list[Copy] = []
        self.gone = self.dismissed = False

    def copy(self, descriptors: Descriptors) -> Copy | None:
        """A worker with these descriptors; None if the process has ended."""
        self.listen()
        if self.gone:
            return None
        try:
            socket.send_fds(self.socket, [str(len(self._copies)).encode()], list(descriptors))
        except OSError:
            return None
        self._copies.append(Copy(self, descriptors))
        return self._copies[-1]

    def listen(self) -> None:
        """Take in what it has said."""
        while not self.gone:
            self.socket.setblocking(False)
            try:
                said, sent, _, _ = socket.recv_fds(self.socket, 1 << 12, 1)
            except BlockingIOError:
                return
            except ConnectionResetError:
                said, sent = b"", []
            if not said:
                self.gone = True
                return
            message = json.loads(said)
            if "number" in message:
                self._copies[message["number"]].answered(message["pid"], sent)
            else:
                for copy in self._copies:
                    if copy.pid == message["pid"] and copy.status is None:
                        copy.status = message["status"]

    def end(self) -> None:
        """End it; copies go on, and what it has not answered by now comes to nothing."""
        self.dismissed = True
        self._process.end()
        self.listen()
        self.socket.close()
        self.gone = True


class Copy:
    """A worker that is a copy of a server's process; one that is started for itself where the server ends without an answer.

    Args:
        server: that has been asked for it.
        descriptors: of the request; copies of them are kept until it is answered.

    Attributes:
        pid: its id; None until the server has made it.
        status: with what it has ended.
    """

    def __init__(self, server: Server, descriptors: Descriptors) -> None:
        self._server = server
        self._kept: list[int] = [os.dup(one) for one in descriptors]
        self._descriptor = -1  # of the process: readable when it has ended, whoever has buried it
        self._alone: Started | None = None
        self.pid: int | None = None
        self.status: int | None = None

    def answered(self, pid: int, descriptors: Sequence[int]) -> None:
        """The server has made it (`pid` 0: it could not)."""
        if pid:
            self.pid, self._descriptor = pid, descriptors[0]
        else:
            self._start()
        self._drop()

    def poll(self) -> int | None:
        """See `Process.poll`."""
        if self.status is None and self._alone is None:
            self._server.listen()
            if self._server.gone and self.pid is None and self._alone is None:
                if self._server.dismissed:
                    self.status = -signal.SIGKILL
                else:
                    self._start()
                self._drop()
        if self._alone is not None:
            return self._alone.poll()
        if self.status is None and self._has_ended() and not self._told():
            self.status = UNKNOWN
        if self.status is not None and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        return self.status

    def wait(self, timeout: float | None = None) -> int:
        """See `Process.wait`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            left = 60.0 if until is None else until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            if self._alone is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._alone.wait(left)
                continue
            watched = [self._descriptor] * (self._descriptor >= 0) + [self._server.socket] * (not self._server.gone)
            select.select(watched, [], [], left)
        return status

    def end(self) -> None:
        """See `Process.end`."""
        if self.poll() is not None:
            return
        if self._alone is None and self.pid is None:
            self._server.end()  # it is still loading, or about to answer
            self.poll()
        if self._alone is not None:
            self._alone.end()
        elif self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
        self.wait()

    def _start(self) -> None:
        self._alone = started((self._kept[0], self._kept[1], self._kept[2]), self._server.surroundings[0])

    def _drop(self) -> None:
        for one in self._kept:
            os.close(one)
        self._kept = []

    def _has_ended(self) -> bool:
        return self._descriptor >= 0 and bool(select.select([self._descriptor], [], [], 0)[0])

    def _told(self) -> bool:
        """Whether the server says, within a moment, with what the process has ended."""
        until = time.monotonic() + TOLD
        while self.status is None and not self._server.gone and (left := until - time.monotonic()) > 0:
            select.select([self._server.socket], [], [], left)
            self._server.listen()
        return self.status is not None


def environment(threads: int) -> dict[str, str]:
    """Variables of a worker with so many threads."""
    # A cell is a process like any other: Lightning would take Slurm's variables for those of a job with several.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SUBMITIT_"))}
    return {
        **inherited,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        # Threads that wait must sleep: spinning ones made small operations 75 times slower beside other work.
        "OMP_WAIT_POLICY": "PASSIVE",
        **dict.fromkeys(SHAPE_CACHES, str(SHAPES)),
        "TOKENIZERS_PARALLELISM": str(threads > 1).lower(),  # no worker makes copies of itself, so its threads are safe
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(
            path or os.getcwd() for path in sys.path
        ),  # what can be imported here can be imported there
    }
