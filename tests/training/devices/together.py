"""The same function in several processes that train together: this one is the first of them."""

from __future__ import annotations

import multiprocessing
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.training.devices.ranks import Ranks


def together(function: Callable[[Ranks], Any], size: int = 2) -> list[Any]:
    """What `function` gives in each of `size` processes, by rank; what it raises here is raised, and the others are ended.

    The others are forks, so that they see what this one has made up and put in place of the real thing.
    """
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        queue = fork.SimpleQueue()
        others = [fork.Process(target=_other, args=(function, Ranks(rank, size, Path(folder)), queue)) for rank in range(1, size)]
        for process in others:
            process.start()
        try:
            found = {0: function(Ranks(0, size, Path(folder)))}
            for _ in others:
                rank, value, error = queue.get()
                assert not error, error
                found[rank] = value
            return [found[rank] for rank in range(size)]
        finally:
            for process in others:
                process.join(10)
                process.kill()


def _other(function: Callable[[Ranks], Any], ranks: Ranks, queue: Any) -> None:
    try:
        queue.put((ranks.rank, function(ranks), ""))
    except BaseException:
        queue.put((ranks.rank, None, traceback.format_exc()))
