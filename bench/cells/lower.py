"""The states that the frozen layers of a student give, shared by the cells of an experiment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bench.base.paths import cache_dir
from bench.cells.shared.context import Context
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoder, TokenizedText, autocast_dtype
from bench.experiment.spec import CellSpec
from bench.training.lower import LowerStates, lower_states

MOST = 100_000  # texts: of more the places of the states alone, and the lists of tokens, would fill the memory


def lower_of(spec: CellSpec, context: Context, student: Encoder, *lists: Sequence[TokenizedText] | None) -> LowerStates | None:
    """States of these texts behind the layers that the cell does not train.

    None where it trains the embeddings too, and of more texts than `MOST`.

    Args:
        student: as it starts.
        lists: cells with equal lists share what is computed; None is passed over.
    """
    if not trains_upper_only(spec):
        return None
    dtype = autocast_dtype(spec.precision, device_of())
    given = [texts for texts in lists if texts]
    if sum(map(len, given)) > MOST:
        return None
    return lower_states(student, spec.training.freeze_layers, dtype, given, folder_of(spec, context))


def trains_upper_only(spec: CellSpec) -> bool:
    """Whether embeddings and some layers of the student stay as they are."""
    return bool(spec.training.freeze_embeddings and spec.training.freeze_layers)


def folder_of(spec: CellSpec, context: Context, *more: str) -> Path:
    """Where states of the student behind its frozen layers lie; `more` parts those that are computed in another way."""
    device = device_of()
    described = (context.model_prints[1], spec.training.freeze_layers, str(autocast_dtype(spec.precision, device)), device, *more)
    return cache_dir() / "lower" / hashlib.sha256(repr(described).encode()).hexdigest()[:32]
