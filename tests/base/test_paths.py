import errno
import os
import subprocess
import sys

import pytest

from bench.base.once import once
from bench.base.paths import atomic_dir, atomic_write, remove_left_over


def test_files_made_for_their_owner_alone_get_the_mode_of_any_new_file(tmp_path):
    before = os.umask(0o022)
    try:
        with atomic_dir(tmp_path / "made") as folder:
            (folder / "inner").mkdir()
            for name in ("weights", "inner/weights", "plain", "program"):
                (folder / name).write_text("x")
            for name in ("weights", "inner/weights"):
                (folder / name).chmod(0o600)
            (folder / "program").chmod(0o755)
        modes = {p.relative_to(tmp_path).as_posix(): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*") if p.is_file()}
        assert modes == {"made/weights": 0o644, "made/inner/weights": 0o644, "made/plain": 0o644, "made/program": 0o755}
        os.umask(0o077)
        with atomic_dir(tmp_path / "own") as folder:
            (folder / "weights").write_text("x")
        assert (tmp_path / "own" / "weights").stat().st_mode & 0o777 == 0o600, "a strict umask stays strict"
    finally:
        os.umask(before)


def test_what_killed_processes_left_goes_and_nothing_else(tmp_path):
    for name in (".made.0123abcd.tmp", ".made.0123abcd.old", ".made*.0123abcd.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text("half")
    for name in (".made.json.0123abcd.tmp", "made.0123abcd.tmp", ".made.lock", ".made.tmp"):
        (tmp_path / name).write_text("x")
    remove_left_over(tmp_path, "made")
    kept = {".made*.0123abcd.tmp", ".made.json.0123abcd.tmp", "made.0123abcd.tmp", ".made.lock", ".made.tmp"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    remove_left_over(tmp_path, "made*")
    remove_left_over(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"made.0123abcd.tmp", ".made.lock", ".made.tmp"}
    remove_left_over(tmp_path / "nowhere")


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.base.once import once
def make(folder):
    (folder / "weights").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
once(Path(sys.argv[1]), make)
"""


def test_a_process_that_is_killed_in_the_making_leaves_nothing_for_long(tmp_path):
    final = tmp_path / "model"
    assert subprocess.run([sys.executable, "-c", KILLED, str(final)], check=False).returncode == -9
    assert not final.exists() and len(list(tmp_path.glob(".model.*.tmp"))) == 1
    once(final, lambda folder: (folder / "weights").write_text("whole"))
    assert (final / "weights").read_text() == "whole" and not list(tmp_path.glob(".model.*.tmp"))


def test_an_error_of_writing_names_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError) as caught:
        atomic_write(tmp_path / "note.json", "x")
    assert caught.value.filename == str(tmp_path / "note.json") and not list(tmp_path.iterdir())
