import pytest

from bench.base.errors import BenchError
from bench.data.sources.local.problems import ERROR, WARNING, Problems


def test_the_first_ones_of_a_kind_in_words_the_rest_as_a_number(tmp_path):
    problems = Problems(tmp_path, shown=2)
    for line in range(1, 6):
        problems.warning(tmp_path / "a.tsv", line, "empty line", "is empty")
    problems.error(tmp_path / "b" / "c.tsv", 7, "no JSON", "is no JSON")
    assert problems.lines() == [
        (ERROR, "b/c.tsv:7", "is no JSON"),
        (WARNING, "a.tsv:1", "is empty"),
        (WARNING, "a.tsv:2", "is empty"),
        (WARNING, "a.tsv", "... and 3 more: empty line"),
    ]
    assert problems.number(WARNING) == 5 and problems.number(ERROR) == 1


def test_files_elsewhere_keep_their_whole_name_and_the_root_its_own(tmp_path):
    problems = Problems(tmp_path / "mine")
    problems.warning(tmp_path / "other.tsv", 3, "odd")
    problems.warning(tmp_path / "mine", 0, "odd")
    assert [place for _, place, _ in problems.lines()] == [f"{tmp_path / 'other.tsv'}:3", "mine/"]


def test_warnings_do_not_refuse_errors_do(tmp_path):
    problems = Problems(tmp_path)
    problems.warning(tmp_path / "a.tsv", 1, "odd")
    problems.refuse_errors()
    for line in range(1, 9):
        problems.error(tmp_path / "a.tsv", line, "worse", "is worse")
    with pytest.raises(BenchError) as caught:
        problems.refuse_errors()
    assert "8 errors" in caught.value.message and "a.tsv:5: is worse" in caught.value.message
    assert "a.tsv:6" not in caught.value.message and "bench data check" in caught.value.hint
