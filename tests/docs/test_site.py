"""The docs site is built strictly, holds what the code says, and asks no other server for anything."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.base.paths import REPOSITORY
from bench.experiment.profile.schema import Profile
from tests.browser import violations

# What a browser fetches by itself: not links that a reader may follow.
FETCHED = (
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|srcset)=[\"']?((?:https?:)?//[^\"'\s>]+)",
    r"<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|icon|preload|preconnect|dns-prefetch|modulepreload|manifest))"
    r"[^>]*?\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)",
    r"url\(\s*[\"']?((?:https?:)?//[^\"')\s]+)",
    r"@import\s+[\"']((?:https?:)?//[^\"']+)",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def fetched(text: str) -> list[str]:
    return [address for form in FETCHED for address in re.findall(form, text, re.I)]


def test_what_is_looked_for_would_be_found() -> None:
    for bad in (
        '<script src="https://a.b/c.js">', "<img alt=x src=//a.b/c.png>", '<link rel="stylesheet" href="https://a.b/c.css">',
        '<link href="https://a.b" rel=preconnect>', "x{background:url(https://a.b/c)}", '@import "https://a.b/c.css"',
    ):  # fmt: skip
        assert fetched(bad), bad
    assert not fetched('<a href="https://a.b">x</a> <img src="c.png"> <link rel="stylesheet" href="c.css"> url(c.woff)')


def test_no_page_asks_another_server(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".svg")]
    assert len(files) > 20
    found = {path.name: addresses for path in files if (addresses := fetched(path.read_text(encoding="utf-8")))}
    assert not found


@pytest.fixture(params=["light", "dark"])
def tab(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A phone's: narrow enough that tables scroll."""
    tab = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=request.param)
    yield tab
    tab.close()


# Each kind of thing that the theme draws: text, tables that scroll, code of each language, made pages.
LOOKED_AT = (
    "index", "answer", "your-method", "your-data", "models", "clusters", "python", "reference/commands",
    "results/reference/public-cpu/leaderboard", "results/reference/speed",
)  # fmt: skip


def test_axe_finds_nothing_and_nothing_is_fetched_from_elsewhere(site: Path, tab: Any) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    found = {}
    for path in (site / f"{name}.html" for name in LOOKED_AT):
        tab.goto(path.as_uri())
        tab.wait_for_timeout(150)  # the theme builds frames of tables and buttons of code
        if wrong := violations(tab):
            found[path.name] = wrong
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, f"{path.name} is wider than a phone"
    assert found == {}
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == [] and len(asked) > len(LOOKED_AT)


def test_each_key_of_a_profile_is_in_the_reference_with_its_meaning(site: Path) -> None:
    page = html.unescape((site / "reference/profile.html").read_text(encoding="utf-8"))
    for name in Profile.model_fields:
        assert f"<code>{name}</code>" in page, name
    assert "share of the steps" in page and "unlabelled texts of a language" in page  # comments beside and above fields


def test_each_command_is_in_the_reference(site: Path) -> None:
    page = html.unescape((site / "reference/commands.html").read_text(encoding="utf-8"))
    for command in ("bench run", "bench compare", "bench data check"):
        assert re.search(rf"<h\d[^>]*>{command}<", page), command
    assert "<code>--methods</code>" in page


def test_the_python_reference_has_the_public_classes(site: Path) -> None:
    page = (site / "python.html").read_text(encoding="utf-8")
    for name in ("methods.base.Method", "methods.base.TokenStates", "bench.base.errors.BenchError"):
        assert f'id="{name}"' in page, name
    assert "what `bench` exports" not in html.unescape(page)
