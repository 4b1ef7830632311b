import pytest

from bench.data.sources.local.problems import WARNING, Problems
from bench.data.sources.local.texts.flaws import Flaws, blank


@pytest.mark.parametrize("text", ["", " ", "\u200b\ufeff", "\u2060 \u00ad", "\u3164", "\u2800", "\x07", "\u202e", "\U000e0041"])
def test_texts_with_nothing_to_see(text):
    assert blank(text) and not blank(text + "a") and not blank(text + "?") and not blank("ድ" + text)


def told(tmp_path, *texts):
    problems = Problems(tmp_path)
    flaws = Flaws(tmp_path / "a", "queries", problems)
    found = [flaws.seen(text, line) for line, text in enumerate(texts, 1)]
    flaws.tell()
    return found, problems.lines()


def test_halves_of_characters_are_taken_out_with_their_line(tmp_path):
    found, said = told(tmp_path, "fine", "boat \ud83d")
    assert found == ["fine", "boat "] and said == [(WARNING, "a:2", "holds half of a character (\\ud83d): taken out")]


@pytest.mark.parametrize(("text", "what"), [
    ("a \x1b[31m b", "control characters"), ("a\u200bb", "invisible characters"), ("a\u202eb", "invisible characters"),
    ("a \ufffd", "U+FFFD"), ("cafÃ©", "UTF-8 that was read as Latin-1"), ("it\u00e2\u20ac\u2122s", "read as Latin-1"),
    ("a <b>c</b>", "HTML tags"), ("a &amp; b", "HTML tags"), ("x<br/>y", "HTML tags"), ("NaN", "missing value"),
    ("None", "missing value"), ("one\\n2", "escapes of another program"),
    ("\\u1234\\u1235", "escapes of another program"), ('say \\"a\\"', "escapes"), ("...", "no letter and no digit"),
    ("?! -", "no letter"),
])  # fmt: skip
def test_traces_of_other_programs_are_counted_with_the_first_line(tmp_path, text, what):
    found, [(level, place, said)] = told(tmp_path, "fine", text, text)
    assert found[1] == text and (level, place) == (WARNING, "a:2") and said.startswith("2 queries ") and what in said


def test_ordinary_texts_are_not(tmp_path):
    texts = ["a < b and c > d", "R&D; x & y", "née", "São Paulo", "SÃO PAULO", "می\u200cخواهم", "nano", "two\nlines\tand a tab"]
    texts += ["\\nu \\textbf{x} C:\\temp\\new", "¿qué?", "(3)"]
    assert told(tmp_path, *texts) == (texts, [])
