"""Bilingual lexicons: data sets of the hubs that hold words and short phrases, for methods that translate word by word."""

from __future__ import annotations

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.collection import Reader

RULES = 1  # raised by hand when another translation comes out of the same files


def lexicon_reader(name: str, data: Data, languages: Languages) -> Reader:
    """The reader of a lexicon: of its copy in `data.folder` where that is given, else of the hub, as it last said.

    Args:
        name: of the catalogue, such as `gatitos`; `data.hubs` need not name it.

    Raises:
        BenchError: `data.folder` does not hold it.
    """
    if data.folder is None:
        from bench.data.sources.hubs.reader import HubReader
        from bench.data.sources.hubs.revisions import with_revisions

        return HubReader(with_revisions((name,)), languages)
    from bench.data.sources.local.opening import open_local
    from bench.data.sources.placed import placed

    try:
        entries = placed(Data(hubs=(name,), folder=data.folder), languages).bitext
    except BenchError as error:
        raise BenchError(f"lexicon {name}: {error.message}", f"put a copy there, or leave lexicon={name} out") from error
    return open_local(None, entries, (), languages, whole=False)
