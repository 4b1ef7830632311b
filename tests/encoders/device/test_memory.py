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
