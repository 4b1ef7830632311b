"""What is installed, held against what the package asks for."""

from __future__ import annotations

import importlib.util
from importlib import metadata

from bench.cli.doctor import software
from bench.cli.doctor.software import extras, lacking


def test_requirements_that_are_not_met() -> None:
    there = metadata.version("rich")
    asked = ["rich>=13", "rich>=999", "no-such-package>=1", 'ray; extra == "x"', 'no-such-other; python_version < "3"']
    assert lacking(asked) == {"rich>=999": there, "no-such-package>=1": ""}


def test_a_package_under_another_name_counts_by_its_module(monkeypatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert lacking(["faiss-cpu>=1.9", "pyyaml>=6"]) == {}


def test_extras_say_how_to_get_them(monkeypatch) -> None:
    found = {one.name: one for one in extras()}
    assert set(found) == {"npm", "hubs", "tensorboard", "mlflow", "wandb", "ray", "slurm"}
    assert found["hubs"].there == (importlib.util.find_spec("datasets") is not None)
    assert "xlsd-bench[tensorboard]" in found["tensorboard"].get
    monkeypatch.setattr(software, "_importable", lambda module: module == "submitit")
    monkeypatch.setattr(software.shutil, "which", lambda name: None)
    assert not {one.name: one.there for one in extras()}["slurm"], "what submits jobs is needed as well"
    monkeypatch.setattr(software.shutil, "which", lambda name: f"/bin/{name}" if name == "sbatch" else None)
    assert {one.name: one.there for one in extras()}["slurm"]


def test_this_python(monkeypatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    found = software.software()
    assert found.torch is not None and found.threads and found.lacking == {} and found.settings["OMP_WAIT_POLICY"] == "PASSIVE"
    assert {"torch", "transformers", "tokenizers", "pytorch-lightning", "faiss-cpu"} <= set(found.versions)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    broken = software.software()
    assert broken.torch is None and broken.torch_error.startswith("ModuleNotFoundError") and broken.threads is None
