"""Where worker processes come from: started one by one, or as copies of one that has loaded the libraries."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.execution.processes.child import Child, Process, Started

# Every library's own name for its number of threads; read once when it is loaded, hence set from outside.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
DEVICES = ("/dev/nvidiactl", "/dev/kfd")  # there where a driver of NVIDIA or AMD is: what has seen a device cannot be copied


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
        task_end, task_write = os.pipe()
        channel, events = os.pipe()
        with log.open("wb") as prints:
            process = self._process(threads, (task_end, events, prints.fileno()))
        os.close(task_end)
        os.close(events)
        child = Child(process, task_write, channel, log)
        child.give(task | {"log": str(log)})
        return child

    def close(self) -> None:
        """End the process that is kept. Workers that still run are ended by their own `Child.end`."""
        if self._server is not None:
            self._server.end()
            self._server = None

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _process(self, threads: int, descriptors: tuple[int, int, int]) -> Process:
        surroundings = (environment(threads), os.getcwd())
        if self.modules and threads == self._threads:
            if self._server is None:
                self._server = Server(self.modules, *surroundings)
            if self._server.surroundings == surroundings and (copy := self._server.copy(descriptors)) is not None:
                return copy
        task_end, events, prints = descriptors
        return Started(
            [sys.executable, "-P", "-m", "bench.execution.processes.worker", str(events)],
            stdin=task_end, stdout=prints, stderr=prints, pass_fds=[events], env=surroundings[0],
            start_new_session=True,  # Ctrl-C reaches the parent alone
        )  # fmt: skip


class Server:
    """The process that is copied, seen from its parent."""

    def __init__(self, modules: Sequence[str], variables: dict[str, str], place: str) -> None:
        self.surroundings = (variables, place)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = Started(
            [sys.executable, "-P", "-m", "bench.execution.processes.server", str(theirs.fileno()), *modules],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            env=variables, cwd=place, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._copies: list[Copy] = []
        self.gone = False

    def copy(self, descriptors: Sequence[int]) -> Copy | None:
        """A worker with these descriptors (task, events, prints); None if the process has died."""
        self.listen()
        if self.gone:
            return None
        try:
            socket.send_fds(self._socket, [str(len(self._copies)).encode()], list(descriptors))
        except OSError:
            return None
        self._copies.append(Copy(self))
        return self._copies[-1]

    def listen(self, seconds: float = 0.0) -> None:
        """Take in what it has said, after waiting so long for a first word."""
        while not self.gone:
            self._socket.settimeout(seconds)
            seconds = 0.0
            try:
                said = self._socket.recv(1 << 12)
            except (BlockingIOError, TimeoutError):
                return
            except ConnectionResetError:
                said = b""
            if not said:
                self.gone = True
                return
            message = json.loads(said)
            if "number" in message:
                self._copies[message["number"]].pid = message["pid"]
            else:
                for copy in self._copies:
                    if copy.pid == message["pid"] and copy.status is None:
                        copy.status = message["status"]

    def end(self) -> None:
        """End it; copies go on."""
        self._process.end()
        self.listen()
        self._socket.close()
        self.gone = True

    def status(self) -> int:
        """With what it has ended."""
        return self._process.wait()


class Copy:
    """A worker that is a copy of a server's process.

    Attributes:
        pid: its id; None until the server has made it.
        status: with what it has ended.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.pid: int | None = None
        self.status: int | None = None

    def poll(self) -> int | None:
        """See `Process.poll`."""
        if self.status is None:
            self._server.listen()
        if self.status is None and self._server.gone and not self._lives():
            # Nobody can say any more how it ended; most likely as the server did.
            self.status = self._server.status()
        return self.status

    def wait(self, timeout: float | None = None) -> int:
        """See `Process.wait`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if until is not None and time.monotonic() >= until:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            if self._server.gone:
                time.sleep(0.05)
            else:
                self._server.listen(0.5 if until is None else min(0.5, max(0.01, until - time.monotonic())))
        return status

    def end(self) -> None:
        """See `Process.end`."""
        if self.poll() is not None:
            return
        if self.pid is None:
            self._server.end()  # still loading: no copy has been made
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def _lives(self) -> bool:
        if self.pid is None:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


def environment(threads: int) -> dict[str, str]:
    """Variables of a worker with so many threads."""
    # A cell is a process like any other: Lightning would take Slurm's variables for those of a job with several.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SUBMITIT_"))}
    return {
        **inherited,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        # Threads that wait must sleep: spinning ones made small operations 75 times slower beside other work.
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(
            path or os.getcwd() for path in sys.path
        ),  # what can be imported here can be imported there
    }
