from bench.data.sources.local.ids import Ids, differing, flaw, kept, plain
from bench.data.sources.local.problems import ERROR, WARNING, Problems


def test_repeats_are_found_wherever_they_stand(tmp_path):
    ids, problems = Ids("document"), Problems(tmp_path)
    one, two = tmp_path / "one.tsv", tmp_path / "two.tsv"
    for file, line, name, text in (
        (one, 1, "a", "A"), (one, 2, "b", "B"), (one, 3, "a", "A"), (one, 4, "b", "other"), (one, 5, "a", "A"),
        (two, 1, "a", "A"), (two, 2, "c", "C"), (two, 3, "b", "other again"),
    ):  # fmt: skip
        ids.add(name, text, file, line)
    assert ids.repeats(problems) == [2, 3, 4, 5, 7] and len(ids) == 8
    assert problems.lines() == [
        (ERROR, "one.tsv:4", "has the document id of line 2, with another text"),
        (ERROR, "two.tsv:3", "has the document id of one.tsv:2, with another text"),
        (WARNING, "one.tsv:3", "repeats the document of line 1: left out"),
        (WARNING, "one.tsv:5", "repeats the document of line 1: left out"),
    ]  # the same document in two files is what subsets of languages have


def test_ids_that_occur_once_are_no_repeats(tmp_path):
    ids, problems = Ids("document"), Problems(tmp_path)
    for number in range(1000):
        ids.add(f"d{number}", "same text", tmp_path / "a", number)
    assert ids.repeats(problems) == [] and problems.lines() == []
    assert Ids("document").repeats(problems) == []


def test_what_cannot_be_an_id():
    assert flaw("d1") == "" and flaw("") and "white space" in flaw("d 1") and flaw("d\u00a01")


def test_forms_of_one_id():
    assert plain("D7") == plain("d7") and plain("007") == plain("7.0") == plain("7") and plain("e\u0301") == plain("\u00e9")
    assert len({plain(one) for one in ("70", "7", "7.5", "d7", "d07", "7d")}) == 6
    assert differing("D7", "d7") == ("'D7'", "'d7'") and differing("e\u0301", "\u00e9") == ("'e\\u0301'", "'\\xe9'")


def test_kept():
    assert kept(["a", "b", "c"], [1]) == ["a", "c"] and kept(["a"], []) == ["a"]
