"""What is made once before all cells, as a task on a node that sees this machine's cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.execution.elsewhere.code import code, refused
from bench.execution.elsewhere.node import Call, passed_on, seen_file
from bench.execution.elsewhere.on_ray import tasks
from bench.execution.elsewhere.on_ray.mailbox import HEAD, Mailbox
from bench.execution.elsewhere.resources import cores_of
from bench.experiment.profile.schema import Profile

TURN = 0.2  # seconds between two looks at letters


def call_there(ray: Any, options: dict[str, Any], function: str, profile: Profile, report: Callable[[str, float], None]) -> Any:
    """What `function(profile, report)` returns on a node.

    Args:
        ray: the module, connected.
        options: of a cell's task.

    Raises:
        BenchError: the function does, the node is lost, or does not see this machine's cache.
    """
    seen, content = seen_file(cache_dir())
    order = Call(function, profile.model_dump(mode="json"), cores_of(profile.hardware), (str(seen), content), passed_on())
    mailbox = ray.remote(Mailbox).options(num_cpus=0, resources={HEAD: 0.001}).remote()
    task = ray.remote(tasks.call()).options(**options).remote(code(), json.dumps(asdict(order)), mailbox)
    try:
        while True:
            ended, _ = ray.wait([task], timeout=TURN)
            for _, letter in ray.get(mailbox.take.remote()):
                report(letter["phase"], letter["fraction"])
            if ended:
                end = ray.get(task)
                break
    except ray.exceptions.RayTaskError as error:
        known = isinstance(error.cause, BenchError)
        raise error.cause if known else BenchError(f"on a node: {error.cause!r}", str(error)) from error
    except ray.exceptions.RayError as error:
        raise BenchError("the node was lost that made what all cells share", "run again") from error
    finally:
        with suppress(ray.exceptions.RayError, ConnectionError):
            ray.cancel(task, force=True)
            ray.kill(mailbox)
        seen.unlink(missing_ok=True)
    if end["event"] == "refused":
        raise refused("a node", end["code"], code())
    return end["result"] or {}
