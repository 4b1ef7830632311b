"""Work in a second process beside other work, where the system can copy a process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bench.base.progress import unheard

PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that a process gets when the one that made it ends


@contextmanager
def aside(work: Callable[[], None]) -> Iterator[None]:
    """Do `work` while the block runs; after the block it is done. It may leave files, nothing else: it runs in a copy.

    Without a second core, or where a process cannot be copied, it is done after the block. The same goes for work that fails
    in the copy, or whose copy is killed: it is done again, so it must be fit to be done twice. With the process itself, and
    with an error of the block, the copy ends at once.

    Raises:
        Whatever `work` raises when it is done here.
    """
    copy = _fork(work) if possible() else None
    if copy is None:
        yield
        work()
        return
    try:
        yield
        is_done = _ended_well(copy)
    except BaseException:
        with suppress(OSError):  # it has ended by itself
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)
        raise
    if not is_done:
        work()


def possible() -> bool:
    """Linux, more than one core, and no torch, whose threads a copy would wait for in vain."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and "torch" not in sys.modules


def _fork(work: Callable[[], None]) -> int | None:
    """The number of the copy that does `work`; None if the system makes none."""
    here = os.getpid()
    with warnings.catch_warnings():
        # Later Pythons warn of threads, which do not live on in a copy. The only one here shows progress; a copy shows none.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            if (copy := os.fork()) == 0:
                _in_the_copy(work, here)
            return copy
        except OSError:  # no memory for it, or too many processes
            return None
        finally:
            if os.getpid() != here:  # Ctrl-C at this very moment: what called this is none of the copy's
                os._exit(1)


def _in_the_copy(work: Callable[[], None], parent: int) -> None:
    """Ends the process, with 0 when the work is done; whatever is raised, the process that waits will see by doing it again."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process, which ends this one
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            with unheard():
                work()
            status = 0
    finally:
        os._exit(status)  # runs nobody's clean-up twice


def _ended_well(copy: int) -> bool:
    try:
        return os.waitpid(copy, 0)[1] == 0
    except ChildProcessError:  # who started this process has its children collected by the system: how it ended is not known
        return False
