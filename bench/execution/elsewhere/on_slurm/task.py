"""A cell as a task of a Slurm array: what it hears and says lies in a folder that all nodes see."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import atomic_write
from bench.execution.elsewhere.archive import Archive
from bench.execution.elsewhere.code import code
from bench.execution.elsewhere.node import Letter, Order, run_order, shares_disk

ORDER, LETTERS, END, ARCHIVE = "order.json", "letters.jsonl", "end.json", "archive.tar.gz"


class SlurmTask:
    """What submitit runs; asked to leave (preempted, or short of its time limit), it is queued again as it is.

    Args:
        place: folder of this cell, with its order.
        expected: the code with which it was planned.
    """

    def __init__(self, place: str, expected: str) -> None:
        self.place, self.expected = place, expected

    def __call__(self) -> None:
        """Run the cell; whatever comes of it is written down."""
        try:
            end = self._run()
        except BenchError as error:
            end = {"event": "error", "why": error.message, "details": str(error)}
        except Exception as error:
            end = {"event": "error", "why": repr(error), "details": traceback.format_exc()}
        if not Path(self.place).is_dir():
            return  # the run was ended meanwhile, and nobody waits for this any longer
        if archive := end.pop("archive", None):
            atomic_write(Path(self.place) / ARCHIVE, archive.content)
            end["sha256"] = archive.sha256
        atomic_write(Path(self.place) / END, json.dumps(end))

    def checkpoint(self) -> Any:
        """Called by submitit when the task has to leave; training goes on from its own checkpoints."""
        from submitit.helpers import DelayedSubmission

        self._tell({"event": "leaves"})
        return DelayedSubmission(self)

    def _run(self) -> dict[str, Any]:
        if code() != self.expected:
            return {"event": "refused", "code": code()}
        order = read_order(Path(self.place))
        if not shares_disk(order):
            raise BenchError(
                f"a node of the Slurm cluster does not see {order.seen[0]}",
                "point XLSD_CACHE and --results to a disk that all nodes share",
            )
        return run_order(order, [], _nothing, self._tell)

    def _tell(self, letter: Letter) -> None:
        with (Path(self.place) / LETTERS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(letter) + "\n")


def write_order(place: Path, order: Order) -> None:
    """Make the folder of a cell."""
    place.mkdir(parents=True)
    atomic_write(place / ORDER, order.to_json())


def read_order(place: Path) -> Order:
    """What `write_order` wrote."""
    return Order.from_json((place / ORDER).read_text(encoding="utf-8"))


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
