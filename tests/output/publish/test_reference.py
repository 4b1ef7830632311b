"""The folders of the reference runs are still what today's code makes of their scores."""

from __future__ import annotations

import pytest

from bench.base.paths import REPOSITORY
from bench.output.publish.verify import verify


# One of each kind: several tasks, some of them not parallel; a parallel task with several questions on a document.
@pytest.mark.parametrize("name", ["default", "public-cpu-6000"])
def test_published_tables_are_what_their_scores_give(name: str) -> None:
    found = verify(REPOSITORY / "results/reference" / name)
    assert not found.differences, found.differences[:5]
    assert found.tables > 8 and found.cells
