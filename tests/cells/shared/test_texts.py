"""What of the bitext is trained on, and what is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.shared.texts import Texts
from bench.data.stored.bitext import StoredBitext


def made(tmp_path, limit: int) -> Texts:
    rows = [
        ("swh_Latn", "quran", "train", "one two three", "moja mbili tatu"),
        ("swh_Latn", "quran", "train", "one two", "moja mbili tatu nne"),
        ("hau_Latn", "quran", "train", "one", "daya"),
        ("swh_Latn", "kolibri", "train", "four", "nne"),
        ("swh_Latn", "quran", "dev", "a b c d e", "a"),
    ]
    bitext = pd.DataFrame(rows, columns=["language", "source", "split", "english", "text"]).assign(pair_id="p")
    suite = SimpleNamespace(bitext=StoredBitext.of(bitext), tasks={})
    return Texts(suite, limit, lambda texts: np.array([len(text.split()) for text in texts]), tmp_path / "texts")  # type: ignore[arg-type]


def test_pairs_of_which_a_side_is_too_long_are_left_out_and_counted(tmp_path):
    texts = made(tmp_path, 3)
    assert texts.fits.tolist() == [True, False, True, True, False]
    assert texts.left_out(["swh_Latn"]) == {"kolibri": {"pairs": 1, "too_long": 0}, "quran": {"pairs": 2, "too_long": 1}}
    assert texts.left_out(["hau_Latn"]) == {"quran": {"pairs": 1, "too_long": 0}}
    assert list(texts.english) == ["four", "one", "one two three"] and list(texts.english_dev) == []
    assert list(texts.english_training) == list(texts.english) and texts.english_tokens == 5


def test_english_sides_have_rows_whatever_names_them(tmp_path):
    texts = made(tmp_path, 9)
    column = texts.suite.bitext["english"]
    assert texts.rows(column).tolist() == texts.rows_of(column.codes).tolist()
    assert [texts.english[row] for row in texts.rows(column)] == list(column)
    assert list(texts.english_dev) == ["a b c d e"] and len(texts.english_training) == 4
    short = made(tmp_path / "short", 3)
    for unknown in ("a b c d e", "", "zzz"):  # too long, and not there at all
        with pytest.raises(KeyError):
            short.rows([unknown])


def test_what_was_worked_out_is_read_afterwards(tmp_path):
    assert made(tmp_path, 3).english_digest == made(tmp_path, 3).english_digest != made(tmp_path / "b", 9).english_digest
    again = made(tmp_path, 3)
    again.lengths = None  # type: ignore[assignment]
    assert again.fits.sum() == 3 and len(again.english) == 3


def test_pairs_that_are_all_too_long_are_told(tmp_path):
    with pytest.raises(BenchError, match="all 5 pairs are longer than training.max_length = 0 tokens"):
        _ = made(tmp_path, 0).english
