"""chrF and BLEU of translations, over all and by language, and what of them was copied."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.cells.translation.quality import by_language, quality, shared


def test_quality_against_nltk_and_the_metrics_by_name():
    """Of single words, so that both cut alike; translation and reference do not change places (BLEU punishes short ones)."""
    from nltk.translate.bleu_score import corpus_bleu
    from sacrebleu.metrics import BLEU, CHRF

    found = ["the cat drinks the milk of the dog", "a dog reads an old book", "water flows to the sea today"]
    written = ["the cat drinks the milk of a dog", "the dog reads the old book at home", "the water flows slowly to the sea"]
    ours = quality(found, written)
    theirs = 100 * corpus_bleu([[one.split()] for one in written], [one.split() for one in found])
    assert ours["bleu"] == pytest.approx(theirs, abs=0.005) and 10 < theirs < 90
    assert ours["bleu"] != quality(written, found)["bleu"] and ours["chrf"] != quality(written, found)["chrf"]
    chrf = CHRF(char_order=6, word_order=0, beta=2)
    assert ours["chrf"] == pytest.approx(chrf.corpus_score(found, [written]).score, abs=0.005)
    bleu = BLEU(tokenize="13a", smooth_method="exp")  # of texts with punctuation the name says how they are cut
    punctuated = ["Hello, world!", "It's 3.5 km."], ["Hello world!", "It is 3.5 km."]
    assert quality(*punctuated)["bleu"] == pytest.approx(bleu.corpus_score(punctuated[0], [punctuated[1]]).score, abs=0.005)


def test_quality():
    assert quality(["a b c d"], ["a b c d"]) == {"chrf": 100.0, "bleu": 100.0, "pairs": 1}
    assert quality(["x"], ["a b c d"])["chrf"] == 0.0


class Halves:
    """Translates every second Swahili word; copies English but for its last word."""

    asked: list[tuple[str, str]]

    def __init__(self) -> None:
        self.asked = []

    def translate(self, texts: list[tuple[str, str]]) -> list[str]:
        self.asked += texts
        known = {"paka": "cat", "anasoma": "reads", "kitabu": "book"}
        return [
            " ".join(text.split()[:-1] if code == "eng_Latn" else (known.get(word, word) for word in text.split()))
            for code, text in texts
        ]


ROWS = pd.DataFrame(
    [("swh_Latn", "paka anasoma", "cat reads"), ("hau_Latn", "Amina kitabu", "amina book"),
     ("swh_Latn", "paka kitabu leo usiku", "cat reads tonight again"), ("hau_Latn", "mage", "cat")],
    columns=["language", "text", "english"],
)  # fmt: skip


def test_by_language():
    translator = Halves()
    found = by_language(translator, ROWS, True, list)
    assert list(found) == ["hau_Latn", "swh_Latn"]
    wanted = quality(["cat reads", "cat book leo usiku"], ["cat reads", "cat reads tonight again"])
    assert {name: found["swh_Latn"][name] for name in wanted} == wanted
    assert found["swh_Latn"]["kept"] == pytest.approx(2 / 6, abs=1e-4)  # leo usiku, of six words
    assert found["hau_Latn"]["kept"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["swh_Latn"]["copied_english"] == pytest.approx(4 / 6, abs=1e-4)
    assert found["hau_Latn"]["copied_english"] == pytest.approx(1 / 3, abs=1e-4)
    assert len([one for one in translator.asked if one[0] == "eng_Latn"]) == 4


def test_by_language_without_copies_and_without_pairs():
    translator = Halves()
    assert by_language(translator, ROWS, False, list)["swh_Latn"]["copied_english"] is None
    assert all(code != "eng_Latn" for code, _ in translator.asked)
    assert by_language(translator, ROWS[:0], True, list) == {}
    assert shared(["a"], ["?"], list) is None and shared(["b b"], ["b b b"], list) == pytest.approx(2 / 3, abs=1e-4)
