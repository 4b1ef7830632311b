"""A browser for the tests, and what axe-core finds wrong on a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NEEDED = "XLSD_NEED_BROWSER"  # set by .ci/run: there a missing browser is a failure, not a skipped test
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        message = "no Chromium (apt-get install chromium) or no playwright: pages are not opened in a browser"
        pytest.fail(message) if os.environ.get(NEEDED) else pytest.skip(message)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


def violations(tab: Any) -> list[str]:
    """What axe-core finds wrong on the page in `tab`, with all its rules, best practices included: one line an element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [f"{one['id']} ({one['help']}): {node['html'][:160]}" for one in found for node in one["nodes"]]
