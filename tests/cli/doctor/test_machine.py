"""Facts of this very machine, and of processors that it is not."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

from bench.base.manifest import cores
from bench.cli.doctor.machine import instructions, machine, size_of
from tests.cli.doctor.made import AMX, HIDDEN, OLD


def test_instruction_sets_are_whole_flags() -> None:
    assert instructions(AMX)["AMX bf16"] and not instructions(HIDDEN)["AMX bf16"] and instructions(HIDDEN)["AVX-512 bf16"]
    assert not any(instructions(OLD).values()) and instructions("Features\t: fp asimd\n")["NEON"]
    assert not instructions("flags\t: avx2x\n")["AVX2"] and instructions("processor : 0\n") == {}


def test_this_machine(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    found = machine(None)
    assert found.cores == cores() and found.memory and found.memory > 1 << 28 and found.gpus == ()
    assert found.cache_size == 0 and found.free > 0 and found.writable == os.access(tmp_path, os.W_OK), "not there yet"
    (tmp_path / "cache" / "a").mkdir(parents=True)
    (tmp_path / "cache" / "a" / "b").write_bytes(b"12345")
    assert machine(None).cache_size == size_of(tmp_path) == 5 and not (tmp_path / "cache" / "c").exists()


def test_memory_is_that_of_the_job_or_container(monkeypatch) -> None:
    monkeypatch.setattr("bench.cli.doctor.machine.memory_limit", lambda: 1 << 20)
    assert (machine(None).memory, machine(None).available) == (1 << 20, 1 << 20)


def test_graphics_cards_are_those_that_torch_can_use() -> None:
    about = SimpleNamespace(name="made up", total_memory=80 << 30)
    cuda = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2, get_device_properties=lambda number: about)
    assert machine(SimpleNamespace(cuda=cuda)).gpus == (("made up", 80 << 30),) * 2
