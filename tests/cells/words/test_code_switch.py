"""Words in the places of others, the lexicon from English, and what a seed decides."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.cells.words.code_switch import EnglishLexicon, code_switched, replaced
from methods import registry
from tests.made_suite import LETTERS, WORDS, bitext, translated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cats, cats and dogs!", "paka, paka and mbwa!"),
        ("cats-and-dogs (cats)", "paka-and-mbwa (paka)"),
        ("a cat's cats; 'cats'", "a cat's paka; 'paka'"),  # no part of a longer word
        ("ca\u200dts, cats", "ca\u200dts, paka"),  # not where an invisible character is inside
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_all_between_the_words_stays(text: str, expected: str):
    known = {"cats": "paka", "dogs": "mbwa"}
    found, count, gone = replaced(text, lambda word: known.get(word.lower()), list)
    assert found == expected and gone == sum(expected.count(word) for word in known.values())
    assert count >= gone


def test_apostrophes_of_any_kind_are_the_same_word():
    assert replaced("don\u2019t, don\u02bct", {"don't": "usi"}.get, list) == ("usi, usi", 2, 2)


FOREIGN = ["Das Haus", "Ein Haus", "das Buch", "ein Buch liest", "Straße", "Straße", "strasse"]
ENGLISH = ["the house", "a house", "the book", "a book reads", "street", "street", "street"]


def test_the_lexicon_gives_words_as_they_are_mostly_written():
    lexicon = EnglishLexicon(FOREIGN, ENGLISH, 20, list)
    assert [lexicon.best(word) for word in ("House", "book", "street")] == ["Haus", "Buch", "Straße"]
    assert lexicon.best("unknown") is None


def test_a_word_without_a_foreign_side_has_no_translation():
    assert EnglishLexicon(["...", "paka"], ["milk", "cat"], 3, list).best("milk") is None


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    table = bitext()
    table = table[table["split"] == "train"].sample(frac=1, random_state=0)
    return pd.concat([table, table[:60]])  # some pairs are drawn twice, so the index repeats


def test_words_become_those_of_the_own_language(rows: pd.DataFrame):
    found = code_switched(rows, 1.0, 5, 0, list)
    assert found.index.equals(rows.index) and found["english"].equals(rows["english"])
    assert (found["words"] == found["replaced"]).all()
    right = [text == translated(english, language) for text, english, language in
             found[["text", "english", "language"]].itertuples(index=False)]  # fmt: skip
    assert sum(right) > 0.95 * len(rows)


def test_the_share_is_that_of_the_words(rows: pd.DataFrame):
    for share in (0.25, 0.5):
        found = code_switched(rows, share, 5, 0, list)
        assert found["replaced"].sum() / found["words"].sum() == pytest.approx(share, abs=0.05)
        english = [sum(word in WORDS for word in text.split()) for text in found["text"]]
        assert english == (found["words"] - found["replaced"]).tolist()


def test_the_seed_decides_and_each_language_draws_on_its_own(rows: pd.DataFrame):
    first, again, other = (code_switched(rows, 0.5, 5, seed, list)["text"] for seed in (0, 0, 1))
    assert first.equals(again) and (first != other).mean() > 0.5
    alone = rows[rows["language"] == "hau_Latn"]
    assert code_switched(alone, 0.5, 5, 0, list)["text"].tolist() == first[(rows["language"] == "hau_Latn").to_numpy()].tolist()
    # Drawn twice, switched twice: the second time in another way.
    twice = first.groupby(level=0).agg(list)
    assert any(len(texts) == 2 and texts[0] != texts[1] for texts in twice)
    # The same sentences in the same order: another language switches other words of them.
    english = rows[rows["language"] == "hau_Latn"]["english"].tolist()
    same = pd.concat([pd.DataFrame({"language": code, "english": english, "text": [translated(e, code) for e in english]})
                      for code in LETTERS])  # fmt: skip
    counts = code_switched(same, 0.5, 5, 0, list).groupby("language")["replaced"].agg(tuple)
    assert len(set(counts)) == len(LETTERS)


@pytest.mark.parametrize("text", ["share=0", "share=1.5", "share=nan", "rounds=0"])
def test_parameters_that_switch_nothing_are_a_mistake(text: str):
    with pytest.raises(registry.MethodError, match=f"code_switch: {text.partition('=')[0]}"):
        registry.load(registry.parse_spec(f"code_switch({text})"))
