import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.base.paths import REPOSITORY
from bench.data.stored.scratch import LOCK, Scratch, writing


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "scratch"


def test_a_folder_goes_with_what_uses_it() -> None:
    scratch = Scratch()
    path = scratch.path
    (path / "texts").write_text("many")
    assert Scratch().path != path and (path / "texts").exists(), "one that is in use stays"
    del scratch
    gc.collect()
    assert not path.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(cache: Path) -> None:
    code = "import os; from bench.data.stored.scratch import Scratch; print(Scratch().path, flush=True); os.kill(os.getpid(), 9)"
    # The object dies with its process, at once: it is bound to a name that nothing collects.
    code = code.replace("print(Scratch().path", "one = Scratch(); print(one.path")
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    left = Path(done.stdout.strip())
    assert done.returncode == -9 and left.is_dir() and left.parent == cache
    scratch = Scratch()
    assert not left.exists() and {path.name for path in cache.iterdir()} == {LOCK, scratch.path.name}


def test_a_forked_process_leaves_it_where_it_is() -> None:
    scratch = Scratch()
    child = os.fork()
    if not child:
        scratch._end()
        os._exit(0)
    os.waitpid(child, 0)
    assert scratch.path.is_dir()


def test_what_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="cannot write .*place: No space left"), writing(tmp_path / "place"):
        raise OSError(28, "No space left on device")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "file"))
    with pytest.raises(BenchError, match="cannot write .*file"):
        Scratch()


def test_a_folder_without_a_lock_was_left_while_it_was_made_or_removed(cache: Path) -> None:
    (cache / "half").mkdir(parents=True)
    (cache / "half" / "rows.parquet").write_text("gigabytes")
    scratch = Scratch()
    assert {path.name for path in cache.iterdir()} == {LOCK, scratch.path.name}


def test_a_folder_that_cannot_be_looked_into_is_left_alone(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = cache / "other"
    other.mkdir(parents=True)
    opened = Path.open

    def refused(path: Path, *args: str, **kwargs: object) -> object:
        if path == other / LOCK:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refused)
    assert Scratch().path.is_dir() and other.is_dir()
