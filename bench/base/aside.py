"""Work in a second process beside other work, where the system can copy a process."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.base.progress import unheard


@contextmanager
def aside(work: Callable[[], None]) -> Iterator[None]:
    """Do `work` while the block runs; after the block it is done. It may leave files, nothing else: it runs in a copy.

    Without a second core, or where a process cannot be copied, it is done after the block. The same goes for work that fails
    in the copy: it is done again, and its error is raised here.
    """
    if not possible():
        yield
        work()
        return
    with warnings.catch_warnings():
        # Later Pythons warn of threads, which do not live on in a copy. The only one here shows progress; a copy shows none.
        warnings.simplefilter("ignore", DeprecationWarning)
        copy = os.fork()
    if copy == 0:
        _in_the_copy(work)
    try:
        yield
    except BaseException:
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)
        raise
    if os.waitpid(copy, 0)[1] != 0:
        work()


def possible() -> bool:
    """Linux, more than one core, and no torch, whose threads a copy would wait for in vain."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and "torch" not in sys.modules


def _in_the_copy(work: Callable[[], None]) -> None:
    status = 1
    try:
        with unheard():
            work()
        status = 0
    finally:  # whatever was raised: the process that waits does the work again, and says what is wrong
        os._exit(status)  # runs nobody's clean-up twice
