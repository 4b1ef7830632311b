"""The suite of a profile: the built-in one, or one made of somebody's own data."""

from __future__ import annotations

from collections.abc import Sequence

from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.collection import Progress
from bench.data.suite.build import build_suite
from bench.data.suite.types import Suite


def open_suite(data: Data, languages: Languages, codes: Sequence[str], progress: Progress | None = None) -> Suite:
    """The suite of these languages; made once, then loaded from the cache folder.

    Args:
        progress: called with one line before each step.

    Raises:
        BenchError: data that cannot be had or used.
    """
    if not data.own:
        return build_suite(languages, codes, data.without, progress)
    from bench.data.sources.own import reader_of
    from bench.data.suite.keys import Choices
    from bench.data.suite.own import own_suite

    choices = Choices.of(data)
    return own_suite(reader_of(data, languages), languages, codes, choices, progress or (lambda line: None))
