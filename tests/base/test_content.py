import os

import pytest

from bench.base import content
from bench.base.content import content_hash


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once: only what the file system says of them decides."""
    monkeypatch.setattr(content, "SETTLED", -1)


def test_equal_size_and_time_do_not_pass_for_equal_content(tmp_path, settled):
    path = tmp_path / "qrels.tsv"
    path.write_text("q0\td0\t1\n")
    os.utime(path, ns=(1, 1))
    first = content_hash(path)
    path.write_text("q0\td1\t1\n")
    os.utime(path, ns=(1, 1))
    assert content_hash(path) != first


def test_a_file_that_is_put_in_the_place_of_another_is_read(tmp_path, settled):
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("one")
    other.write_text("two")
    for file in (path, other):
        os.utime(file, ns=(1, 1))
    first = content_hash(path)
    os.replace(other, path)
    assert content_hash(path) != first


def test_a_settled_file_is_read_once(tmp_path, settled, monkeypatch):
    path = tmp_path / "a"
    path.write_text("one")
    first = content_hash(path)
    monkeypatch.setattr(content, "_digest", None)
    assert content_hash(path) == first


def test_a_file_of_this_moment_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("one")
    content_hash(path)
    monkeypatch.setattr(content, "_digest", None)
    with pytest.raises(TypeError):  # it had to be read
        content_hash(path)
