"""What a cell keeps of its trained student: the tensors that training changed, and what they were changed from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.paths import readable
from bench.encoders.encoder import Encoder
from bench.encoders.fingerprint import fingerprint
from bench.encoders.head import Head
from bench.encoders.load import model_folder
from bench.encoders.space import Space
from bench.experiment.store import STUDENT
from bench.training.freezing import freeze
from bench.training.settings import Training

HEAD = "head.safetensors"
KEPT = "kept_ids"  # name of the token ids whose rows a trained word embedding has


@dataclass(frozen=True)
class Stored:
    """A student as a cell keeps it.

    Attributes:
        start: what `load_encoder` was given for the student before training.
        content: fingerprint of that model's files.
        tensors: trained parameters by their names in the model; the word embedding, if trained, has the rows `kept_ids`.
        kept_ids: (rows,) int64 token ids of a trained word embedding; None where it stayed as it was.
        space: where student and teacher are compared.
        head: layers behind the model, if there were any.
    """

    start: str
    content: str
    tensors: dict[str, Tensor]
    kept_ids: Tensor | None
    space: Space
    head: Head | None


def save_student(cell: Path, student: Encoder, start: str, settings: Training, space: Space) -> int:
    """Write the trained part of `student` into a cell's folder.

    Args:
        cell: the folder that the cell's files go to.
        student: after training, its vocabulary trimmed or not.
        start: name or directory that it was loaded from.
        settings: with which it was trained; they say which parts stayed as they were.
        space: of the cell.

    Returns:
        Size of the tensors in bytes.
    """
    from safetensors.torch import save_file

    freeze(student.model, settings)
    tensors = {
        name: parameter.detach().to("cpu", torch.float32).contiguous()
        for name, parameter in student.model.named_parameters()
        if parameter.requires_grad
    }
    student.model.requires_grad_(False)
    if words_of(student) in tensors and student.kept_ids is not None:
        tensors[KEPT] = student.kept_ids.clone()
    file = cell / STUDENT
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(file), metadata={"format": "pt"})
    space.save(file.with_name("space.npz"))
    if student.head is not None:
        student.head.save(file.with_name(HEAD))
    readable(file.parent)
    size = file.stat().st_size
    about = {"start": start, "content": fingerprint(model_folder(start)), "tensors": len(tensors), "bytes": size}
    file.with_name("student.json").write_text(to_json(about), encoding="utf-8")
    return size


def read_student(cell: Path) -> Stored:
    """What `save_student` wrote. Raises `BenchError` when it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = cell / STUDENT
    about = read_json(file.with_name("student.json"))
    try:
        tensors = load_file(str(file))
        kept = tensors.pop(KEPT, None)
        space, path = Space.load(file.with_name("space.npz")), file.with_name(HEAD)
        head = Head.load(path) if path.exists() else None
        return Stored(str(about["start"]), str(about["content"]), tensors, kept, space, head)
    except (OSError, KeyError, SafetensorError) as error:
        raise BenchError(f"the student in {file.parent} cannot be read: {error}", "run the cell again") from error


def put_back(stored: Stored, full: Encoder) -> Encoder:
    """`full`, the student before training with its whole vocabulary, with the trained tensors in their places.

    Args:
        stored: what the cell kept.
        full: loaded from `stored.start`; changed in place.

    Raises:
        BenchError: its files are not those that the student was trained from, or have other parts.
    """
    if fingerprint(model_folder(stored.start)) != stored.content:
        raise BenchError(
            f"the model {stored.start} has other files than when the cell was trained",
            "bring the old files back, or train the cell again from the new ones",
        )
    parameters: dict[str, Any] = dict(full.model.named_parameters())
    words = words_of(full)
    for name, tensor in stored.tensors.items():
        if name not in parameters:
            raise BenchError(f"the model {stored.start} has no part {name}", "another version of transformers? Train again")
        rows = stored.kept_ids if name == words else None
        with torch.no_grad():
            target = parameters[name] if rows is None else parameters[name][rows]
            if target.shape != tensor.shape:
                raise BenchError(f"{name} is {tuple(tensor.shape)} in the cell, {tuple(target.shape)} in {stored.start}")
            if rows is None:
                parameters[name].copy_(tensor)
            else:
                parameters[name][rows] = tensor
    full.head = stored.head
    return full


def words_of(encoder: Encoder) -> str:
    """Name of the word embedding among the parameters."""
    table = encoder.model.get_input_embeddings().weight
    return next(name for name, parameter in encoder.model.named_parameters() if parameter is table)
