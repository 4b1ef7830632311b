"""How much memory a process may have."""

import os

import pytest

from bench.base import manifest


@pytest.mark.parametrize(
    ("own", "limits", "gigabytes"),
    [
        ("0::/job/step\n", {"job/step/memory.max": "max", "job/memory.max": str(3 << 30)}, 3),  # that of a group above
        ("0::/job/step\n", {"job/step/memory.max": str(2 << 30), "memory.max": str(5 << 30)}, 2),
        ("0::/\n", {"memory.max": str(4 << 30), "other/memory.max": "1"}, 4),  # a container sees its own group as the root
        ("7:cpu:/a\n5:cpuset,memory:/a/b\n", {"memory/a/b/memory.limit_in_bytes": str(6 << 30)}, 6),
        ("5:memory:/a\n", {"memory/a/memory.limit_in_bytes": str((1 << 63) - 4096), "memory/memory.max": "1"}, 0),
        ("7:pids:/a\nnonsense\n", {"a/memory.max": "1"}, 0),
        (b"0::/\xff\n", {"memory.max": str(1 << 30)}, 1),
        (None, {}, 0),
    ],
)
def test_a_job_or_container_may_have_less_than_the_machine(tmp_path, monkeypatch, own, limits, gigabytes):
    if own is not None:
        (tmp_path / "own").write_bytes(own if isinstance(own, bytes) else own.encode())
    for name, limit in limits.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(limit + "\n")
    monkeypatch.setattr(manifest, "OWN", tmp_path / "own")
    monkeypatch.setattr(manifest, "GROUPS", tmp_path / "groups")
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert manifest.memory_limit() == (min(gigabytes << 30, machine) or machine)


def test_a_copy_of_a_process_counts_what_that_one_had_loaded():
    alone, pages = manifest.peak_memory_mb(), manifest.file_pages_mb()
    assert pages > 1
    manifest.copied_from(pages + 500)
    try:
        assert abs(manifest.peak_memory_mb() - alone - 500) < 50
    finally:
        manifest.copied_from(0.0)
