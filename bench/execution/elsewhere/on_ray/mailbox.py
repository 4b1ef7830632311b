"""Where the machines of a Ray cluster and the run meet: letters one way, pieces of the parcel the other way."""

from __future__ import annotations

import asyncio
from typing import Any

HEAD = "node:__internal_head__"  # a resource of the node that holds the cluster together


class Mailbox:
    """An actor of the cluster, on the node that holds the cluster together. Its methods run in one event loop."""

    def __init__(self) -> None:
        self.letters: list[tuple[int, dict[str, Any]]] = []
        self.pieces: dict[tuple[str, int], list[Any]] = {}
        self.asked: set[tuple[str, int]] = set()
        self.arrived = asyncio.Condition()

    async def tell(self, attempt: int, letter: dict[str, Any]) -> None:
        """A letter of an attempt at a cell."""
        self.letters.append((attempt, letter))

    async def take(self) -> list[tuple[int, dict[str, Any]]]:
        """All letters since the last time, those of an attempt in the order in which they were written."""
        letters, self.letters = self.letters, []
        return sorted(letters, key=lambda one: (one[0], one[1].get("number", 0)))

    async def ask(self, attempt: int, sha256: str, number: int) -> list[Any]:
        """A piece of the parcel, as a reference in a list; waits until the run has given it."""
        piece = (sha256, number)
        async with self.arrived:
            while piece not in self.pieces:
                if piece not in self.asked:
                    self.asked.add(piece)
                    self.letters.append((attempt, {"event": "asks", "piece": piece}))
                await self.arrived.wait()
            return self.pieces[piece]

    async def give(self, piece: tuple[str, int], box: list[Any], forget: list[tuple[str, int]]) -> None:
        """A piece that was asked for; `forget` are those that need not be kept any longer."""
        async with self.arrived:
            self.pieces[piece] = box
            self.asked.discard(piece)
            for other in forget:
                self.pieces.pop(other, None)
            self.arrived.notify_all()
