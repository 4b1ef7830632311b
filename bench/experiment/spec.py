"""A cell's spec holds everything that decides its result."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from bench.base.errors import BenchError
from bench.base.settings import Settings
from bench.data.settings import Data
from bench.encoders.settings import Models, Space
from bench.experiment.profile.schema import Evaluation
from bench.retrieval.settings import Retrieval
from bench.training.settings import Training
from methods.facts import facts

TRAINING_LOOP = 3  # raised when the training loop changes results: those of trained cells are stale then
FOLDER_KEY = 64  # characters of the key of a model that is a folder: a sha256; a name on the hub has a commit
# What decides nothing of a result, or has its own place in the key.
UNDECIDING = {"threads", "devices", "states_gb", "keep_student", "checkpoint_minutes", "method_source", "retrieval"}
CORE = 5  # first languages of the order: trained in every cell of the default sizes
_ID = re.compile(r"(?P<method>.+)@(?P<size>\d+)#(?P<seed>\d+)(?:~(?P<order>[^~]+))?")


@dataclass(frozen=True)
class CellName:
    """A cell id taken apart: `optical@20#1` or, off the experiment's own order, `optical@20#1~mixed`.

    In a `Plan`, `method` is the short name that the profile gives it, if it gives one; `id` is always that of the cell.
    """

    id: str
    method: str
    size: int
    seed: int
    order: str

    @classmethod
    def parse(cls, cell_id: str, own_order: str) -> CellName:
        """Raises `BenchError` when `cell_id` is not a cell id."""
        match = _ID.fullmatch(cell_id)
        if not match:
            raise BenchError(f"{cell_id!r} is not a cell id", "a cell id looks like optical@20#1")
        return cls(cell_id, match["method"], int(match["size"]), int(match["seed"]), match["order"] or own_order)


class CellSpec(Settings):
    """One point of the grid, fully resolved: the argument of `bench.cells.cell.run_cell`.

    Frozen, picklable; `model_dump_json` and `CellSpec.model_validate_json` are inverse to each other.
    """

    id: str  # 'optical@20#1', with '~order' where the order is not the experiment's own
    method: str  # canonical method spec
    method_version: int
    method_source: str = ""  # `path/to/mine.py:MyLoss` of a method in a file of its own
    params: dict[str, Any]  # of the method, defaults included: another default is another cell
    trained: bool
    size: int  # number of trained languages; 0 for methods that are not trained
    seed: int
    order: str  # its name; 'list-<hash>' for a list of languages
    languages: tuple[str, ...]  # trained, in order
    order_languages: tuple[str, ...]  # the whole order: trained, then held out
    guard: tuple[str, ...]  # never trained, always evaluated; none of them is in the order
    models: Models
    data: Data
    data_key: str  # identity of the suite's content
    model_keys: dict[str, str]  # content of models (hash of a folder, commit of a hub name), of a method from outside (`plugin`)
    training: Training  # with the method's own settings applied
    space: Space
    evaluation: Evaluation
    retrieval: Retrieval = Retrieval()
    precision: str
    threads: int  # of the worker; recorded, but no part of the key
    keep_student: bool = False  # store what training changed of the student; no part of the key
    devices: int = 1  # that train it together, with the losses of one; no part of the key
    states_gb: float = 100.0  # room of the teacher's states of English texts; no part of the key
    checkpoint_minutes: float = 0.0  # between two checkpoints of its training, 0: none; no part of the key

    @property
    def held_out(self) -> tuple[str, ...]:
        """Languages of the order that are not trained."""
        return self.order_languages[self.size :]

    @property
    def core(self) -> tuple[str, ...]:
        """The first languages of the order, which show interference as the size grows."""
        return self.order_languages[:CORE]

    @property
    def suite_languages(self) -> tuple[str, ...]:
        """Languages of the suite, which texts are drawn and split over: what is trained on, held out or guarded."""
        return self.order_languages + self.guard

    @property
    def asked(self) -> tuple[str, ...]:
        """Languages that questions are asked in, as far as a task has them: all of the suite unless the evaluation names some."""
        named = self.evaluation.languages
        return self.suite_languages if named is None else tuple(code for code in named.split(",") if code)

    @property
    def pairs(self) -> int:
        """Training pairs that the cell sees."""
        return self.training.total_pairs(self.size) if self.trained else 0

    @property
    def matched_pairs(self) -> int | None:
        """The budget's pairs, where the method is bound to them; None where nothing is trained, or on other data as well."""
        return self.pairs if self.trained and facts(self.method).is_matched else None

    @property
    def key(self) -> str:
        """sha256 over everything that decides the result; stored results with another key are stale."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def identity(self) -> dict[str, Any]:
        """What the key covers."""
        # Of a method in a file the content counts (in model_keys), not where it lies.
        content = self.model_dump(mode="json", exclude=UNDECIDING)
        # The texts themselves are in data_key; the file or the name that led to them does not matter.
        content["data"] = {"without": content["data"]["without"]}
        del content["evaluation"]["min_questions"]  # a matter of tables
        if self.evaluation.languages is None:
            del content["evaluation"]["languages"]  # as before it could be said
        del content["models"]["places"]  # what they lead to is in model_keys
        for side in ("teacher", "student"):
            if len(self.model_keys.get(side, "")) == FOLDER_KEY:
                content["models"][side] = "a folder"  # its content counts, wherever it lies
        content["space"] = self.space.of_key()
        if self.models.head == "none":
            del content["models"]["head"]  # as before there were any
        if decided := self.retrieval.deciding(self.evaluation.late_mode == "approximate"):
            content["retrieval"] = decided
        if self.trained:
            content["training_loop"] = TRAINING_LOOP
        else:
            # What is left of it for them: how long the English texts are that the space is fitted on.
            content["training"] = {"max_length": self.training.max_length}
        return content
