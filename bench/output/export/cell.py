"""From a stored cell to an encoder that can be exported."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bench.analysis.results import no_experiment
from bench.base.errors import BenchError, unknown
from bench.base.jsonfile import read_json
from bench.base.paths import atomic_dir, atomic_write
from bench.base.progress import steps, tell, under
from bench.cells.shared.context import Context, context_of
from bench.cells.students import put_back, read_student
from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from bench.encoders.space import Space
from bench.experiment.method_specs import method_spec
from bench.experiment.spec import CellSpec
from bench.experiment.store import STUDENT, Store, folder_name
from bench.output.export import card, layout, prefixes
from methods import registry

LOADING, CHECKING, WRITING = "loading the student", "checking its tokens", "writing"  # phases of progress
SAMPLE = 400  # texts of the suite on which the tokens of the export are checked


@dataclass(frozen=True)
class StoredCell:
    """A finished cell: its folder, what was asked for, and what came of it."""

    folder: Path
    spec: CellSpec
    manifest: dict[str, Any]

    @property
    def kind(self) -> str:
        """Kind of its method, see `methods.base.Method`; a cell with a student is one of distillation."""
        if STUDENT in self.manifest["files"]:
            return "distil"
        return registry.declaration(method_spec(self.spec.method, _files(self.spec))).kind


def export(experiment: Path, cell_id: str, target: Path) -> Path:
    """Write the student of a cell as directories for sentence-transformers and PyLate, each with a model card.

    `untrained` gives the student before training, `english` the teacher, which encodes the documents.

    Args:
        experiment: `results/<experiment>`.
        cell_id: such as `optical@20#0`.
        target: folder that is made; it gets `dense/` and `late/`.

    Returns:
        `target`.

    Raises:
        BenchError: no such cell, it has no student or did not store it, the folder is taken.
    """
    cell = find(experiment, cell_id)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BenchError(f"{target} is there already", "give another folder, or remove it first")
    check_kind(cell, experiment)
    context = context_of(cell.spec)
    with under(LOADING):
        tell(LOADING)
        encoder, space = _encoder(cell, context)
    with under(CHECKING):
        tell(CHECKING)
        marked = prefixes.mark(encoder)
        prefixes.check(encoder, marked, _sample(context))
    tell(WRITING)
    with atomic_dir(target) as folder:
        layout.write(folder, encoder, marked, space, "document" if cell.kind == "english" else "query")
        facts = card.Facts.of(cell.folder, cell.spec, cell.manifest, cell.kind, encoder, marked)
        for form in steps(WRITING, (layout.LATE, layout.DENSE)):
            atomic_write(folder / form / "README.md", card.text(facts, form))
    return target


def _sample(context: Context) -> list[str]:
    """About `SAMPLE` of the texts that a student reads, evenly from all of them."""
    suite = context.suite
    asked = sum(len(task.texts()) for task in suite.tasks.values())
    count = sum(len(suite.bitext[side].values) for side in ("text", "english")) + asked
    every = max(1, count // SAMPLE)
    return list(dict.fromkeys(islice(context.texts.read_by_student(), 0, None, every)))


def find(experiment: Path, cell_id: str) -> StoredCell:
    """The finished cell of this id. Raises `BenchError` when there is none, or what there is cannot be read."""
    store = Store(experiment)
    if not store.cells.is_dir():
        raise no_experiment(experiment)
    folder = store.cells / folder_name(cell_id)
    if not folder.is_dir():
        ids = [str(one.get("id")) for one in store.manifests() if one.get("status") == "done"]
        if not ids:
            raise BenchError(f"{experiment} holds no finished cell", "give --profile and --results as for `bench run`")
        raise unknown("cell", cell_id, ids, f"in {experiment}")
    manifest = read_json(folder / "manifest.json")
    if manifest.get("status") != "done":
        raise BenchError(f"the cell {cell_id} has failed or is damaged", f"see {folder / 'error.txt'}, and run it again")
    try:
        spec = CellSpec.model_validate(read_json(folder / "spec.json"))
    except ValueError as error:
        raise BenchError(f"the cell {cell_id} was stored by another version of the program", "run it again") from error
    return StoredCell(folder, spec, manifest)


def _files(spec: CellSpec) -> dict[str, str] | None:
    """Where the method of a cell lies, if in a file of its own."""
    return {spec.method.partition("(")[0]: spec.method_source} if spec.method_source else None


def check_kind(cell: StoredCell, experiment: Path) -> None:
    """Raise a `BenchError` for a cell without a student, or one that did not keep it."""
    name, kind = cell.spec.id, cell.kind
    if kind == "translate":
        raise BenchError(
            f"{name} has no student: it translates the query, and the teacher searches with the translation",
            "`bench export english@0#0 DIR` exports that teacher",
        )
    if registry.declaration(method_spec(cell.spec.method, _files(cell.spec))).placing:
        raise BenchError(
            f"{name} has no student of its own: the untrained one, with vectors corrected behind the model",
            "`bench export untrained@0#0 DIR` exports that student",
        )
    if kind in ("distil", "none") and cell.spec.space.language_means == "own":
        raise BenchError(
            f"{name} centres each language on a mean of its own, and an exported model has one mean for all",
            "export a cell of an experiment with space.language_means = english",
        )
    if kind == "retriever":
        raise BenchError(f"{name} has no student: it is an encoder as it is, in a space of its own", "export another cell")
    if kind == "distil" and STUDENT not in cell.manifest["files"]:
        raise BenchError(
            f"the student of {name} was not stored",
            f"run the cell again, its key and its scores stay the same: {again(cell.spec, experiment)}",
        )


def again(spec: CellSpec, experiment: Path) -> str:
    """The command that runs a cell once more and keeps its student.

    It takes the profile that the experiment was run with, values changed on the command line included.
    """
    method = spec.method
    if spec.method_source:
        method = spec.method_source + method[len(method.partition("(")[0]) :]
    order = f" --order {spec.order}" if "~" in spec.id else ""
    if spec.order.startswith("list-"):
        order = f" --languages {','.join(spec.order_languages)}"
    profile = f"--profile {shlex.quote(str(experiment / 'profile.yaml'))} --results {shlex.quote(str(experiment.parent))}"
    return f"bench run {profile} --methods '{method}' --sizes {spec.size} --seeds {spec.seed}{order} --keep-students"


def _encoder(cell: StoredCell, context: Context) -> tuple[Encoder, Space]:
    """With its whole vocabulary, in float32, on the processor; and the space of the cell."""
    if cell.kind == "distil":
        stored = read_student(cell.folder)
        return put_back(stored, load_encoder(stored.start)), stored.space
    if cell.kind == "english":
        return load_encoder(context.key.teacher), context.teacher.space
    return context.student.with_head(load_encoder(context.key.student)), context.teacher.space
