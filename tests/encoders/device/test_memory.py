import os
import subprocess
import sys

import pytest

from bench.encoders.device import memory

SCRIPT = """
from pathlib import Path
from bench.encoders.device.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

kept = [bytearray(60_000) for _ in range(4000)]  # 240 MB in places too small for a mapping of their own
del kept[::2]
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(memory._trim() is None, reason="the C library keeps what is free")
def test_what_is_free_between_what_is_used_goes_back():
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
    assert int(told) > 80_000_000


def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "_trim", lambda: None)
    memory.give_back()


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
    monkeypatch.setattr(memory, "OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "groups")
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.memory_limit() == (min(gigabytes << 30, machine) or machine)
