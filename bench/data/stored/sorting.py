"""Strings too many for memory, sorted and each once.

Runs of them are sorted one by one and kept in a file, then merged: a range of values at a time, of all runs together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from bench.data.stored.strings import Strings, StringsWriter

if TYPE_CHECKING:
    import pyarrow as pa

RUN = 1 << 16  # strings sorted in memory; twice as many are merged there
Span = tuple[int, int]


def sorted_once(batches: Iterable[pa.LargeStringArray], file: Path) -> np.ndarray:
    """Write the different strings in the order of their code points, as `Strings` reads them.

    Args:
        batches: the strings, at most RUN together.
        file: without an ending.

    Returns:
        (n,) uint32: where each of the strings stands among the written ones.
    """
    with TemporaryDirectory(dir=file.parent, ignore_cleanup_errors=True) as folder:
        writer = StringsWriter(Path(folder) / "runs")
        ends: list[int] = []
        codes: list[np.ndarray] = []
        for batch in batches:
            places, count = _write(writer, batch)
            codes.append(places)
            ends.append((ends[-1] if ends else 0) + count)
        writer.close()
        runs, sorted_runs = list(zip([0, *ends], ends, strict=False)), Strings(Path(folder) / "runs")
        place = np.empty(len(sorted_runs), np.uint32)  # of each string of the runs among the written ones
        writer, before = StringsWriter(file), 0
        for spans in _ranges(sorted_runs, runs):
            (merged, count), at = _write(writer, _joined(sorted_runs, spans)), 0
            for start, stop in spans:
                place[start:stop] = merged[at : at + stop - start] + np.uint32(before)
                at += stop - start
            before += count
        writer.close()
        del sorted_runs  # a network disk removes no folder of which a file is open
    for number, (start, stop) in enumerate(runs):
        codes[number] = place[start:stop][codes[number]]
    return np.concatenate([*codes, np.zeros(0, np.uint32)])


def _write(writer: StringsWriter, texts: pa.LargeStringArray) -> tuple[np.ndarray, int]:
    """Write these sorted and each once: where each of them went, counted from the first of them, and how many went."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = texts.dictionary_encode()
    order = np.asarray(pc.sort_indices(found.dictionary))
    place = np.empty(len(order), np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    writer.add(found.dictionary.take(pa.array(order)))
    return place[np.asarray(found.indices)] if len(texts) else place[:0], len(order)


def _ranges(strings: Strings, runs: Sequence[Span]) -> Iterator[list[Span]]:
    """The part of each run that lies in one range of values after the other, of no more than 2 RUN strings together (or 2 a run).

    Every run gives each of its `step` strings as a sample. Between one of the chosen samples and the next lie fewer than RUN
    strings of the steps in between, and at most a step more in each run.
    """
    if not runs:
        return
    step = max(1, RUN // len(runs))
    samples = sorted(strings.take(np.array([at for start, stop in runs for at in range(start + step, stop, step)], np.int64)))
    starts = [start for start, _ in runs]
    for splitter in samples[len(runs) - 1 :: len(runs)]:
        stops = [bisect_left(strings, splitter, at, stop) for at, (_, stop) in zip(starts, runs, strict=True)]
        yield list(zip(starts, stops, strict=True))
        starts = stops
    yield [(at, stop) for at, (_, stop) in zip(starts, runs, strict=True)]


def _joined(strings: Strings, spans: Sequence[Span]) -> pa.LargeStringArray:
    import pyarrow as pa

    found = [strings.array(start, stop) for start, stop in spans if start < stop]
    return pa.concat_arrays(found) if found else pa.array([], pa.large_string())
