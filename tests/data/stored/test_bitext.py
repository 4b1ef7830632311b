"""What is read from the files is what the table holds."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.data.stored.bitext import COLUMNS, StoredBitext, sampled, store
from bench.data.stored.strings import CHUNK, Strings

TEXTS = ("", "ü", "日本語のテキスト", "a", "Z", "zebra", "𝒳 beyond the plane", "é", "é")


def table(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    pick = lambda *values: [values[i] for i in rng.integers(0, len(values), rows)]  # noqa: E731
    columns = {
        "pair_id": [f"p{i % 37}" for i in range(rows)], "language": pick("swh_Latn", "amh_Ethi"), "source": pick("a", "b", "c"),
        "split": pick("train", "dev"), "english": pick(*TEXTS), "text": [f"{one} {i}" for i, one in enumerate(pick(*TEXTS))],
    }  # fmt: skip
    return pd.DataFrame(columns, dtype="str")


@pytest.fixture
def stored(tmp_path: Path) -> StoredBitext:
    table().to_parquet(tmp_path / "bitext.parquet", row_group_size=64)
    (folder := tmp_path / "pairs").mkdir()
    store(tmp_path / "bitext.parquet", folder)
    return StoredBitext.open(folder)


def test_every_row_comes_back_in_its_place(stored: StoredBitext) -> None:
    frame = table()
    pd.testing.assert_frame_equal(stored.frame(), frame)
    pd.testing.assert_frame_equal(StoredBitext.of(frame).frame(), frame)
    rows = np.array([17, 3, 399, 3])
    pd.testing.assert_frame_equal(stored.frame(rows), frame.loc[rows])
    assert list(stored["text"]) == frame["text"].tolist() and stored["text"][-1] == frame["text"].iloc[-1]
    assert stored["text"][5:9] == frame["text"].tolist()[5:9]


def test_values_are_sorted_so_that_codes_are_ordered_like_texts(stored: StoredBitext) -> None:
    for name in COLUMNS:
        values = list(stored[name].values)
        assert values == sorted(set(table()[name])), name
        assert [stored[name].values.find(value) for value in values] == list(range(len(values)))
        assert stored[name].values.find("zzz not there") is None


def test_rows_and_groups_are_those_of_pandas(stored: StoredBitext) -> None:
    frame = table()
    allowed = np.arange(len(frame)) % 3 > 0
    chosen = (frame["split"] == "train") & frame["language"].isin(["swh_Latn", "xyz_Latn"])
    assert stored.rows("train", ["swh_Latn", "xyz_Latn"]).tolist() == frame.index[chosen].tolist()
    assert stored.rows("train", ["swh_Latn"], allowed).tolist() == frame.index[chosen & allowed].tolist()
    assert stored.rows("train", ["xyz_Latn"]).tolist() == [] == stored.rows("test", ["swh_Latn"]).tolist()
    nested = stored.by_source(np.arange(len(frame)))
    expected = {language: {source: part.index.tolist() for source, part in rows.groupby("source", sort=True)}
                for language, rows in frame.groupby("language", sort=True)}  # fmt: skip
    assert {name: {one: rows.tolist() for one, rows in own.items()} for name, own in nested.items()} == expected
    assert list(nested) == sorted(nested) and stored["source"].counts() == frame["source"].value_counts().sort_index().to_dict()


def test_a_sample_is_that_of_pandas() -> None:
    frame = pd.DataFrame({"a": range(500)})
    assert sampled(np.arange(500), 30).tolist() == frame.sample(30, random_state=0)["a"].tolist()
    assert sorted(sampled(np.arange(5), 30).tolist()) == list(range(5))


def test_more_strings_than_are_read_together(tmp_path: Path) -> None:
    count = CHUNK + 3
    frame = table(count)
    frame.to_parquet(tmp_path / "bitext.parquet")
    store(tmp_path / "bitext.parquet", tmp_path)
    assert list(StoredBitext.open(tmp_path)["text"]) == frame["text"].tolist()


def test_reading_maps_nothing_of_the_texts_into_memory(stored: StoredBitext, tmp_path: Path) -> None:
    _ = list(stored["text"]), list(stored["english"])
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("no /proc here")
    own = [line for line in maps.read_text().splitlines() if str(tmp_path) in line]
    assert own, "codes are mapped"
    assert not any(".bin" in line for line in own)


def test_files_are_closed_with_what_reads_them(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "bitext.parquet")
    store(tmp_path / "bitext.parquet", tmp_path)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(20):
        StoredBitext.open(tmp_path)
    gc.collect()
    assert before == 0 or len(os.listdir("/proc/self/fd")) <= before + 10


def test_files_that_do_not_fit_together_are_told(stored: StoredBitext, tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    np.save(folder / "split-codes.npy", np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="split has 3 rows, and not 400"):
        StoredBitext.open(folder)
    (folder / "text.bin").write_bytes(b"")
    with pytest.raises(OSError, match="shorter"):
        Strings(folder / "text")[3]


def test_a_bitext_without_pairs(tmp_path: Path) -> None:
    table()[:0].to_parquet(tmp_path / "bitext.parquet")
    store(tmp_path / "bitext.parquet", tmp_path)
    empty = StoredBitext.open(tmp_path)
    assert len(empty) == 0 and empty.frame().columns.tolist() == list(COLUMNS) and empty.by_source(np.arange(0)) == {}
