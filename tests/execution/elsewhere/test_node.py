"""What a machine of a cluster does with a cell, without a cluster around it."""

import json
import os
from pathlib import Path

import pytest

from bench.base.paths import REPOSITORY, cache_dir
from bench.data.languages import Languages
from bench.execution.base import Finished
from bench.execution.elsewhere.archive import take_over
from bench.execution.elsewhere.node import Order, run_order, seen_file, workplace
from bench.execution.elsewhere.parcel import items_of, pack
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.store import Store

SMALL = str(REPOSITORY / "tests" / "profiles" / "small.yaml")
SPEC = cells(load_profile(SMALL, ["grid.sizes=[2]", "data.guard=null"]), Languages.load(), 1)[1]
RUNNER = "tests.execution.fake_cells:run_cell"


@pytest.fixture
def ground(tmp_path, monkeypatch):
    """(folder of the sender, order, parcel); this process is the other machine."""
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "sender"))
    (cache_dir() / "suite" / "abc").mkdir(parents=True)
    (cache_dir() / "suite" / "abc" / "suite.json").write_text("{}")
    parcel, seen = pack([str(cache_dir() / "suite" / "abc")], [SPEC]), seen_file(cache_dir())
    kept = str(tmp_path / "results" / "unfinished")
    order = Order(SPEC.model_dump(mode="json"), RUNNER, "sender", (str(seen[0]), seen[1]), kept)
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "machine"))
    monkeypatch.setenv("FAKE_DIR", str(tmp_path / "fake"))
    (tmp_path / "fake").mkdir()
    return tmp_path, order, parcel


def hidden(order: Order) -> Order:
    """The same for a machine that does not see the sender's disk."""
    Path(order.seen[0]).unlink()
    return order


def run(order, parcel, checkpoint=None):
    """(what came back, letters, pieces that were asked for)"""
    letters, asked = [], []

    def fetch(item, number):
        asked.append(item.place)
        return parcel.piece(item.sha256, number)

    order, items = Order.from_json(order.to_json()), items_of(parcel.listed())
    return run_order(order, items, fetch, letters.append, checkpoint), letters, asked


def test_without_a_shared_disk_the_parcel_is_fetched_once(ground):
    base, order, parcel = ground
    hidden(order)
    end, letters, asked = run(order, parcel)
    assert asked == ["cache/suite/abc/suite.json"]
    assert (base / "machine" / "elsewhere" / "sender" / "cache" / "suite" / "abc" / "suite.json").exists()
    assert [letter["event"] for letter in letters][0] == "started" and letters[-1]["phase"] == "evaluate"
    store = Store(base / "results")
    with store.writing(SPEC) as folder:
        end["archive"].unpack(folder)
        assert isinstance(take_over(SPEC, store, folder, {}), Finished)
    assert store.state(SPEC) == "done"
    assert run(order, parcel)[2] == []
    assert not [path for path in (base / "machine" / "elsewhere" / "at-work").glob("*/*") if path.is_dir()]
    assert os.environ["XLSD_CACHE"] == str(base / "machine"), "the process may be given another cell"


def test_a_shared_disk_is_used(ground):
    base, order, parcel = ground
    _, letters, asked = run(order, parcel)
    assert asked == [] and "fetched" not in {letter["event"] for letter in letters}
    assert not (base / "machine" / "elsewhere" / "sender").exists()


def test_a_cell_works_in_the_senders_cache_or_in_its_copy(ground):
    base, order, parcel = ground
    seeing = Order(**{**vars(order), "runner": "tests.execution.elsewhere.test_node:run_looking"})
    assert looked(run(seeing, parcel)[0], base) == str(base / "sender")
    assert looked(run(hidden(seeing), parcel)[0], base) == str(base / "machine" / "elsewhere" / "sender" / "cache")


def run_looking(spec, out_dir, report):
    from tests.execution.fake_cells import run_cell

    return run_cell(spec, out_dir, report) | {"cache": str(cache_dir())}


def looked(end, base):
    out = base / "looked"
    out.mkdir(exist_ok=True)
    end["archive"].unpack(out)
    return json.loads((out / "manifest.json").read_text())["cache"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_full_disk_is_told_as_that_of_this_machine(ground, shared):
    base, order, parcel = ground
    (base / "fake" / SPEC.id).write_text("disk full")
    end, _, _ = run(order if shared else hidden(order), parcel)
    assert end == {"event": "full", "where": str(base / "machine")}


def test_a_disk_that_is_full_before_the_parcel_is_there_is_told_too(ground, monkeypatch):
    base, order, parcel = ground

    def fetch(item, number):
        raise OSError(28, "No space left on device")

    assert run_order(hidden(order), list(parcel.items), fetch, lambda letter: None)["event"] == "full"


def run_checkpointed(spec, out_dir, report):
    """Goes on from its checkpoint, or writes one and dies of it."""
    from bench.cells.shared.unfinished import checkpoints
    from tests.execution.fake_cells import run_cell

    kept = checkpoints(spec, out_dir)
    assert kept is not None
    if (found := kept.found()) is None:
        kept.folder.mkdir(parents=True)
        (kept.folder / "training.ckpt").write_text("half of it")
        report("train", 0.5)
        raise RuntimeError("killed")
    return run_cell(spec, out_dir, report) | {"went_on_from": found.read_text()}


def test_a_checkpoint_is_sent_home_and_comes_along_with_the_next_try(ground):
    base, order, parcel = ground
    spec = SPEC.model_copy(update={"checkpoint_minutes": 1.0}).model_dump(mode="json")
    order = Order(**{**vars(hidden(order)), "spec": spec, "runner": "tests.execution.elsewhere.test_node:run_checkpointed"})
    _, letters, _ = run(order, parcel)
    [sent] = [letter["checkpoint"] for letter in letters if letter["event"] == "checkpoint"]
    assert sent[1:] == ("training.ckpt", b"half of it")
    # Another machine, which never saw it.
    os.environ["XLSD_CACHE"] = str(base / "second machine")
    end, _, _ = run(order, parcel, sent)
    out = base / "out"
    out.mkdir()
    end["archive"].unpack(out)
    assert json.loads((out / "manifest.json").read_text())["went_on_from"] == "half of it"
    assert not list((base / "second machine").rglob("training.ckpt")), "the checkpoint of a finished cell is gone"


def test_what_a_killed_process_left_is_removed_and_what_is_at_work_stays(tmp_path):
    (tmp_path / "at-work" / "dead").mkdir(parents=True)
    with workplace(tmp_path / "at-work", tmp_path / "kept") as first:
        with workplace(tmp_path / "at-work", tmp_path / "kept") as second:
            assert first.root.is_dir() and second.root.is_dir() and not (tmp_path / "at-work" / "dead").exists()
        assert first.root.is_dir() and not second.root.exists()
    assert not [path for path in (tmp_path / "at-work").iterdir() if path.is_dir()]
