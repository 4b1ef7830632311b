"""What is installed: versions, what the package asks for, extras, settings of threads."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from bench.base.manifest import versions
from bench.base.progress import tell

DISTRIBUTION = "xlsd-bench"
SHOWN = ("python", "xlsd-bench", "torch", "transformers", "tokenizers", "pytorch-lightning", "faiss-cpu", "numpy", "pandas")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_CPU_AFFINITY")
MODULES = {"pytorch-lightning": "pytorch_lightning", "faiss-cpu": "faiss", "pyyaml": "yaml"}  # where not the name itself


@dataclass(frozen=True)
class Extra:
    """Something that is not needed for everything: whether it is there, what for, and how to get it."""

    name: str
    there: bool
    use: str
    get: str


@dataclass(frozen=True)
class Software:
    """Facts of what is installed.

    Attributes:
        versions: of Python, of this project and of the packages that touch numbers.
        lacking: requirement of the package -> what is there in its place; empty: nothing.
        torch: the module; None where it cannot be imported, and `torch_error` says why.
        threads: that torch would use in this process.
        settings: environment variables of threads that are set.
    """

    versions: dict[str, str]
    lacking: dict[str, str]
    torch: Any
    torch_error: str
    threads: int | None
    settings: dict[str, str]
    extras: tuple[Extra, ...]

    def document(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "versions": self.versions, "lacking": self.lacking, "torch_error": self.torch_error,
            "threads": {"torch": self.threads, **{name: self.settings.get(name) for name in THREADS}},
            "extras": [asdict(one) for one in self.extras],
        }  # fmt: skip


def software() -> Software:
    """What this Python has. Imports torch, which is the only way to know that it works."""
    tell("importing torch")
    torch, error = None, ""
    try:
        import torch as found

        torch = found
    except (ImportError, OSError) as failure:  # OSError: a library of the system is missing
        error = f"{type(failure).__name__}: {failure}"
    tell("looking at packages")
    return Software(
        versions={name: found for name, found in versions().items()}, lacking=lacking(_required()), torch=torch,
        torch_error=error, threads=torch.get_num_threads() if torch is not None else None,
        settings={name: os.environ[name] for name in THREADS if name in os.environ}, extras=tuple(extras()),
    )  # fmt: skip


def lacking(required: Iterable[str]) -> dict[str, str]:
    """Requirements (`torch>=2.4`) that are not met -> the version that is there; empty: none.

    A package that came under another name (faiss of conda) counts by its module.
    """
    from packaging.requirements import Requirement

    found = {}
    for text in required:
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            there = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            if not _importable(MODULES.get(one.name.lower(), one.name.replace("-", "_"))):
                found[str(one).partition(";")[0].strip()] = ""
            continue
        if not one.specifier.contains(there, prereleases=True):
            found[str(one).partition(";")[0].strip()] = there
    return found


def extras() -> Iterable[Extra]:
    """Everything that only some commands need."""
    from bench.data.sources.packages.download import npm_command

    yield Extra("npm", npm_command() is not None, "sources of the built-in suite", _pip("npm"))
    hubs = _importable("datasets") and _importable("ir_datasets")
    yield Extra("hubs", hubs, "data sets of the hubs (docs/hubs.md)", _pip("hubs"))
    for logger in ("tensorboard", "mlflow", "wandb"):
        yield Extra(logger, _importable(logger), f"bench run --log {logger}", _pip(logger))
    yield Extra("ray", _importable("ray"), "bench run --on ray (docs/clusters.md)", _pip("ray"))
    slurm = shutil.which("sbatch") is not None and _importable("submitit")
    yield Extra("slurm", slurm, "bench run --on slurm (docs/clusters.md)", f"{_pip('slurm')}, on a login node of a cluster")


def _required() -> list[str]:
    try:
        return metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # a checkout that was never installed
        return []


def _pip(extra: str) -> str:
    return f"{os.path.basename(sys.executable)} -m pip install '{DISTRIBUTION}[{extra}]'"


def _importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
