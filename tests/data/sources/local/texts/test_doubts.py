import pytest

from bench.data.sources.local.problems import ERROR, WARNING, Problems
from bench.data.sources.local.texts.doubts import BLOCK, EVERY, Doubts
from tests.own_data import LANGUAGES, english, other

ENGLISH = [f"they say that {english(i)} and of this" for i in range(40)]


def told(tmp_path, rows, code="sw"):
    problems = Problems(tmp_path)
    doubts = Doubts(tmp_path / "x.tsv", LANGUAGES.get(code), problems)
    for line, (first, second) in enumerate(rows, 1):
        doubts.seen(line, first, second)
    doubts.tell()
    return [(level, place.removeprefix("x.tsv:"), said) for level, place, said in problems.lines()]


@pytest.mark.parametrize("code", ["sw", "am"])
def test_pairs_that_are_what_they_should_be(tmp_path, code):
    assert told(tmp_path, [(one, other(i, code)) for i, one in enumerate(ENGLISH)], code) == []
    words = [("lamp", "taa"), ("cat", "paka"), ("sea", "bahari"), ("9 am", "saa 3"), ("new", "mpya"), ("A4", "A4")]
    assert told(tmp_path, words) == []


@pytest.mark.parametrize("column", [[f"s{i}" for i in range(9)], [str(i) for i in range(9)], [f"0.{i}" for i in range(9)],
                                    [f"https://a.org/{i}" for i in range(9)], ["..."] * 9])  # fmt: skip
def test_columns_of_ids_numbers_or_addresses_are_no_texts(tmp_path, column):
    (level, line, said), *_ = told(tmp_path, [(one, other(i, "sw")) for i, one in enumerate(column)])
    assert (level, line) == (ERROR, "1") and said.startswith("what should be English are ids, numbers or addresses")
    (level, line, said), *_ = told(tmp_path, [(english(i), one) for i, one in enumerate(column)])
    assert (level, line) == (ERROR, "1") and said.startswith("what should be Swahili are ids")


def test_another_script_and_english_where_it_should_not_be_are_told(tmp_path):
    [(level, _, said)] = told(tmp_path, [(one, other(i, "sw")) for i, one in enumerate(ENGLISH)], "am")
    assert level == WARNING and "hardly in the script of amh_Ethi" in said
    [(level, _, said)] = told(tmp_path, [(one, ENGLISH[-i]) for i, one in enumerate(ENGLISH)])
    assert level == WARNING and "look English, its name says swh_Latn" in said
    [(level, _, said)] = told(tmp_path, [(other(i, "sw"), other(i + 1, "sw")) for i in range(40)])
    assert level == WARNING and "hardly a word of English" in said


def test_some_pairs_whose_sides_are_exchanged(tmp_path):
    rows = [(one, other(i, "am")) for i, one in enumerate(ENGLISH * 3)]
    rows[70] = rows[70][::-1]
    [(level, line, said)] = told(tmp_path, rows, "am")
    assert (level, line) == (WARNING, "71") and "1 pairs have their sides exchanged" in said and "as they stand" in said
    rows[::4] = [row[::-1] for row in rows[::4]]
    assert (ERROR, "1") in [row[:2] for row in told(tmp_path, rows, "am")]


def test_another_file_behind_the_first_one_with_its_sides_exchanged(tmp_path):
    rows = [(one, other(i, "sw")) for i, one in enumerate(ENGLISH * 30)]
    assert told(tmp_path, rows) == []
    turned = rows + [row[::-1] for row in rows]
    [(level, line, said)] = told(tmp_path, turned)
    assert level == ERROR and said.startswith("from about here on what should be English is Swahili")
    assert len(rows) <= int(line) - 1 < len(rows) + EVERY + BLOCK
