from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest

from bench.execution.base import RUN_CELL, Finished
from bench.execution.job import execute
from bench.experiment.store import Store
from tests.made_suite import World, made_world

METHODS = ("contrastive", "untrained", "english", "optical", "nmt(decoder_layers=1,max_tokens=6)")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A tiny experiment in `results/made`: `contrastive` with its student, the others without.

    Teacher states are kept in float32: in float16, as they usually are, documents would be rounded, the export's not.
    """
    exact = mock.patch("bench.cells.shared.teacher.STATE", np.float32)
    with exact, made_world(tmp_path_factory.mktemp("export")) as made:
        store = Store(made.base / "results" / "made")
        for method in METHODS:
            spec = made.spec(method).model_copy(update={"keep_student": method == "contrastive"})
            assert isinstance(execute(spec, store, RUN_CELL, lambda *_: None), Finished)
        yield made
