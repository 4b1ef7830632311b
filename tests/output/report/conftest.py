"""A made-up experiment and its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.results import load
from bench.output.report.content import content
from bench.output.report.write import page
from tests.output.report import made


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of the experiment `made`; its suite is in the cache."""
    base = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLSD_CACHE", str(made.cache(base / "cache")))
        yield made.experiment(base / "results" / "made")


@pytest.fixture(scope="session")
def found(world: Path) -> dict[str, Any]:
    """The content of its page."""
    return content([load(world)])[0]


@pytest.fixture(scope="session")
def html(found: dict[str, Any]) -> str:
    return page(found)


@pytest.fixture(scope="session")
def ladder(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The content of the page of two experiments that differ in the budget alone."""
    base = tmp_path_factory.mktemp("ladder")
    steps = [made.experiment(base / name, training={"pairs": pairs}) for name, pairs in (("few", 300), ("more", 1200))]
    return content([load(step) for step in steps])[0]
