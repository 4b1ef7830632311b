"""Rows come out as they went in, from memory and from a file, and never too many together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.data.stored import spool
from bench.data.stored.spool import Spool, parts
from bench.data.stored.strings import Gathered

COLUMNS = ("language", "text")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def rows(start: int, stop: int) -> pd.DataFrame:
    found = pd.DataFrame({"text": [f"ü {i}" for i in range(start, stop)], "language": "swh_Latn"}, dtype="str")
    return found.assign(odd=[i % 2 == 1 for i in range(start, stop)])


def filled(*sizes: int) -> Spool:
    made, at = Spool(COLUMNS, flags=("odd",)), 0
    for size in sizes:
        made.add(rows(at, at + size))
        at += size
    return made


def test_few_rows_stay_in_memory(cache: Path) -> None:
    made = filled(3, 4)
    assert len(made) == 7 and made.columns == COLUMNS and not cache.exists()
    pd.testing.assert_frame_equal(made.frame(), rows(0, 7)[list(COLUMNS)])
    assert [part["odd"].tolist() for part in made.parts("odd")] == [[i % 2 == 1 for i in range(7)]]


@pytest.mark.parametrize("sizes", [(40,), (9, 1, 30), (1,) * 40, (10, 10, 10, 10), (39, 1)])
def test_many_lie_in_a_file_and_are_read_in_parts(cache: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...]) -> None:
    monkeypatch.setattr(spool, "PART", 10)
    made = filled(*sizes)
    assert len(made) == 40 and list((cache / "scratch").glob("*/rows.parquet"))
    for _ in range(2):  # as often as one likes
        pd.testing.assert_frame_equal(made.frame(), rows(0, 40)[list(COLUMNS)])
        assert [len(part) for part in made.parts()] == [10, 10, 10, 10]
    [text, odd] = (pd.concat([part[name] for part in made.parts("text", "odd")]).tolist() for name in ("text", "odd"))
    assert text[39] == "ü 39" and odd == [i % 2 == 1 for i in range(40)]


def test_a_table_that_is_written_has_the_columns_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PART", 10)
    for made in (filled(25), filled(3), filled()):
        made.write(tmp_path / "t.parquet")
        found = pd.read_parquet(tmp_path / "t.parquet")
        assert tuple(found.columns) == COLUMNS and found["text"].tolist() == [f"ü {i}" for i in range(len(made))]


def test_nothing_and_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(filled().parts()) == [] and tuple(filled().frame().columns) == COLUMNS
    frame = rows(0, 3)
    [part] = parts(frame, "text")
    pd.testing.assert_frame_equal(part, frame[["text"]])
    monkeypatch.setattr(spool, "PART", 2)
    assert [len(part) for part in parts(filled(5), "text")] == [2, 2, 1]


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(spool, "PART", 2)
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(BenchError, match=f"cannot write {cache}/scratch.*: No space left"):
        filled(5)
    monkeypatch.setattr("bench.data.stored.strings.StringsWriter.add", full)
    with pytest.raises(BenchError, match=f"cannot write {cache}/scratch.*: No space left"):
        Gathered(1).add(["a", "b"])


@pytest.mark.parametrize("few", [100, 3])
def test_gathered_strings_come_in_any_order(few: int, cache: Path) -> None:
    gathered = Gathered(few)
    for start in range(0, 20, 2):
        gathered.add([f"ü {start}", "" if start == 4 else f"ü {start + 1}"])
    assert gathered.take(np.array([19, 3, 3, 5, 0])) == ["ü 19", "ü 3", "ü 3", "", "ü 0"]
    assert gathered.take(np.array([], np.int64)) == [] and cache.exists() is (few == 3)
