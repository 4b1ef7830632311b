"""What is missing decides the status; what is slow says why and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cli.doctor.findings import MISSING, NOTE, SLOW, Stored, findings, precision, stored_results
from bench.cli.doctor.software import Extra
from tests.cli.doctor.made import AMX, HIDDEN, OLD, machine, software

GPU = (("made up", 80 << 30),)


def said(level: str, *of) -> list[str]:
    return [f"{one.what} | {one.advice}" for one in findings(*of) if one.level == level]


def test_nothing_to_say_of_a_machine_that_has_all(tmp_path: Path) -> None:
    whole = machine(tmp_path, gpus=GPU)
    assert findings(whole, software(), [Stored("full", ("bf16-mixed",), 4 << 30)]) == []
    assert [one.level for one in findings(machine(tmp_path), software(), [])] == [NOTE], "no GPU is worth a note alone"


def test_what_is_needed_and_missing(tmp_path: Path) -> None:
    whole = machine(tmp_path)
    [torch] = said(MISSING, whole, software(torch=None, torch_error="ImportError: libgomp"), [])
    assert "libgomp" in torch
    [old] = said(MISSING, whole, software(lacking={"transformers>=5.0": "4.9"}), [])
    assert old.startswith("transformers>=5.0 is needed, and 4.9 is installed | pip install 'transformers>=5.0'")
    [read_only] = said(MISSING, machine(tmp_path, writable=False), software(), [])
    assert "XLSD_CACHE" in read_only
    [none] = said(MISSING, machine(tmp_path / "new", packages=False), software(extras=(Extra("npm", False, "", "get npm"),)), [])
    assert "scratch-l10n" in none and "get npm" in none and "kolibri" not in none
    [full] = said(MISSING, machine(tmp_path / "new", packages=False, free=10**8), software(), [])
    assert full.startswith("0.1 GB are free")
    levels = [one.level for one in findings(machine(tmp_path, writable=False, cpuinfo=OLD), software(), [])]
    assert levels == sorted(levels, key=(MISSING, SLOW, NOTE).index) and levels[0] == MISSING


@pytest.mark.parametrize(
    ("cpuinfo", "gpus", "used"),
    [
        (AMX, (), "bf16-mixed"), (HIDDEN, (), "32-true"), (OLD, GPU, "bf16-mixed"), ("", (), "32-true"),
        (HIDDEN.replace("GenuineIntel", "AuthenticAMD"), (), "bf16-mixed"),
    ],
)  # fmt: skip
def test_precision_is_that_of_the_encoders(tmp_path: Path, cpuinfo: str, gpus: tuple, used: str) -> None:
    assert precision(machine(tmp_path, cpuinfo, gpus=gpus)) == used


def test_float32_is_slow_and_says_why_and_which_results_differ(tmp_path: Path) -> None:
    stored = [Stored("full", ("bf16-mixed",), 0), Stored("mine", ("32-true",), 0)]
    here = machine(tmp_path, HIDDEN)
    [slow] = said(SLOW, here, software(), stored)
    assert slow.startswith("float32 is used: AVX-512 bf16 without AMX") and "virtual machines may hide AMX" in slow
    assert "has no fast bf16" in said(SLOW, machine(tmp_path, OLD), software(), [])[0]
    differing = [one for one in said(NOTE, here, software(), stored) if "computed in" in one]
    assert differing == ["full was computed in bf16-mixed, and this machine computes in 32-true | cells of both do not belong "
                         "into one table; hardware.precision sets it (float32 runs everywhere)"]  # fmt: skip


def test_other_reasons_to_be_slow(tmp_path: Path) -> None:
    assert any("no AVX2" in one for one in said(SLOW, machine(tmp_path, OLD), software(), []))
    assert any("AVX2" in one for one in said(SLOW, machine(tmp_path, ""), software(), [])) is False, "unknown is not missing"
    [load] = said(SLOW, machine(tmp_path, load=20.0), software(), [])
    assert "20.0 processes want a core, and there are 8" in load
    [cores] = said(SLOW, machine(tmp_path, cores=1), software(), [])
    assert "one core" in cores
    [memory] = said(SLOW, machine(tmp_path, available=2 << 30), software(), [Stored("full", ("bf16-mixed",), 4 << 30)])
    assert memory.startswith("2.0 GB of memory are free, and the largest stored cell took 4.0 GB")
    notes = said(NOTE, machine(tmp_path, available=9 << 30), software(), [Stored("full", ("bf16-mixed",), 4 << 30)])
    assert any("enough for 2 cells at a time" in one and "--workers 2" in one for one in notes)


def test_stored_results_are_those_of_finished_cells_and_of_the_reference(tmp_path: Path) -> None:
    for name, content in {
        "a": {"status": "done", "precision": "32-true", "peak_memory_mb": 1024}, "b": {"status": "failed", "precision": "x"},
        "c": {"status": "done", "precision": "bf16-mixed", "peak_memory_mb": 2048},
    }.items():  # fmt: skip
        (tmp_path / "mine" / "cells" / name).mkdir(parents=True)
        (tmp_path / "mine" / "cells" / name / "manifest.json").write_text(json.dumps(content))
    (tmp_path / "empty" / "cells").mkdir(parents=True)
    reference = tmp_path / "manifest.json"
    reference.write_text(json.dumps({"cells": [{"status": "done", "precision": "bf16-mixed", "peak_memory_mb": 4472}]}))
    mine, published = stored_results(tmp_path, reference)
    assert mine == Stored("mine", ("32-true", "bf16-mixed"), 2 << 30)
    assert published.name == "the published reference" and published.memory == 4472 << 20
    assert stored_results(tmp_path / "nowhere", tmp_path / "none") == []
