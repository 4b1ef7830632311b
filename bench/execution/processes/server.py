"""A process that has loaded the libraries once and copies itself: `python -P -m bench.execution.processes.server FD MODULE...`.

Loading torch, transformers and Lightning takes a core eight seconds or more, once for each cell. A copy (`fork`) of a process
that has loaded them takes milliseconds, and is as separate from others as a process that was started: it runs one task and ends.

What makes copies of a process unsafe is threads and devices, since a copy has neither. So this process does nothing but load, and
ends if a thread is left then or a device was found: its parent starts workers itself where it has no answer.

It is asked over a socket: a message is the number of a request with three descriptors, for standard input, events and
prints of the worker. Answers are `{"number": , "pid": }` with a descriptor of the process (pidfd), the same with pid 0 if the
system gave no copy, and `{"pid": , "status": }` when a worker has ended. The socket's end is its own end.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.base import manifest


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Load the modules, then answer until the parent closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    parent = socket.socket(fileno=descriptor)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        for module in modules:
            importlib.import_module(module)
        fit = copyable()
    except BaseException:
        fit = False  # whoever needs the module says what is wrong with it
    if not fit:
        os._exit(0)
    file_pages = manifest.file_pages_mb()
    own = (descriptor, woken, wake)
    while True:
        ready, _, _ = select.select([descriptor, woken], [], [])
        if woken in ready:
            os.read(woken, 1 << 12)
            _bury(parent)
        if descriptor in ready:
            text, given, _, _ = socket.recv_fds(parent, 1 << 10, 3)
            if not text:
                os._exit(0)
            _answer(parent, int(text), given, own, file_pages)
            for one in given:
                os.close(one)


def copyable() -> bool:
    """Whether a copy of this process is as good as a new one with the same modules."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return False
    os.close(os.pidfd_open(os.getpid()))
    gc.collect()
    gc.freeze()  # otherwise a collection in a copy writes to every page, and pages that are written to are no longer shared
    # OpenBLAS ends its threads before a fork and starts them again when they are needed: what is left after one is there to stay.
    if not (pid := os.fork()):
        os._exit(0)
    os.waitpid(pid, 0)
    return threads() == 1


def threads() -> int:
    """How many threads this process has, those of libraries included."""
    return len(list(Path("/proc/self/task").iterdir()))


def _answer(parent: socket.socket, number: int, given: Sequence[int], own: Sequence[int], file_pages: float) -> None:
    try:
        pid = os.fork()
    except OSError:
        return _say(parent, {"number": number, "pid": 0})
    if not pid:
        _work(given, own, file_pages)
    with suppress(OSError):  # it has done so itself, or has ended
        os.setpgid(pid, pid)
    process = os.pidfd_open(pid)  # before it can be buried: its number is nobody else's
    _say(parent, {"number": number, "pid": pid}, [process])
    os.close(process)


def _work(given: Sequence[int], own: Sequence[int], file_pages: float) -> None:
    """What a copy does; does not return."""
    code = 1
    try:
        os.setpgid(0, 0)  # it is ended together with what it starts
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        task, events, prints = given
        for old, new in ((task, 0), (prints, 1), (prints, 2)):
            os.dup2(old, new)
        for one in (*own, task, prints):
            os.close(one)
        os.set_inheritable(events, True)
        manifest.copied_from(file_pages)
        _draw_anew()
        from bench.execution.processes.worker import main as work

        work(events)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _draw_anew() -> None:
    """Random numbers that nobody has seeded differ between processes, as between processes that were started."""
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    if (torch := sys.modules.get("torch")) is not None:
        torch.seed()


def _bury(parent: socket.socket) -> None:
    """Tell of the workers that have ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say(parent, {"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _say(parent: socket.socket, message: dict[str, int], descriptors: Sequence[int] = ()) -> None:
    try:
        socket.send_fds(parent, [json.dumps(message).encode()], list(descriptors))
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
