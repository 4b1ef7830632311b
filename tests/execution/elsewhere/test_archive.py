import hashlib
import io
import json
import tarfile
from dataclasses import replace

import pytest

from bench.base.errors import BenchError
from bench.base.paths import REPOSITORY
from bench.data.languages import Languages
from bench.execution.base import Failed, Finished
from bench.execution.elsewhere.archive import Archive, take_over
from bench.execution.inprocess import InProcess
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.store import Store

RUNNER = "tests.execution.fake_cells:run_cell"
SMALL = str(REPOSITORY / "tests" / "profiles" / "small.yaml")
SPECS = cells(load_profile(SMALL, ["grid.sizes=[2]", "data.guard=null"]), Languages.load())
SPEC, OTHER = SPECS[:2]


@pytest.fixture
def there(tmp_path):
    """A store on another machine with a finished cell, whose spec names paths of that machine."""
    models = SPEC.models.model_copy(update={"places": {"student": "/far/inputs/0123/student"}})
    elsewhere, store = SPEC.model_copy(update={"models": models}), Store(tmp_path / "there")
    list(InProcess(store, RUNNER).run([elsewhere]))
    folder = store.folder(SPEC)
    (folder / "student").mkdir()
    (folder / "student" / "student.json").write_text(json.dumps({"start": "/far/inputs/0123/student", "bytes": 1}))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["student/student.json"] = (folder / "student" / "student.json").stat().st_size
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return store


def taken(there, store, spec=SPEC, reason=""):
    with store.writing(spec) as folder:
        Archive.of(there.folder(SPEC)).unpack(folder)
        return take_over(spec, store, folder, {"inputs/0123/student": "/here/student"}, reason)


def test_a_result_is_taken_over_as_if_it_had_been_made_here(there, tmp_path):
    store = Store(tmp_path / "here")
    event = taken(there, store)
    assert isinstance(event, Finished) and store.state(SPEC) == "done" and store.manifest(SPEC) == event.manifest
    own = Store(tmp_path / "own")
    list(InProcess(own, RUNNER).run([SPEC]))
    for name in ("spec.json", "metrics.csv", "per_query.parquet"):
        assert (store.folder(SPEC) / name).read_bytes() == (own.folder(SPEC) / name).read_bytes()
    assert json.loads((store.folder(SPEC) / "student" / "student.json").read_text())["start"] == "/here/student"
    assert store.manifest(SPEC).keys() == own.manifest(SPEC).keys()
    assert "/far" not in "".join(path.read_text() for path in store.folder(SPEC).rglob("*.json"))


def test_a_failure_comes_back_with_its_reason(tmp_path, monkeypatch):
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / SPEC.id).write_text("raise")
    monkeypatch.setenv("FAKE_DIR", str(tmp_path / "fake"))
    there = Store(tmp_path / "there")
    list(InProcess(there, RUNNER).run([SPEC]))
    store = Store(tmp_path / "here")
    event = taken(there, store, reason="ValueError: the loss is NaN")
    assert event == Failed(SPEC.id, "ValueError: the loss is NaN") and store.state(SPEC) == "failed"
    assert "the loss is NaN" in (store.folder(SPEC) / "error.txt").read_text()


def test_a_damaged_archive_changes_nothing(there, tmp_path):
    store, archive = Store(tmp_path / "here"), Archive.of(there.folder(SPEC))
    damaged = replace(archive, content=archive.content[:-9] + b"123456789")
    with pytest.raises(BenchError, match="came back damaged"), store.writing(SPEC) as folder:
        damaged.unpack(folder)
    assert store.state(SPEC) == "missing" and not list(store.cells.glob(".*"))


def test_the_result_of_another_cell_is_refused(there, tmp_path):
    store = Store(tmp_path / "here")
    with pytest.raises(BenchError, match="is of another cell"):
        taken(there, store, OTHER)
    assert store.state(OTHER) == "missing" and not list(store.cells.glob(".*"))


@pytest.mark.parametrize(("name", "kind"), [("../x", tarfile.REGTYPE), ("/x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE)])
def test_what_leads_out_of_the_folder_is_refused(tmp_path, name, kind):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    folder = tmp_path / "inner"
    folder.mkdir()
    content = stream.getvalue()
    with pytest.raises(BenchError, match="is no file of it"):
        Archive(content, hashlib.sha256(content).hexdigest()).unpack(folder)
    assert not list(tmp_path.glob("x")) and not list(folder.iterdir())


def test_an_archive_names_no_user(there, tmp_path):
    (tmp_path / "a.tgz").write_bytes(Archive.of(there.folder(SPEC)).content)
    with tarfile.open(tmp_path / "a.tgz") as tar:
        assert {(one.uid, one.gid, one.uname, one.gname) for one in tar} == {(0, 0, "", "")}
