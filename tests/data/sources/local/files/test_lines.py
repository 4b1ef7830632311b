import gzip

import pytest

from bench.data.sources.local.files import lines as module
from bench.data.sources.local.files.lines import lines, peek
from bench.data.sources.local.problems import ERROR, WARNING, Problems


def read(path, content: bytes):
    path.write_bytes(content)
    problems = Problems(path.parent)
    return list(lines(path, problems)), problems.lines()


def test_plain_and_gzip_alike_whatever_the_name_says(tmp_path):
    content = "one\ntwo ድ\n\nlast without an end".encode()
    expected = [(1, "one"), (2, "two ድ"), (3, ""), (4, "last without an end")]
    assert read(tmp_path / "a.tsv", content) == (expected, [])
    assert read(tmp_path / "b.tsv.gz", gzip.compress(content)) == (expected, [])
    assert read(tmp_path / "c.tsv", gzip.compress(content)) == (expected, [])  # gzip under a plain name
    assert read(tmp_path / "d.gz", content) == (expected, [])


def test_byte_order_mark_and_carriage_returns_are_taken_off_and_told(tmp_path):
    rows, said = read(tmp_path / "a.tsv", "\ufeffone\r\ntwo\nthree\r\n".encode())
    assert rows == [(1, "one"), (2, "two"), (3, "three")]
    assert said == [
        (WARNING, "a.tsv:1", "starts with a byte order mark: taken off"),
        (WARNING, "a.tsv:1", "2 lines end in CR LF: the CR is taken off"),
    ]


def test_a_line_that_is_not_utf8_is_left_out_with_its_number_and_byte(tmp_path):
    rows, said = read(tmp_path / "a.tsv", b"fine\nbad \xe9 here\nfine again\n")
    assert rows == [(1, "fine"), (3, "fine again")]
    assert said == [(ERROR, "a.tsv:2", "is not UTF-8: byte 5 is 0xe9")]


def test_other_encodings_and_binary_files(tmp_path):
    assert read(tmp_path / "a.tsv", "one\n".encode("utf-16"))[1] == [(ERROR, "a.tsv:1", "is UTF-16 text: save it as UTF-8")]
    rows, said = read(tmp_path / "b.tsv", b"fine\n\0\0\n")
    assert rows == [(1, "fine")] and said[0][:2] == (ERROR, "b.tsv:2")


def test_only_line_feeds_end_a_line(tmp_path):
    assert read(tmp_path / "a.tsv", "one\u2028still\x85one\n".encode())[0] == [(1, "one\u2028still\x85one")]


def test_huge_lines_are_told_and_longer_ones_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HUGE", 10)
    monkeypatch.setattr(module, "LONGEST", 32)
    rows, said = read(tmp_path / "a.tsv", b"short\n" + b"x" * 20 + b"\n" + b"y" * 100 + b"\nlast\n" + b"z" * 31 + b"\n")
    assert [number for number, _ in rows] == [1, 2, 4, 5]
    assert [place for _, place, _ in said] == ["a.tsv:3", "a.tsv:2", "a.tsv:5"]
    assert said[0][0] == ERROR and "left out" in said[0][2] and said[1][0] == WARNING


@pytest.mark.parametrize("cut", [20, -9])
def test_a_damaged_gzip_file_is_an_error_and_no_crash(tmp_path, cut):
    content = gzip.compress("".join(f"line {i}\n" for i in range(5000)).encode())
    _, said = read(tmp_path / "a.gz", content[:cut])
    assert said and said[0][0] == ERROR and "cannot be read on" in said[0][2]


def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ALLOWED", 1 << 20)
    rows, said = read(tmp_path / "a.gz", gzip.compress(b"x\n" * (1 << 21)))
    assert 0 < len(rows) <= 1 << 19
    assert said[0][0] == ERROR and "unpacks to more than 1,048,576 bytes" in said[0][2]
    rows, said = read(tmp_path / "b.gz", gzip.compress(b"x\n" * (1 << 18)))
    assert len(rows) == 1 << 18 and said == []


def test_a_file_that_is_not_there(tmp_path):
    problems = Problems(tmp_path)
    assert list(lines(tmp_path / "gone.tsv", problems)) == []
    assert problems.number(ERROR) == 1


def test_peek_looks_through_gzip_mark_and_white_space(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress("\ufeff\n  <top>".encode()))
    assert peek(tmp_path / "a") == "<" and peek(tmp_path / "gone") == ""


def test_carriage_returns_alone_end_no_line(tmp_path):
    rows, said = read(tmp_path / "a.tsv", b"one\rtwo\rthree\r")
    assert rows == [] and said == [(ERROR, "a.tsv:1", "is one line with CR inside: end lines with LF")]
    rows, said = read(tmp_path / "b.tsv", b"one\ntw\ro\nthree\n")
    assert rows == [(1, "one"), (2, "tw\ro"), (3, "three")]
    assert said == [(WARNING, "b.tsv:2", "1 lines hold a CR inside (the first is here): it is kept")]
