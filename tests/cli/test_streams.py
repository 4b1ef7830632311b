import os
import subprocess
import sys

import pytest

from bench.cli.streams import NARROW
from tests.own_data import collection

MAIN = [sys.executable, "-c", "from bench.cli import main; main()"]


@pytest.fixture
def mine(tmp_path):
    """Data whose check prints characters that ASCII lacks."""
    return collection(tmp_path / "ድመት", **{"bitext/ድመት.tsv": "x\ty\n"})


def run(*arguments, stdout=subprocess.PIPE, **environment):
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return subprocess.run(
        [*MAIN, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, timeout=120,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "120", **environment},
    )  # fmt: skip


def test_an_encoding_without_the_characters_escapes_them(mine):
    done = run("data", "check", mine, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 2 and b"Traceback" not in done.stderr
    assert rb"\u12f5\u1218\u1275" in done.stdout and b"1 error" in done.stdout


@pytest.mark.parametrize("columns", ["0", "", "-5", "many", "1", "10000"])
def test_every_width_prints_everything(mine, columns):
    done = run("data", "check", mine, COLUMNS=columns)
    assert done.returncode == 2 and done.stderr == b""
    said = "".join(done.stdout.decode().split())
    assert "unknownlanguage" in said and "1error,0warnings" in said
    if columns == "1":
        assert max(map(len, done.stdout.decode().splitlines())) >= NARROW / 2


def test_lines_of_0_change_nothing(mine):
    assert b"1 error" in run("data", "check", mine, LINES="0").stdout


def test_a_full_disk_and_a_reader_that_has_gone_keep_the_exit_status(mine):
    with open("/dev/full", "wb") as full:
        done = run("data", "check", mine, stdout=full)
    assert done.returncode == 2 and b"Traceback" not in done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run("languages", stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 0 and done.stderr == b""


def test_a_closed_output_is_no_error(mine):
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    command = f'exec "{sys.executable}" -c "from bench.cli import main; main()" languages >&-'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, timeout=120)
    assert done.returncode == 0 and done.stderr == b""


def test_a_folder_whose_name_is_not_utf8_is_told_before_anything_is_read(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        collection(folder / "data")
    except OSError:
        pytest.skip("this file system has no such names")
    (folder / "p.yaml").write_text("name: mine\ndata: {suite: data}\ngrid: {methods: [untrained], sizes: [1]}\n")
    elsewhere = collection(tmp_path / "plain")
    (tmp_path / "p.yaml").write_text(f"name: mine\ndata: {{suite: {elsewhere}}}\ngrid: {{methods: [untrained], sizes: [1]}}\n")
    for arguments in (["data", "check", folder / "data"], ["run", "--profile", folder / "p.yaml"],
                      ["run", "--profile", tmp_path / "p.yaml", "--results", folder / "results"]):  # fmt: skip
        done = run(*arguments)
        assert done.returncode == 2 and b"Traceback" not in done.stderr, done.stderr
        assert rb"caf\xe9" in done.stderr and b"is not UTF-8" in done.stderr
