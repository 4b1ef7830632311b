import pytest

from bench.data.sources.local.files.tables import columns, header, named
from bench.data.sources.local.problems import WARNING, Problems


def read(path, content):
    path.write_text(content, encoding="utf-8", newline="")
    problems = Problems(path.parent)
    return list(columns(path, problems)), problems.lines()


def test_doubled_quotes_prove_csv(tmp_path):
    rows, said = read(tmp_path / "a.tsv", 'd1\t"the ""red"" boat"\nd2\tplain\nd3\t"a ""b"""\n')
    assert [cells for _, cells in rows] == [["d1", 'the "red" boat'], ["d2", "plain"], ["d3", 'a "b"']]
    assert said == [(WARNING, "a.tsv:1", "2 cells are in CSV quotes (the first is here): taken off")]


@pytest.mark.parametrize("content", [
    '"id"\t"text"\n"1"\t"one"\n"2"\t"two"\n"3"\t"three"\n',  # everything
    'id\ttext\n1\t"one"\n2\t"two"\n3\t"three"\n',  # what is no number
])  # fmt: skip
def test_a_column_all_in_quotes_proves_csv(tmp_path, content):
    rows, said = read(tmp_path / "a.tsv", content)
    assert [cells for _, cells in rows] == [["id", "text"], ["1", "one"], ["2", "two"], ["3", "three"]] and "CSV" in said[0][2]


def test_tabs_and_line_ends_inside_quotes(tmp_path):
    rows, said = read(tmp_path / "a.tsv", '1\t"two\nlines"\n2\tplain\n3\t"a\ttab"\n')
    assert rows == [(1, ["1", "two\nlines"]), (3, ["2", "plain"]), (4, ["3", "a\ttab"])] and "CSV" in said[0][2]


@pytest.mark.parametrize(("content", "cells", "told"), [
    ('1\tshe said "no"\n2\t12" long\n', [["1", 'she said "no"'], ["2", '12" long']], None),
    ('1\t"Hello"\n2\tshe said "no"\n', [["1", '"Hello"'], ["2", 'she said "no"']], "1 cells stand in double quotes"),
    ('1\t"No," he said. "Yes."\n2\tx\n', [["1", '"No," he said. "Yes."'], ["2", "x"]], None),
    ('1\t"a ""b"" c"\n2\tshe said "no"\n', [["1", '"a ""b"" c"'], ["2", 'she said "no"']], "look like CSV quoting"),
    ('1\t"open\n2\tx\n', [["1", '"open'], ["2", "x"]], "look like CSV quoting"),
])  # fmt: skip
def test_quotes_that_may_be_text_stay_and_are_told(tmp_path, content, cells, told):
    rows, said = read(tmp_path / "a.tsv", content)
    assert [found for _, found in rows] == cells
    assert [text for *_, text in said] == [] if told is None else told in said[0][2] and said[0][0] == WARNING


def test_a_quote_at_the_border_of_two_parts_of_a_large_file_is_seen(tmp_path):
    filler = "x" * ((1 << 20) - 3)
    rows, said = read(tmp_path / "a.tsv", f'{filler}\t"a ""b"""\n')
    assert len(filler) + 1 < 1 << 20 and rows[0][1][1] == 'a "b"' and "CSV" in said[0][2]


def test_columns_by_name():
    wanted = {"id": ("id", "docid"), "text": ("text",)}
    assert header(["Text", " docid ", "url"], wanted) == {"id": 1, "text": 0}
    assert header(["id", "title"], wanted) is None
    assert named(["source", "target"]) and named(["id", "lang_code"]) and not named(["hello", "habari"])
    assert not named(["the text", "id"])
