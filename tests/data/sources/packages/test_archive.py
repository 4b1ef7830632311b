"""Archives are hostile until proven otherwise."""

import io
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.data.sources.packages import archive

FILES = {"p/a.json": b"{}", "p/q/b.json": b"[1]", "p/c.txt": b"text"}


def make_zip(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.mkdir("p/empty")
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def make_tgz(path, files=FILES, extra=()):
    with tarfile.open(path, "w:gz") as opened:
        for info in extra:
            opened.addfile(info)
        for name, content in files.items():
            content = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return path


MAKERS = {"x.whl": make_zip, "x.tgz": make_tgz}


@pytest.fixture(params=MAKERS)
def made(request, tmp_path):
    """(path, function that makes such an archive)"""
    return tmp_path / request.param, MAKERS[request.param]


def test_reads_what_is_there(made):
    path, make = made
    make(path)
    assert archive.members(path) == sorted(FILES)
    assert archive.members(path, "p/*.json") == ["p/a.json", "p/q/b.json"]
    assert archive.read_member(path, "p/c.txt") == b"text"
    assert dict(archive.read_members(path, "p/*.json")) == {"p/a.json": b"{}", "p/q/b.json": b"[1]"}
    assert list(archive.read_members(path, "nothing*")) == []


def test_a_member_name_is_not_a_pattern(made):
    path, make = made
    make(path, {"p/[a].txt": b"1"})
    assert archive.read_member(path, "p/[a].txt") == b"1"
    with pytest.raises(BenchError, match="holds no file"):
        archive.read_member(path, "p/*")


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd", "a/../../up.txt", "..\\up.txt", "C:\\up.txt"])
def test_names_that_point_outside_are_refused_and_nothing_is_written(made, name, tmp_path):
    path, make = made
    make(path, {**FILES, name: b"bad"})
    before = {p.name for p in tmp_path.parent.rglob("*")}
    with pytest.raises(BenchError, match="points outside"):
        archive.members(path)
    with pytest.raises(BenchError, match="points outside"):
        archive.read_member(path, name)
    assert {p.name for p in tmp_path.parent.rglob("*")} == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_tarballs_do_not_exist(tmp_path, kind):
    info = tarfile.TarInfo("p/link")
    info.type, info.linkname = kind, "/etc/passwd"
    path = make_tgz(tmp_path / "x.tgz", extra=[info])
    assert archive.members(path) == sorted(FILES)
    with pytest.raises(BenchError, match="holds no file 'p/link'"):
        archive.read_member(path, "p/link")


def test_links_in_zips_do_not_exist(tmp_path):
    path = tmp_path / "x.whl"
    link = zipfile.ZipInfo("p/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    assert archive.members(path) == []
    with pytest.raises(BenchError, match="holds no file"):
        archive.read_member(path, "p/link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_names_are_refused(tmp_path):
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("p/a", "first")
        opened.writestr("p/a", "second")
    with pytest.raises(BenchError, match="two members named"):
        archive.read_member(path, "p/a")
    info = tarfile.TarInfo("p/a.json")
    with pytest.raises(BenchError, match="two members named"):
        archive.members(make_tgz(tmp_path / "x.tgz", extra=[info]))


def test_a_member_above_the_limit_is_refused(made, monkeypatch):
    path, make = made
    make(path, {"big": b"0" * 5000, "small": b"0" * 4000})
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 4000)
    assert len(archive.read_member(path, "small")) == 4000
    with pytest.raises(BenchError, match="larger than 4000"):
        archive.read_member(path, "big")


def test_a_tarball_that_unpacks_to_too_much_is_cut_off(tmp_path, monkeypatch):
    path = make_tgz(tmp_path / "x.tgz", {"bomb": b"0" * 3_000_000, "wanted": b"1"})
    monkeypatch.setattr(archive, "MAX_TARBALL_BYTES", 1_000_000)
    with pytest.raises(BenchError, match="unpacks to more than 1000000"):
        archive.read_member(path, "wanted")


def test_too_many_members_are_refused(made, monkeypatch):
    path, make = made
    make(path, {f"f{n}": b"" for n in range(12)})
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    with pytest.raises(BenchError, match="more than 10 members"):
        archive.members(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"<html>404</html>"])
def test_something_that_is_no_archive(tmp_path, content):
    path = tmp_path / "x.whl"
    path.write_bytes(content)
    with pytest.raises(BenchError, match="cannot be read as an archive"):
        archive.members(path)


def test_a_missing_archive(tmp_path):
    with pytest.raises(BenchError, match="cannot read"):
        archive.members(tmp_path / "none.whl")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_gives_the_right_content_or_a_clear_error(made, data):
    path, make = made
    make(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    right_or_refused(path, bytes(content[: data.draw(st.integers(1, len(content)))]))


def test_any_byte_damaged_gives_the_right_content_or_a_clear_error(made):
    path, make = made
    make(path)
    whole = path.read_bytes()
    for at in range(len(whole)):  # among them the bytes that say where the directory of a zip begins
        right_or_refused(path, whole[:at] + b"\x01" + whole[at + 1 :])


def right_or_refused(path, content):
    path.write_bytes(content)
    try:
        for name, found in archive.read_members(path, "*"):
            # Both formats carry checksums, though not over every header: a name may change, content may not.
            assert name not in FILES or found in (*FILES.values(), b"")
    except BenchError:
        pass
