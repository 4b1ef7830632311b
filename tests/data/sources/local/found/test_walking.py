import os

import pytest

from bench.data.sources.local.found.walking import walk
from bench.data.sources.local.problems import ERROR, WARNING, Problems
from tests.own_data import collection, opened, problems_of, write


def walked(root, boundary=None):
    problems = Problems(root)
    return [path.relative_to(root).as_posix() for path in walk(root, boundary or root, problems)], problems.lines()


def test_links_inside_are_followed(tmp_path):
    root = write(tmp_path / "data", {"shared/sw.tsv": "x", "a.tsv": "x"})
    (root / "bitext").symlink_to("shared")
    (root / "b.tsv").symlink_to(root / "a.tsv")
    assert walked(root) == (["a.tsv", "b.tsv", "bitext/sw.tsv", "shared/sw.tsv"], [])


def test_links_that_leave_lead_nowhere_or_back_are_named(tmp_path):
    root = write(tmp_path / "data", {"a.tsv": "x"})
    write(tmp_path, {"elsewhere/sw.tsv": "x"})
    (root / "extra").symlink_to("../elsewhere")
    (root / "one.tsv").symlink_to("../elsewhere/sw.tsv")
    (root / "gone.tsv").symlink_to("nowhere")
    (root / "self.tsv").symlink_to("self.tsv")
    (root / "README.md").symlink_to("nowhere")
    (root / "inner").mkdir()
    (root / "inner" / "up").symlink_to("..")
    found, said = walked(root)
    assert found == ["a.tsv"]
    by_place = {place: (level, text) for level, place, text in said}
    for place, to in (("extra", "../elsewhere"), ("one.tsv", "../elsewhere/sw.tsv")):
        level, text = by_place[place]
        assert level == ERROR and f"leaves the data folder (to {to})" in text
    assert "leads nowhere" in by_place["gone.tsv"][1] and "leads nowhere" in by_place["self.tsv"][1]
    assert by_place["README.md"][0] == WARNING
    assert by_place["inner/up"] == (ERROR, "is a symbolic link to a folder that it lies in")


def test_a_data_folder_that_is_a_link_itself_is_no_way_out(tmp_path):
    write(tmp_path / "real", {"a.tsv": "x"})
    (tmp_path / "data").symlink_to("real")
    assert walked(tmp_path / "data") == (["a.tsv"], [])


@pytest.mark.parametrize("place", ["bitext", "tasks", "tasks/news", "tasks/news/corpus.jsonl"])
def test_any_part_of_a_collection_may_be_such_a_link(tmp_path, place):
    root = collection(tmp_path / "mine")
    moved = tmp_path / "moved"
    os.rename(root / place, moved)
    (root / place).symlink_to(moved)
    assert (ERROR, place) in [row[:2] for row in problems_of(root)]
    os.unlink(root / place)
    os.rename(moved, root / ".kept")
    (root / place).symlink_to(root / ".kept")
    assert problems_of(root) == []


def test_pipes_are_no_files_and_are_not_waited_for(tmp_path):
    root = collection(tmp_path / "mine")
    os.mkfifo(root / "bitext" / "ha.tsv")
    assert problems_of(root) == [(ERROR, "bitext/ha.tsv", "is no file but a pipe, a socket or a device")]


@pytest.mark.parametrize(("name", "what"), [(b"corpus-\xe9t\xe9.sw.tsv", "is not UTF-8"), (b"a\x1b[31m.tsv", "control"),
                                            ("sw\u200b.tsv".encode(), "invisible")])  # fmt: skip
def test_names_that_are_no_text_are_errors(tmp_path, name, what):
    root = collection(tmp_path / "mine")
    with open(os.path.join(os.fsencode(root / "bitext"), name), "wb") as stream:
        stream.write(b"one\tmoja\n")
    [(level, place, text)] = problems_of(root)
    assert level == ERROR and what in text and place.startswith("bitext/") and place.isprintable()
    place.encode("utf-8")
    assert opened(root).problems.number(ERROR) == 1
