import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.data.suite.cleaning import keys
from bench.data.suite.leakage import DEV, TEST, Finder, check, forbidden, leaking, levels, long_enough, protect
from bench.data.suite.types import TABLES, table

VERSE = "and most surely your Lord is the Mighty, the Merciful"
ANSWER = "Scratch is used by people from all backgrounds."


def rows(*pairs: tuple[str, str, str], language: str = "swh_Latn") -> pd.DataFrame:
    """Bitext out of (split, english, text)."""
    return table(
        [(f"p{n}", language, "kolibri", split, english, text) for n, (split, english, text) in enumerate(pairs)],
        TABLES["bitext"],
    )


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("five words are long enough", True),
        ("four words are not", False),
        ("什么是Scratch", False),
        ("如何创建一个游戏或动画作品呢请说", True),
    ],
)
def test_length_counts_words_or_letters_of_unspaced_scripts(text: str, enough: bool) -> None:
    assert long_enough(text) is enough


def test_long_texts_leak_by_containment_whatever_the_punctuation() -> None:
    found = Finder.of({VERSE: TEST}).find(
        ["Go. And MOST surely, your Lord is the mighty the merciful -- so it was.", "something else", VERSE]
    )
    assert sorted(found) == [0, 2]


def test_short_texts_and_terms_leak_by_equality_only() -> None:
    find = Finder.of({"Who uses Scratch?": TEST}, {"face with tears of joy": TEST}).find
    texts = ["who uses scratch", "Who uses Scratch? I do", "the face with tears of joy", "Face with tears of joy!"]
    assert sorted(find(texts)) == [0, 3]


def test_the_higher_level_wins() -> None:
    text = "this sentence is protected twice over"
    found = Finder.of({text: DEV, text.upper(): TEST}).find([text, f"well, {text}"])
    assert {number: level for number, (level, _) in found.items()} == {0: TEST, 1: TEST}


@given(
    st.lists(st.text("abc de", min_size=1, max_size=40), max_size=8),
    st.lists(st.text("abc de", min_size=0, max_size=90), min_size=1, max_size=8),
)
def test_find_agrees_with_a_plain_search(protected: list[str], texts: list[str]) -> None:
    found = Finder.of(dict.fromkeys(protected, TEST)).find(texts)
    expected = set()
    for number, text in enumerate(keys(texts)):
        for raw, part in zip(protected, keys(protected), strict=True):
            inside = len(part) >= 8 and long_enough(raw) and part in text
            if part and (inside or part == text):
                expected.add(number)
    assert set(found) == expected


@pytest.mark.parametrize("length", [8, 15, 16, 17, 31, 32, 63, 64, 65, 200])
@pytest.mark.parametrize("place", [0, 1, 37])
def test_find_sees_parts_of_every_length_at_every_place(length: int, place: int) -> None:
    part = ("abcdefghijklmnopqrstuvwxyz0123456789" * 6)[:length]
    spaced = part[0] + " " + " ".join(part[1:4]) + " " + part[4:]
    assert sorted(Finder.of({spaced: TEST}).find(["z" * place + part + "zz", part[:-1], "y"])) == [0]


def test_a_text_is_not_found_across_two_others() -> None:
    assert Finder.of({VERSE: TEST}).find([VERSE[:20], VERSE[20:]]) == {}


def tables(split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    documents = table([("faq", "a1", ANSWER), ("faq", "a2", "A distractor of more than five words")], TABLES["documents"])
    queries = table(
        [("passages", split, "amh_Ethi", "v1", VERSE), ("symbols", split, "swh_Latn", "q1", "wikendi njema")],
        TABLES["queries"],
    )
    faq = table([("faq", split, "swh_Latn", "f1", "swali")], TABLES["queries"])
    return documents, pd.concat([queries, faq])


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("one clean string", f"so: {VERSE}"),  # a query of another language in the X side
        (f"Say {VERSE}", "safi kabisa"),  # its English counterpart
        (f"Well, {ANSWER}", "safi kabisa"),  # an answer
        ("one clean string", "Wikendi njema."),  # a keyword as a whole segment
        ("A distractor of more than five words", "bughudha"),  # a document that no query asks for
        ("one clean string", "a distractor: of more than five words!"),  # the same, untranslated
    ],
)
def test_check_fails_on_each_kind_of_leak(english: str, text: str) -> None:
    clean = ("train", "another clean string", "maneno mengine")
    with pytest.raises(BenchError, match="leakage: 1 pairs"):
        check(rows(clean, ("train", english, text)), protect(*tables("test")))


def test_check_passes_on_clean_pairs() -> None:
    check(rows(("train", "a distractor of five", "bughudha"), ("dev", "x y z", "wikendi njema sana")), protect(*tables("test")))


def test_dev_queries_may_occur_in_dev_pairs_but_not_in_training_pairs() -> None:
    found = protect(*tables("dev"))
    check(rows(("dev", VERSE, "aya")), found)
    with pytest.raises(BenchError, match="leakage"):
        check(rows(("train", VERSE, "aya")), found)
    with pytest.raises(BenchError, match="leakage"):
        check(rows(("dev", VERSE, "aya")), protect(*tables("test")))


def test_texts_outside_the_tables_are_protected_too() -> None:
    with pytest.raises(BenchError, match="leakage"):
        check(rows(("train", "x y z", "jibu refu la swali hili")), protect(*tables("test"), {"Jibu refu la swali hili": TEST}))


def test_a_leak_in_one_language_condemns_the_pair_in_all() -> None:
    pairs = pd.concat([rows(("train", "x y z", VERSE)), rows(("train", "x y z", "safi"), language="hau_Latn")])
    assert forbidden(pairs, levels(leaking(pairs, protect(*tables("test"))))).tolist() == [True, True]


@pytest.mark.parametrize("text", [
    "\uff54\uff48\uff45 old \uff42oat sails over the sea", "THE OLD BOAT SAILS OVER THE SEA",
    "the o\u200bld boat sails\u00a0over the sea",
    "the \u24de\u24db\u24d3 boat sails over the sea",
])  # fmt: skip
def test_other_forms_of_the_same_letters_hide_nothing(text):
    finder = Finder.of({"the old boat sails over the sea": TEST})
    assert finder.find([f"so {text}, they say"]), text


LIKE = [("eﬃcient ﬁsh", "efficient fish"), ("Straße", "STRASSE"), ("e\u0301te\u0301", "été")]


@pytest.mark.parametrize(("protected", "text"), LIKE)
def test_ligatures_and_folded_letters_are_equal_both_ways(protected, text):
    for one, other in ((protected, text), (text, protected)):
        assert Finder.of({one: TEST}).find([other])
