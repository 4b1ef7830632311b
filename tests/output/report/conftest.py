"""A made-up experiment, its page, and a browser to open it in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.results import load
from bench.output.report.content import content
from bench.output.report.write import page
from tests.output.report import made

NEEDED = "XLSD_NEED_BROWSER"  # set by .ci/run: there a missing browser is a failure, not a skipped test
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


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
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        message = "no Chromium (apt-get install chromium) or no playwright: the report page is not opened in a browser"
        pytest.fail(message) if os.environ.get(NEEDED) else pytest.skip(message)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()
