import os

import pytest

from bench.base.errors import BenchError
from bench.base.paths import REPOSITORY, cache_dir
from bench.data.languages import Languages
from bench.execution.elsewhere import parcel
from bench.execution.elsewhere.parcel import Item, missing, pack, receive, relocated, sender
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile

SMALL = REPOSITORY / "tests" / "profiles" / "small.yaml"


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A cache with a suite, a hidden note and a lock, two models, and a cell that names them."""
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    suite = cache_dir() / "suite" / "abc"
    suite.mkdir(parents=True)
    (suite / "suite.json").write_text("{}")
    (suite / "bitext.parquet").write_bytes(bytes(range(256)) * 200)
    (suite / ".content.json").write_text("hashes")
    (suite / ".made.lock").write_text("")
    (cache_dir() / "vocabulary").mkdir()
    (cache_dir() / "vocabulary" / "x.npy").write_bytes(b"numbers")
    for name in ("teacher", "student"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(name.encode() * 50)
    (tmp_path / "mine.py").write_text("class Mine: ...\n")
    profile = load_profile(str(SMALL), ["grid.sizes=[1]", "data.guard=null"])
    spec = cells(profile, Languages.load())[0]
    models = spec.models.model_copy(update={
        "teacher": str(tmp_path / "teacher"), "places": {"student": str(tmp_path / "student"), "acme/hub": "c" * 40},
    })  # fmt: skip
    keys = {"teacher": "a" * 64, "student": "b" * 64}
    source = f"{tmp_path / 'mine.py'}:Mine"
    return spec.model_copy(update={"models": models, "model_keys": keys, "method_source": source})


def packed(world):
    return pack([str(cache_dir() / "suite" / "abc"), str(cache_dir() / "vocabulary" / "x.npy")], [world, world])


def test_a_parcel_holds_what_was_used_and_what_specs_name(world, tmp_path):
    made = packed(world)
    places = {item.place for item in made.items}
    inputs = {place.split("/", 2)[2] for place in places if place.startswith("inputs/")}
    assert inputs == {"teacher/model.safetensors", "student/model.safetensors", "mine.py"}
    assert {place for place in places if place.startswith("cache/")} == {
        "cache/suite/abc/suite.json", "cache/suite/abc/bitext.parquet", "cache/suite/abc/.content.json", "cache/vocabulary/x.npy"
    }  # fmt: skip
    assert {item.entry for item in made.items if "suite" in item.place} == {"cache/suite/abc"}
    assert made.size == sum(item.size for item in made.items) > 51_200
    (tmp_path / "student" / "model.safetensors").write_bytes(b"other weights")
    moved = packed(world).moved
    assert moved[str(tmp_path / "student")] != made.moved[str(tmp_path / "student")], "the place is told by the content"
    assert moved[str(tmp_path / "teacher")] == made.moved[str(tmp_path / "teacher")]


def test_it_arrives_piece_by_piece_and_only_what_is_missing(world, tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "PIECE", 1000)
    made, there, asked = packed(world), tmp_path / "there", []

    def fetch(item: Item, number: int) -> bytes:
        asked.append((item.place, number))
        return made.piece(item.sha256, number)

    shares: list[float] = []
    assert receive(made.items, there, fetch, shares.append) == made.size
    assert shares[-1] == 1 and shares == sorted(shares)
    assert len([place for place, _ in asked if place.endswith("bitext.parquet")]) == 52
    assert missing(made.items, there) == [] and not list(there.rglob(".incoming/**/*.*"))
    for item in made.items:
        assert (there / item.place).read_bytes() == open(made.sources[item.sha256], "rb").read()
    asked.clear()
    assert receive(made.items, there, fetch) == 0 and asked == []
    # Damaged there, with the same size and time: its content is looked at.
    damaged = there / "cache" / "vocabulary" / "x.npy"
    before = damaged.stat()
    damaged.write_bytes(b"letters")
    os.utime(damaged, ns=(before.st_atime_ns, before.st_mtime_ns))
    receive(made.items, there, fetch)
    assert {place for place, _ in asked} == {"cache/vocabulary/x.npy"} and damaged.read_bytes() == b"numbers"


def test_what_had_come_before_a_break_is_not_fetched_again(world, tmp_path):
    made, there = packed(world), tmp_path / "there"
    asked: list[str] = []

    def fetch(item: Item, number: int) -> bytes:
        if len(asked) == 2:
            raise ConnectionError("the driver is gone")
        asked.append(item.place)
        return made.piece(item.sha256, number)

    with pytest.raises(ConnectionError):
        receive(made.items, there, fetch)
    assert not (there / "cache").exists(), "a folder is there whole or not at all"
    again: list[str] = []
    receive(made.items, there, lambda item, number: again.append(item.place) or made.piece(item.sha256, number))
    assert sorted(asked + again) == sorted(item.place for item in made.items)


def test_other_content_than_announced_is_refused(world, tmp_path):
    made = packed(world)
    with pytest.raises(BenchError, match="other content"):
        receive(made.items, tmp_path / "there", lambda item, number: bytes(item.size))
    assert missing(made.items, tmp_path / "there") == list(made.items)


def test_a_folder_that_has_something_keeps_it(world, tmp_path):
    made, there = packed(world), tmp_path / "there"
    own = there / "cache" / "suite" / "abc" / "made-here.npy"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"own")
    receive(made.items, there, lambda item, number: made.piece(item.sha256, number))
    assert own.read_bytes() == b"own" and missing(made.items, there) == []


def test_a_spec_gets_the_paths_of_there_and_keeps_its_key(world, tmp_path):
    made = packed(world)
    spec = relocated(world, made.moved, tmp_path / "there")
    assert spec.key == world.key and spec.id == world.id
    assert spec.models.teacher == str(tmp_path / "there" / made.moved[str(tmp_path / "teacher")])
    assert spec.models.teacher.endswith("/teacher"), "what a manifest calls it stays"
    assert spec.models.places["acme/hub"] == "c" * 40
    assert spec.models.places["student"].startswith(str(tmp_path / "there"))
    assert spec.method_source.startswith(str(tmp_path / "there")) and spec.method_source.endswith("/mine.py:Mine")


def test_each_cache_folder_has_its_own_name(world, tmp_path, monkeypatch):
    first = sender()
    assert sender() == first
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "other"))
    assert sender() != first


def test_an_empty_file_arrives(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    (cache_dir() / "x").mkdir(parents=True)
    (cache_dir() / "x" / "empty").touch()
    made = pack([str(cache_dir() / "x")], [])
    assert [item.pieces for item in made.items] == [0]
    receive(made.items, tmp_path / "there", lambda item, number: b"never asked for")
    assert (tmp_path / "there" / "cache" / "x" / "empty").stat().st_size == 0
