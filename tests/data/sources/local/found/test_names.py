import pytest

from bench.data.sources.local.found.names import language_of, parse, unknown_language
from tests.own_data import LANGUAGES


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["queries", "sw"], ("queries", "swh_Latn", "", ())),
        (["queries", "swh_Latn.dev"], ("queries", "swh_Latn", "dev", ())),
        (["topics.Swahili"], ("queries", "swh_Latn", "", ())),
        (["topics_sw"], ("queries", "swh_Latn", "", ())),
        (["sw-queries", "test-00000-of-00001"], ("queries", "swh_Latn", "test", ())),
        (["queries-swa", "queries-00000-of-00001"], ("queries", "swh_Latn", "", ())),
        (["english-qrels", "test-00000-of-00001"], ("qrels", "eng_Latn", "test", ())),
        (["sw", "qrels", "valid"], ("qrels", "swh_Latn", "dev", ())),
        (["default", "test"], ("qrels", None, "test", ())),
        (["sw", "queries.en"], ("queries", "eng_Latn", "", ())),  # the innermost wins
        (["qrels.all"], ("qrels", None, "", ())),
        (["collection"], ("corpus", None, "", ())),
        (["en-sw.train"], ("", "swh_Latn", "train", ())),
        (["Tatoeba.en-sw"], ("", "swh_Latn", "", ("Tatoeba",))),
        (["wiki-en-sw"], ("", "swh_Latn", "", ("wiki",))),
        (["my-data"], ("", None, "", ("my-data",))),  # not Burmese
        (["queries", "klingon"], ("queries", None, "", ("klingon",))),
        (["no"], ("", "nob_Latn", "", ())),
    ],
)
def test_what_a_name_says(parts, expected):
    name = parse(parts, LANGUAGES)
    assert (name.role, name.language and name.language.code, name.split, name.rest) == expected


def test_a_pair_without_english_is_no_language():
    assert language_of("sw-am", LANGUAGES) is None
    assert language_of("sw-en", LANGUAGES).code == language_of("en_sw", LANGUAGES).code == "swh_Latn"


def test_an_unknown_language_gets_its_neighbours_and_the_way_out():
    said = unknown_language("swahilli", LANGUAGES)
    assert "did you mean 'Swahili'" in said and "data.languages_file" in said
    assert unknown_language("sw", LANGUAGES) == ""


@pytest.mark.parametrize(
    ("word", "code", "both"),
    [
        ("en-CA", "eng_Latn", True), ("en_CA", "eng_Latn", True), ("sw-KE", "swh_Latn", False), ("en-GB", "eng_Latn", False),
        ("en-gb", "eng_Latn", False), ("sw_ke", "swh_Latn", False), ("en-ca", "cat_Latn", False), ("EN-CA", "cat_Latn", False),
        ("ca-en", "cat_Latn", False), ("pt-BR", "por_Latn", False), ("de-AT", "deu_Latn", False),
    ],
)  # fmt: skip
def test_capital_letters_behind_a_language_are_a_region(word, code, both):
    name = parse(["queries", word], LANGUAGES)
    assert name.language.code == code and name.locales == ((word,) if both else ()) and name.rest == ()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("sw-Latn", "swh_Latn"), ("sw-Latn-KE", "swh_Latn"), ("swa_Latn_TZ", "swh_Latn"), ("zh-Hant", "zho_Hant"),
        ("zh-Hans-CN", "zho_Hans"), ("zh-Hant-TW", "zho_Hant"), ("hi-Deva", "hin_Deva"), ("swh_Latn", "swh_Latn"),
        ("en-Latn-GB", "eng_Latn"), ("am-Ethi-ET", "amh_Ethi"), ("ar-Arab-001", "arb_Arab"),
    ],
)  # fmt: skip
def test_a_language_may_be_written_with_its_script(word, code):
    name = parse(["queries", word], LANGUAGES)
    assert name.language.code == code and name.rest == ()


@pytest.mark.parametrize("word", ["sw-Arab", "am-Latn-ET", "qq-Latn", "my-data"])
def test_a_script_that_a_language_does_not_have_makes_no_language(word):
    assert parse(["queries", word], LANGUAGES).language is None


def test_the_order_of_a_pair_is_known():
    found = {word: parse([word], LANGUAGES).english_first for word in ("en-sw", "sw_en", "web.sw-en.train", "sw", "sw-KE")}
    assert found == {"en-sw": True, "sw_en": False, "web.sw-en.train": False, "sw": None, "sw-KE": None}


def test_names_are_compared_in_one_normal_form():
    assert parse(["Ma\u0304ori"], LANGUAGES).language.code == "mri_Latn"  # as macOS writes it
