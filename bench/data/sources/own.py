"""Which reader a profile's `data` section asks for."""

from __future__ import annotations

from pathlib import Path

from bench.data.languages import Languages
from bench.data.settings import BUILTIN, Data
from bench.data.sources.collection import Reader


def reader_of(data: Data, languages: Languages) -> Reader:
    """The reader of data that is not the built-in suite's; nothing but names of files has been read yet.

    Raises:
        BenchError: a folder or file that does not exist, or a language or data set that is not known.
    """
    if data.folder is not None:
        from bench.data.sources.placed import placed

        data = placed(data, languages)
    readers: list[Reader] = []
    if data.suite != BUILTIN or data.bitext or data.tasks:
        from bench.data.sources.local.opening import open_local

        folder = None if data.suite == BUILTIN else Path(data.suite).expanduser()
        merge = data.duplicates == "merge"
        readers.append(open_local(folder, data.bitext, data.tasks, languages, whole=not data.hubs, merge=merge))
    if data.hubs:
        from bench.data.sources.hubs.reader import HubReader

        readers.append(HubReader(data.hubs, languages))
    if len(readers) == 1:
        return readers[0]
    from bench.data.sources.joined import JoinedReader

    return JoinedReader(readers, languages)
