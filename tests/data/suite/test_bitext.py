from bench.data.suite.bitext import Bitext, interface_english, interface_splits, resolve_verses
from bench.data.suite.cleaning import Reason
from bench.data.suite.splits import english_pair_id

ENGLISH = {
    "www/a": "Who uses Scratch?",
    "www/b": "who uses scratch",
    "www/c": "Sign in",
    "www/d": "The <b>backpack</b> is not yet available.",
    "www/e": "Copyright 2024 the {name} team",
}
SWAHILI = {
    "www/a": "Nani anatumia Scratch?",
    "www/b": "Nani hutumia Scratch?",
    "www/c": "Ingia",
    "www/d": "<b>Mkoba</b> bado haupatikani.",
    "www/e": "Copyright 2024 the {name} team",
}


def built(**texts: dict[str, str]) -> Bitext:
    english = interface_english({"eng_Latn": ENGLISH})
    bitext = Bitext()
    every = {"eng_Latn": ENGLISH, **texts}
    bitext.add("scratch", every, english, dict.fromkeys(english, "train"))
    return bitext


def test_pairs_are_cleaned_and_each_english_text_comes_once() -> None:
    bitext = built(swh_Latn=SWAHILI)
    assert [row[4:] for row in bitext.rows] == [
        ("Who uses Scratch?", "Nani anatumia Scratch?"),
        ("The backpack is not yet available.", "Mkoba bado haupatikani."),
    ]
    assert bitext.rejected["scratch"] == {Reason.DUPLICATE: 1, Reason.COPY: 1}


def test_pair_ids_and_english_texts_are_the_same_in_all_languages() -> None:
    hausa = {"www/b": "Wane ne ke amfani da Scratch?"}  # only the second spelling of the question
    rows = built(swh_Latn=SWAHILI, hau_Latn=hausa).rows
    asked = {row[1]: row for row in rows if row[0] == english_pair_id("Who uses Scratch?")}
    assert set(asked) == {"swh_Latn", "hau_Latn"}
    assert {row[4] for row in asked.values()} == {"Who uses Scratch?"}


def test_a_string_of_two_sources_counts_once_for_a_language() -> None:
    bitext = built(swh_Latn=SWAHILI)
    english = {"x": "Who Uses Scratch"}
    bitext.add("kolibri", {"eng_Latn": english, "swh_Latn": {"x": "Nani?"}}, english, {"x": "train"})
    assert [row[2] for row in bitext.rows].count("kolibri") == 0
    assert bitext.rejected["kolibri"] == {Reason.DUPLICATE: 1}


def test_withheld_keys_never_become_pairs() -> None:
    assert set(interface_english({"eng_Latn": ENGLISH}, withheld={"www/a"})) == {"www/b", "www/d", "www/e"}


def test_a_string_held_out_in_one_source_is_held_out_in_all() -> None:
    many = {f"k{number}": f"the string number {number}" for number in range(800)}
    few = {f"d{number}": f"The string: number {number}!" for number in range(800)}
    splits, others = interface_splits({"kolibri": many, "django": few})
    assert [splits["kolibri"].get(f"k{n}") for n in range(800)] == [splits["django"].get(f"d{n}") for n in range(800)]
    assert len(others) == 100 and len(splits["kolibri"]) == 700
    held = {text for text in others} & {many[name] for name in splits["kolibri"]}
    assert not held, "documents that nobody asks for are in no split"
    assert list(splits["kolibri"].values()).count("dev") == 100


def test_verses_that_repeat_a_held_out_one_are_dropped() -> None:
    surahs = {"1": 6, "2": 1, "3": 3, "4": 1, "5": 2, "6": 3, "7": 6}
    arabic = {"1": "الف", "2": "الف", "3": "باء", "4": "باء", "5": "جيم", "6": "الف", "7": "دال"}
    english = {verse: f"verse {verse}" for verse in surahs} | {"5": "Verse: 7"}
    # 2 and 6 repeat 1 (test), 4 repeats 3 (dev), 5 repeats the English text of 7 (test).
    assert resolve_verses(surahs, arabic, english) == {"1": "test", "3": "dev", "7": "test"}


def test_rows_do_not_depend_on_the_order_of_languages() -> None:
    hausa = {"www/a": "Wane ne ke amfani da Scratch?"}
    assert built(swh_Latn=SWAHILI, hau_Latn=hausa).rows == built(hau_Latn=hausa, swh_Latn=SWAHILI).rows
