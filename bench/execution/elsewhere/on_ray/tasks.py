"""What runs on the nodes of a Ray cluster. Functions travel by value: a node may have other code, and has to say so itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def probe() -> Callable[[], dict[str, Any]]:
    """A function that tells which code and versions a node has."""

    def told() -> dict[str, Any]:
        try:
            from bench.base.manifest import versions
            from bench.execution.elsewhere.code import code

            return {"code": code(), "versions": versions()}
        except ImportError as error:
            return {"code": f"of another kind ({error})", "versions": {}}

    return told


def call() -> Callable[..., dict[str, Any]]:
    """A function that makes what all cells share, if the node has the code that is asked for."""

    def run(expected: str, order: str, mailbox: Any) -> dict[str, Any]:
        import json

        from bench.execution.elsewhere.code import code

        if code() != expected:
            return {"event": "refused", "code": code()}
        from bench.execution.elsewhere.node import Call

        content = json.loads(order)
        return Call(**content | {"seen": tuple(content["seen"])}).run(lambda letter: mailbox.tell.remote(0, letter))

    return run


def cell() -> Callable[..., dict[str, Any]]:
    """A function that runs one cell, if the node has the code that is asked for."""

    def run(expected: str, attempt: int, order: str, items: str, checkpoint: Any, mailbox: Any) -> dict[str, Any]:
        import itertools

        import ray

        node = ray.get_runtime_context().get_node_id()
        try:
            from bench.execution.elsewhere.code import code

            found = code()
        except ImportError as error:
            found = f"of another kind ({error})"
        if found != expected:
            return {"event": "refused", "node": node, "code": found}
        from bench.execution.elsewhere.node import Order, run_order
        from bench.execution.elsewhere.parcel import items_of

        def fetch(item: Any, number: int) -> bytes:
            [piece] = ray.get(mailbox.ask.remote(attempt, item.sha256, number))
            return bytes(ray.get(piece))

        written = itertools.count(1)  # calls of an actor may overtake each other

        def tell(letter: dict[str, Any]) -> None:
            mailbox.tell.remote(attempt, letter | {"node": node, "number": next(written)})

        return run_order(Order.from_json(order), items_of(items), fetch, tell, checkpoint) | {"node": node}

    return run
