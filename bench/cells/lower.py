"""The states that the frozen layers of a student give, shared by the cells of an experiment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bench.base.paths import cache_dir
from bench.cells.shared.context import Context
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoder, TokenizedText, autocast_dtype
from bench.experiment.spec import CellSpec
from bench.training.lower import LowerStates, lower_states


def lower_of(spec: CellSpec, context: Context, student: Encoder, *lists: Sequence[TokenizedText] | None) -> LowerStates | None:
    """States of these texts behind the layers that the cell does not train; None where it trains the embeddings too.

    Args:
        student: as it starts.
        lists: cells with equal lists share what is computed; None is passed over.
    """
    training = spec.training
    if not (training.freeze_embeddings and training.freeze_layers):
        return None
    device = device_of()
    dtype = autocast_dtype(spec.precision, device)
    described = (context.model_prints[1], training.freeze_layers, str(dtype), device)
    folder = cache_dir() / "lower" / hashlib.sha256(repr(described).encode()).hexdigest()[:32]
    return lower_states(student, training.freeze_layers, dtype, [texts for texts in lists if texts], folder)
