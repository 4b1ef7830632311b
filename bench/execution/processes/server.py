"""A process that has loaded the libraries once and copies itself: `python -P -m bench.execution.processes.server FD MODULE...`.

Loading torch, transformers and Lightning takes a core eight seconds or more, once for each cell. A copy (`fork`) of a process
that has loaded them takes milliseconds, and is as separate from others as a process that was started: it runs one task and ends.

What makes copies of a process unsafe is threads and devices, since a copy has neither. So this process does nothing but load. It
copies itself only if one thread is left and no device was found; otherwise each worker is started for itself, as without it.

It is asked over a socket: a message is the number of a request with three descriptors, for standard input, events and
prints of the worker. Answers are lines `{"number": , "pid": }` and `{"pid": , "status": }`. The socket's end is its own end.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

WORKER = "bench.execution.processes.worker"


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Load the modules, then answer until the parent closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    parent = socket.socket(fileno=descriptor)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    copies = loaded(modules)
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
            pid = _copy(given, own) if copies else _start(given)
            for one in given:
                os.close(one)
            _say(parent, {"number": int(text), "pid": pid})


def loaded(modules: Sequence[str]) -> bool:
    """Load the modules; whether a copy of this process is as good as a new one."""
    try:
        for module in modules:
            importlib.import_module(module)
    except Exception:
        return False  # whoever needs the module says what is wrong with it
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return False
    gc.collect()
    gc.freeze()  # otherwise a collection in a copy writes to every page, and pages that are written to are no longer shared
    return threads() == 1


def threads() -> int:
    """How many threads this process has, those of libraries included."""
    return len(list(Path("/proc/self/task").iterdir()))


def _copy(given: Sequence[int], own: Sequence[int]) -> int:
    """A worker as a copy of this process; its id."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        task, events, prints = given
        for old, new in ((task, 0), (prints, 1), (prints, 2)):
            os.dup2(old, new)
        for one in (*own, task, prints):
            os.close(one)
        os.set_inheritable(events, True)
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


def _start(given: Sequence[int]) -> int:
    """A worker as a process of its own; its id."""
    task, events, prints = given
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", WORKER, str(events)],
        stdin=task, stdout=prints, stderr=prints, pass_fds=[events], start_new_session=True,
    )  # fmt: skip
    process.returncode = 0  # its end is seen in `_bury`
    return process.pid


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


def _say(parent: socket.socket, message: dict[str, int]) -> None:
    try:
        parent.sendall(json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
