"""A cell as a task of a Slurm array: what it hears and says lies in a folder that all nodes see."""

from __future__ import annotations

import json
import os
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.jsonfile import to_json
from bench.base.paths import atomic_write
from bench.execution.elsewhere.archive import Archive
from bench.execution.elsewhere.code import code
from bench.execution.elsewhere.node import Call, Letter, Order, run_order, shares_disk, unseen
from bench.execution.processes.worker import DEAF

ORDER, LETTERS, END, ARCHIVE = "order.json", "letters.jsonl", "end.json", "archive.tar.gz"


class SlurmTask:
    """What submitit runs; asked to leave (preempted, or short of its time limit), it is queued again as it is.

    Args:
        place: folder with its order.
        expected: the code with which it was planned.
    """

    def __init__(self, place: str, expected: str) -> None:
        self.place, self.expected = place, expected

    def __call__(self) -> None:
        """Do what is ordered; whatever comes of it is written down."""
        try:
            found = code()
            end: dict[str, Any] = self.run() if found == self.expected else {"event": "refused", "code": found}
        except BenchError as error:
            end = {"event": "error", "why": error.message, "details": error.hint}
        except Exception as error:
            end = {"event": "error", "why": repr(error), "details": traceback.format_exc()}
        if not Path(self.place).is_dir():
            return  # the run was ended meanwhile, and nobody waits for this any longer
        if archive := end.pop("archive", None):
            atomic_write(Path(self.place) / ARCHIVE, archive.content)
            end["sha256"] = archive.sha256
        atomic_write(Path(self.place) / END, to_json(end))

    def checkpoint(self) -> Any:
        """Called by submitit when the task has to leave; training goes on from its own checkpoints."""
        from submitit.helpers import DelayedSubmission

        self.tell({"event": "leaves"})
        return DelayedSubmission(self)

    def run(self) -> Letter:
        """Run the cell."""
        order = Order.from_json((Path(self.place) / ORDER).read_text(encoding="utf-8"))
        if not shares_disk(order):
            raise unseen(order.seen[0])
        os.environ[DEAF] = "1"
        return run_order(order, [], _nothing, self.tell)

    def tell(self, letter: Letter) -> None:
        """Write down how far it is."""
        with (Path(self.place) / LETTERS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(letter) + "\n")


class SlurmCall(SlurmTask):
    """The same for what is made once before all cells."""

    def run(self) -> Letter:
        """Call the function that is ordered."""
        content = json.loads((Path(self.place) / ORDER).read_text(encoding="utf-8"))
        return Call(**content | {"seen": tuple(content["seen"])}).run(self.tell)


def write_order(place: Path, order: Order | Call) -> None:
    """Make the folder of a task."""
    place.mkdir(parents=True)
    atomic_write(place / ORDER, json.dumps(asdict(order)))


def read_end(place: Path) -> dict[str, Any] | None:
    """What came of a cell, with its `archive` if it has one; None while it is not over."""
    try:
        end: dict[str, Any] = json.loads((place / END).read_text(encoding="utf-8"))
        if "sha256" in end:
            end["archive"] = Archive((place / ARCHIVE).read_bytes(), end["sha256"])
    except (FileNotFoundError, ValueError):
        return None
    return end


class Letters:
    """Reads what a task says, a line at a time, as it comes."""

    def __init__(self, place: Path) -> None:
        self.file, self.read = place / LETTERS, 0

    def new(self) -> list[Letter]:
        """Letters since the last time."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.read)
                whole, newline, _ = stream.read().rpartition(b"\n")
        except OSError:
            return []
        self.read += len(whole + newline)
        return [json.loads(line) for line in whole.split(b"\n") if line.strip()]


def _nothing(item: Any, number: int) -> bytes:
    raise BenchError("nothing is sent to the nodes of a Slurm cluster: they share a disk")
