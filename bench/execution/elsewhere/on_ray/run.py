"""One run on a Ray cluster: which cell is tried where, and what becomes of it."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import cache_dir
from bench.execution.base import Event, Note
from bench.execution.elsewhere.attempt import LOSSES, Attempt, checkpoint_of, keep_checkpoint
from bench.execution.elsewhere.code import code, refused
from bench.execution.elsewhere.node import Order, passed_on, seen_file
from bench.execution.elsewhere.on_ray import tasks
from bench.execution.elsewhere.on_ray.mailbox import HEAD, Mailbox
from bench.execution.elsewhere.parcel import Parcel, sender
from bench.execution.elsewhere.resources import cores_of
from bench.execution.elsewhere.results import store_failure, store_result, tidy
from bench.experiment.profile.schema import Hardware
from bench.experiment.spec import CellSpec
from bench.experiment.store import UNFINISHED, Store

AT_ONCE = 1000  # tasks that Ray is given at a time; the others wait here
PIECES = 8  # of the parcel, that are held for other nodes
TURN, LOOK = 0.2, 2.0  # seconds between two looks at letters, at nodes


def options_of(hardware: Hardware) -> dict[str, Any]:
    """Of a cell's task: what it takes, and that it is not Ray that tries again."""
    options: dict[str, Any] = {
        "num_cpus": cores_of(hardware), "num_gpus": hardware.gpus, "max_retries": 0, "scheduling_strategy": "SPREAD",
    }  # fmt: skip
    return options | ({"memory": int(hardware.memory_gb * 2**30)} if hardware.memory_gb else {})


class RayRun:
    """The state of a run; `events` drives it, `end` takes everything back.

    Args:
        ray: the module, connected.
        store: takes results and checkpoints.
        hardware: what a cell takes.
        runner: import path of what runs a cell.
        parcel: what the cells need.
    """

    def __init__(self, ray: Any, store: Store, hardware: Hardware, runner: str, parcel: Parcel) -> None:
        self.ray, self.store, self.runner, self.parcel = ray, store, runner, parcel
        self.waiting: deque[Attempt] = deque()
        self.tasks: dict[Any, int] = {}
        self.attempts: dict[int, Attempt] = {}
        self.count = 0
        self.shut_out: dict[str, str] = {}  # node -> why it gets no cells
        self.given: OrderedDict[tuple[str, int], list[Any]] = OrderedDict()
        self.seen, self.nodes, self.looked = seen_file(cache_dir()), set[str](), 0.0
        self.options = options_of(hardware)
        self.mailbox = ray.remote(Mailbox).options(num_cpus=0, resources={HEAD: 0.001}).remote()
        self.items = ray.put(parcel.listed())
        self.task = ray.remote(tasks.cell())

    def events(self, specs: Sequence[CellSpec]) -> Iterator[Event]:
        """Run the cells; see `Executor.run`."""
        self.waiting.extend(map(Attempt, specs))
        while self.waiting or self.tasks:
            while self.waiting and len(self.tasks) < AT_ONCE:
                self._submit(self.waiting.popleft())
            ended, _ = self.ray.wait(list(self.tasks), num_returns=1, timeout=TURN)
            yield from self._letters()
            for task in ended:
                yield from self._ended(task)
            if time.monotonic() - self.looked > LOOK:
                yield from self._look()

    def end(self) -> None:
        """Stop what still runs and remove what this run left in the cluster."""
        with suppress(self.ray.exceptions.RayError, ConnectionError):
            for task in self.tasks:
                self.ray.cancel(task, force=True)
            if self.tasks:
                self.ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=10)
            self.ray.kill(self.mailbox)
        self.seen[0].unlink(missing_ok=True)
        tidy(self.store)

    def _submit(self, attempt: Attempt) -> None:
        self.count += 1
        self.attempts[self.count] = attempt
        order = Order(
            attempt.spec.model_dump(mode="json"), self.runner, sender(), (str(self.seen[0]), self.seen[1]),
            unfinished=str((self.store.root / UNFINISHED).absolute()), moved=self.parcel.moved,
            environment=passed_on(),
        )  # fmt: skip
        options = self.options | {"name": attempt.spec.id}
        if self.shut_out:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(self.shut_out)})"}
        kept = checkpoint_of(self.store, attempt.spec)
        task = self.task.options(**options).remote(code(), self.count, order.to_json(), self.items, kept, self.mailbox)
        self.tasks[task] = self.count

    def _letters(self) -> Iterator[Event]:
        try:
            letters = self.ray.get(self.mailbox.take.remote())
        except self.ray.exceptions.RayActorError as error:
            hint = "finished cells are kept: start it, then run again"
            raise BenchError("the head node of the Ray cluster is gone", hint) from error
        for number, letter in letters:
            if letter["event"] == "asks":
                self._give(letter["piece"])
            elif attempt := self.attempts.get(number):
                if letter["event"] == "checkpoint":
                    with suppress(OSError):  # as at home: a checkpoint is worth less than a cell
                        keep_checkpoint(self.store, letter["checkpoint"])
                elif letter["event"] == "fetched":
                    yield Note(f"node {letter['node'][:8]} fetched {letter['bytes'] / 1e6:.1f} MB that cells share")
                yield from attempt.events(letter)

    def _give(self, piece: tuple[str, int]) -> None:
        self.given[piece] = box = self.given.pop(piece, None) or [self.ray.put(self.parcel.piece(*piece))]
        forgotten = [self.given.popitem(last=False)[0] for _ in range(len(self.given) - PIECES)]
        self.mailbox.give.remote(piece, box, forgotten)

    def _ended(self, task: Any) -> Iterator[Event]:
        """What became of a task that is over."""
        errors = self.ray.exceptions
        attempt = self.attempts.pop(self.tasks.pop(task))
        try:
            letter = self.ray.get(task)
        except errors.TaskCancelledError:
            self.waiting.appendleft(attempt.again(lost=False))
        except errors.OutOfMemoryError:
            yield from store_failure(self.store, attempt, "memory ran out on its node: give it more (hardware.memory_gb)", "")
        except errors.RayTaskError as error:
            if isinstance(error.cause, errors.RayError):
                yield from self._lost(attempt, error.cause)
            else:
                why = error.cause.message if isinstance(error.cause, BenchError) else repr(error.cause)
                yield from store_failure(self.store, attempt, why, str(error))
        except errors.RayError as error:
            yield from self._lost(attempt, error)
        else:
            if letter["event"] == "ended":
                moved = {place: here for here, place in self.parcel.moved.items()}
                yield from store_result(self.store, attempt, letter, moved)
            elif letter["event"] == "full":
                yield from self._shut(attempt, letter["node"], f"its disk, which holds {letter['where']}, is full")
            else:
                yield from self._shut(attempt, letter["node"], refused("it", letter["code"], code()).message)

    def _lost(self, attempt: Attempt, error: Exception) -> Iterator[Event]:
        again = attempt.again(lost=True)
        if again.losses >= LOSSES:
            yield from store_failure(self.store, attempt, f"{again.losses} nodes were lost while they ran it", str(error))
            return
        yield Note(f"{attempt.spec.id} was lost with its node; it starts again")
        self.waiting.appendleft(again)

    def _shut(self, attempt: Attempt, node: str, why: str) -> Iterator[Event]:
        """Give a node no more cells; what waits for it by chance is asked for anew."""
        self.waiting.appendleft(attempt.again(lost=False))
        if node in self.shut_out:
            return
        self.shut_out[node] = why
        yield Note(f"node {node[:8]} gets no more cells: {why}")
        for task, number in self.tasks.items():
            if not self.attempts[number].begun:
                self.ray.cancel(task, force=True)
        alive = {one["NodeID"] for one in self.ray.nodes() if one["Alive"]}
        if alive <= self.shut_out.keys():
            reasons = "; ".join(f"{name[:8]}: {reason}" for name, reason in self.shut_out.items())
            hint = "finished cells are kept: put that right, then run again"
            raise BenchError(f"no node of the cluster can go on ({reasons})", hint)

    def _look(self) -> Iterator[Event]:
        """Tell of nodes that came and went."""
        self.looked = time.monotonic()
        alive = {node["NodeID"] for node in self.ray.nodes() if node["Alive"]}
        for come in sorted(alive - self.nodes) if self.nodes else ():
            yield Note(f"node {come[:8]} has joined")
        for gone in sorted(self.nodes - alive):
            yield Note(f"node {gone[:8]} is gone")
        self.nodes = alive

