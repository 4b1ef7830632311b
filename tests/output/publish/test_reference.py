"""The folders of the reference runs are still what today's code makes of their scores."""

from __future__ import annotations

import pytest

from bench.base.paths import REPOSITORY
from bench.output.publish.verify import verify


# One of each kind: several tasks, some of them not parallel, one seed; one parallel task, five seeds. The others take a minute.
@pytest.mark.parametrize("name", ["default", "public-cpu-800-sizes"])
def test_published_tables_are_what_their_scores_give(name: str) -> None:
    found = verify(REPOSITORY / "results/reference" / name)
    assert not found.differences, found.differences[:5]
    assert found.tables > 8 and found.cells
