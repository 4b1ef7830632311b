"""Rows below are from the packages, unless a comment says otherwise."""

import pytest

from bench.data.suite.cleaning import (
    Reason,
    clean_english,
    clean_pair,
    clean_text,
    clean_verse,
    extreme_lengths,
    key,
    keys,
    one_line,
)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("To learn more, go to the {previewFaqLink}.", "To learn more, go to the."),
        ("Welcome to the '{facility}' learning facility.", "Welcome to the learning facility."),
        ("More than { num, number } results", "More than results"),
        ("'{name}' ({id}) was found here", "was found here"),
        ("set motor [MOTOR_ID] speed to [POWER] %", "set motor speed to %"),
        ("insert %1 at %2 of %3", "insert at of"),
        ("Enter a new password for the user <strong>%(username)s</strong>.", "Enter a new password for the user."),
        ("The <b>backpack</b> is not yet available.", "The backpack is not yet available."),
        ("Tom &amp; Jerry\n  are here", "Tom & Jerry are here"),  # made
        ("100% sure of it", "100% sure of it"),  # made: a percent sign that is none of a placeholder
        ("the 'first' 'second' word", "the 'first' 'second' word"),  # made: quotes beside each other stay
        ("rock ’n’ roll < jazz > blues", "rock ’n’ roll < jazz > blues"),  # made: not tags
    ],
)
def test_placeholders_and_markup_go(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


def test_plural_and_select_messages_are_left_out() -> None:
    raw = "{ count, number } { count, plural, one { bookmark } other { bookmarks }}"
    assert clean_text(raw) is Reason.CHOICE
    assert clean_text("{gender, select, male {He} other {They}} left the room") is Reason.CHOICE  # made


@pytest.mark.parametrize("raw", ["", "   ", "{item1} - {item2}", "123 / 456", "↑↑↑", "[%key:ui::common::save%]"])
def test_nothing_left_is_empty(raw: str) -> None:
    assert clean_text(raw) is Reason.EMPTY


def test_text_becomes_one_line_in_nfc_and_joiners_stay() -> None:
    assert one_line("e\u0301te\u0301\u00a0 \n du\u200e sud\u200b") == "été du sud"
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"
    assert clean_text("a \ud800 lone surrogate").encode("utf-8") == b"a lone surrogate"


def test_english_needs_three_words() -> None:
    assert clean_english("Sign in") is Reason.SHORT
    assert clean_english("Sign in - {name}") is Reason.SHORT  # a dash is no word
    assert clean_english("Who uses Scratch?") == "Who uses Scratch?"


def test_untranslated_copies_are_found_whatever_their_case_and_punctuation() -> None:
    assert clean_pair("Scratch 2.0 Offline Editor", "scratch 2.0 offline editor!") is Reason.COPY
    assert clean_pair("Who uses Scratch?", "Nani anatumia Scratch?") == ("Who uses Scratch?", "Nani anatumia Scratch?")
    assert clean_pair("Sign in", "Ingia") is Reason.SHORT
    assert clean_pair("Who uses Scratch?", "") is Reason.EMPTY


def test_brackets_of_a_translation_go_with_their_content_those_of_shakir_do_not() -> None:
    assert clean_verse("Mwenyezi Mungu (Allah) ni mmoja [wa pekee (tu)].") == "Mwenyezi Mungu ni mmoja."
    assert clean_verse("(He) is the Lord of the worlds", english=True) == "He is the Lord of the worlds"
    # Nearly everything in brackets: then they do not mark commentary.
    assert clean_verse("(Sema: Yeye ni Mwenyezi Mungu wa pekee) Na") == "Sema: Yeye ni Mwenyezi Mungu wa pekee Na"


def test_extreme_length_ratios_are_relative_to_the_language() -> None:
    english = ["a verse of thirty characters.."] * 5
    usual = ["一二三四五六七八"] * 4  # a quarter of the length throughout
    assert extreme_lengths(english, [*usual, "一"]) == [False] * 4 + [True]
    assert extreme_lengths(english, [*usual, "一" * 30]) == [False] * 5  # 3.75 times the usual ratio
    assert extreme_lengths(["one two three"] * 3, ["ab", "abcdefghijkl", "abcdefghijkl"]) == [False] * 3
    assert extreme_lengths([], []) == []


def test_key_keeps_letters_digits_and_marks_only() -> None:
    assert key("Go to Firon, surely!") == "gotofironsurely"
    assert key("नमस्ते, दुनिया") == "नमस्तेदुनिया"
    assert key("Straße 42") == "straße42"
    assert keys(["a b", "", "?!", "C"]) == ["ab", "", "", "c"]
    with pytest.raises(ValueError, match="single lines"):
        keys(["two\nlines"])
