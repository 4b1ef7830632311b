"""What of the bitext is trained on, and what is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.shared.texts import Texts


def made(tmp_path, limit: int) -> Texts:
    rows = [
        ("swh_Latn", "quran", "train", "one two three", "moja mbili tatu"),
        ("swh_Latn", "quran", "train", "one two", "moja mbili tatu nne"),
        ("hau_Latn", "quran", "train", "one", "daya"),
        ("swh_Latn", "kolibri", "train", "four", "nne"),
        ("swh_Latn", "quran", "dev", "a b c d e", "a"),
    ]
    bitext = pd.DataFrame(rows, columns=["language", "source", "split", "english", "text"])
    suite = SimpleNamespace(bitext=bitext, tasks={})
    return Texts(suite, limit, lambda texts: np.array([len(text.split()) for text in texts]), tmp_path / "fits.npy")  # type: ignore[arg-type]


def test_pairs_of_which_a_side_is_too_long_are_left_out_and_counted(tmp_path):
    texts = made(tmp_path, 3)
    assert texts.fits.tolist() == [True, False, True, True, False]
    assert texts.left_out(["swh_Latn"]) == {"kolibri": {"pairs": 1, "too_long": 0}, "quran": {"pairs": 2, "too_long": 1}}
    assert texts.left_out(["hau_Latn"]) == {"quran": {"pairs": 1, "too_long": 0}}
    assert texts.english == ["four", "one", "one two three"] and texts.english_dev == []


def test_pairs_that_are_all_too_long_are_told(tmp_path):
    with pytest.raises(BenchError, match="all 5 pairs are longer than training.max_length = 0 tokens"):
        _ = made(tmp_path, 0).english
