"""Runs that are merged give what sorting everything at once gives, with few strings together."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.stored import sorting
from bench.data.stored.strings import Strings


def merged(texts: list[str], folder: Path) -> tuple[list[str], list[int]]:
    batches = [pa.array(texts[at : at + sorting.RUN], pa.large_string()) for at in range(0, len(texts), sorting.RUN)]
    codes = sorting.sorted_once(batches, folder / "out")
    return list(Strings(folder / "out")), codes.tolist()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.sampled_from("abüé日𝒳 \x00"), max_size=3), max_size=60), st.integers(1, 9))
def test_whatever_the_runs(tmp_path_factory: pytest.TempPathFactory, texts: list[str], run: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "RUN", run)
        values, codes = merged(texts, tmp_path_factory.mktemp("sorting"))
    assert values == sorted(set(texts)) and [values[code] for code in codes] == texts


def test_few_are_in_memory_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "RUN", 50)
    most, write = [0], sorting._write

    def counted(writer: Any, texts: pa.Array) -> Any:
        most[0] = max(most[0], len(texts))
        return write(writer, texts)

    monkeypatch.setattr(sorting, "_write", counted)
    texts = [f"the same beginning {i * 7919 % 5000:05}" for i in range(2000)]
    values, _ = merged(texts, tmp_path)
    assert values == sorted(texts) and most[0] <= 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bin", "out.npy"]
