"""A machine and a Python on which nothing is missing and nothing is slow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cli.doctor.machine import Machine, instructions
from bench.cli.doctor.software import Extra, Software
from bench.data.sources.packages.catalogue import PACKAGES

AMX = "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_tile\n"
HIDDEN = AMX.replace(" amx_bf16 amx_tile", "")
OLD = "vendor_id\t: GenuineIntel\nflags\t\t: fpu sse2\n"


def machine(cache: Path, cpuinfo: str = AMX, packages: bool = True, **facts: Any) -> Machine:
    """With all packages of texts in its cache."""
    if packages:
        (cache / "packages").mkdir(parents=True, exist_ok=True)
        for one in PACKAGES.values():
            (cache / "packages" / one.filename).touch()
    whole = Machine(
        system="Linux x86_64", processor="made up", cores=8, instructions=instructions(cpuinfo), cpuinfo=cpuinfo, load=0.5,
        memory=64 << 30, available=60 << 30, gpus=(), cache=cache, cache_size=1 << 30, writable=True, free=100 << 30,
    )  # fmt: skip
    return replace(whole, **facts)


def software(**facts: Any) -> Software:
    """With a torch that is only there."""
    whole = Software(
        versions={"python": "3.11.7"}, lacking={}, torch=object(), torch_error="", threads=8, settings={},
        extras=(Extra("npm", True, "sources of the built-in suite", "get npm"),),
    )  # fmt: skip
    return replace(whole, **facts)
