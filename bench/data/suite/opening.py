"""The suite of a profile: the built-in one, or one made of somebody's own data."""

from __future__ import annotations

from collections.abc import Sequence

from bench.base.paths import cache_dir
from bench.base.used import used
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.collection import Progress
from bench.data.suite.build import build_suite
from bench.data.suite.types import Suite


def open_suite(
    data: Data, languages: Languages, codes: Sequence[str], progress: Progress | None = None, key: str = ""
) -> Suite:
    """The suite of these languages; made once, then loaded from the cache folder.

    Args:
        progress: called with one line before each step.
        key: of the suite, where it is known (`CellSpec.data_key`): if it was made, its sources need not be here.

    Raises:
        BenchError: data that cannot be had or used.
    """
    made = cache_dir() / "suite" / key
    if key and (made / "suite.json").exists():
        return Suite.load(used(made))
    if not data.own:
        return _used(build_suite(languages, codes, data.without, progress))
    from bench.data.sources.own import reader_of
    from bench.data.suite.keys import Choices
    from bench.data.suite.own import own_suite

    choices = Choices.of(data)
    return _used(own_suite(reader_of(data, languages), languages, codes, choices, progress or (lambda line: None)))


def _used(suite: Suite) -> Suite:
    used(suite.path)
    return suite
