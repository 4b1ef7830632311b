from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.encoders.states.rowfile import RowFile, rows_of


@pytest.mark.parametrize(("shape", "dtype"), [((9, 4), np.float16), ((9, 3), np.float32), ((9,), np.int32)])
def test_rows_are_those_of_the_array(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    expected = (100 * np.random.default_rng(0).random(shape)).astype(dtype)
    np.save(tmp_path / "a.npy", expected)
    found = rows_of(np.load(tmp_path / "a.npy", mmap_mode="r"))
    assert isinstance(found, RowFile) and len(found) == 9 and found.shape == shape and found.dtype == dtype
    for at in (slice(2, 5), slice(None), slice(0, 9, 2), slice(5, 5), [4, 1, 4], np.array([8])):
        assert np.array_equal(found[at], expected[at])
    assert np.array_equal(found[3], expected[3]) and np.array_equal(np.asarray(found), expected)
    with pytest.raises(IndexError):
        found[9]


def test_what_is_no_whole_file_stays_as_it_is(tmp_path: Path) -> None:
    plain = np.ones((3, 2))
    np.save(tmp_path / "a.npy", plain)
    part = np.load(tmp_path / "a.npy", mmap_mode="r")[1:]
    assert rows_of(plain) is plain and rows_of(part) is part  # a part does not know where it begins
