"""Which reader a profile's `data` section asks for."""

from __future__ import annotations

from pathlib import Path

from bench.languages import Languages
from bench.profile import BUILTIN, Data
from bench.sources.collection import Reader


def reader_of(data: Data, languages: Languages) -> Reader:
    """The reader of data that is not the built-in suite's; nothing but names of files has been read yet.

    Raises:
        BenchError: a folder or file that does not exist, or a language that is not known.
    """
    from bench.sources.local.opening import open_local

    folder = None if data.suite == BUILTIN else Path(data.suite).expanduser()
    return open_local(folder, data.bitext, data.tasks, languages)
