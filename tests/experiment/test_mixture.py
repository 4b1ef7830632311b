import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from bench.base import manifest
from bench.execution.plan_view import overview
from bench.experiment.mixture import facts_here, facts_of, mixtures, sentence
from bench.experiment.plan import make_plan
from bench.experiment.store import folder_name

SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"
MADE = {"precision": "32-true", "hardware": {"processor": "Xeon", "cores": 8}, "versions": {"torch": "2.5.1", "python": "3.11.4"}}


def changed(**more):
    return facts_of(MADE | more)


def test_what_differs_is_named_with_its_cells():
    assert mixtures([("a", changed()), ("b", changed()), ("c", changed(started="yesterday", threads=3))]) == []
    found = mixtures([("a", changed()), ("b", changed(precision="bf16-mixed")), ("c", changed(versions={"torch": "2.6.0"}))])
    assert [sentence(one) for one in found] == [
        "precision: 32-true (2 cells), bf16-mixed (b)", "torch: 2.5.1 (2 cells), 2.6.0 (c)",
    ]  # fmt: skip
    gpu = changed(hardware={"processor": "Xeon", "accelerator": "NVIDIA H200"})
    assert [sentence(one) for one in mixtures([("a", changed()), ("b", gpu)])] == ["device: NVIDIA H200 (b), Xeon (a)"]


def test_what_a_manifest_does_not_say_differs_from_nothing():
    assert facts_of({}) == {} and facts_of({"hardware": None, "versions": None, "precision": ""}) == {}
    assert mixtures([("a", changed()), ("old", {}), ("b", changed(versions={}))]) == []


def test_cores_memory_and_the_version_of_python_are_no_mixture():
    other = {"hardware": {"processor": "Xeon", "cores": 2, "memory_gb": 3}, "versions": {"torch": "2.5.1", "python": "3.12.0"}}
    assert mixtures([("a", changed()), ("b", changed(**other))]) == []


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A machine whose driver lists these GPUs, with a torch that was built for CUDA and is not loaded."""

    def made(*names: str, torch: str = "2.5.1+cu124") -> None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text("#!/bin/sh\n" + ("\n".join(f"echo '{name}'" for name in names) or "exit 9") + "\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delitem(manifest.sys.modules, "torch", raising=False)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(manifest, "versions", lambda: {"torch": torch})
        monkeypatch.setattr(manifest, "multiplies_bfloat16", lambda: False)
        manifest._gpus.cache_clear()

    yield made
    manifest._gpus.cache_clear()


def test_a_gpu_is_seen_without_torch(driver, monkeypatch):
    driver("NVIDIA A100", "NVIDIA H200")
    assert manifest.accelerator() == "NVIDIA A100"
    assert [manifest.precision_here(one) for one in ("auto", "float32", "bf16")] == ["bf16-mixed", "32-true", "bf16-mixed"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    assert manifest.accelerator() == "NVIDIA H200"
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert manifest.accelerator() is None and manifest.precision_here("auto") == "32-true"


def test_no_driver_and_a_torch_for_processors_have_no_gpu(driver):
    driver()
    assert manifest.accelerator() is None
    driver("NVIDIA A100", torch="2.5.1+cpu")
    assert manifest.accelerator() is None


def test_precision_without_torch_is_what_torch_takes():
    from bench.encoders.device import precision_of

    for asked in ("auto", "float32", "bf16"):
        assert manifest.precision_here(asked) == precision_of(asked)


def planned(results: Path, **manifests):
    """A plan of the small profile of which some cells are stored, by their place in it."""
    plan = make_plan(str(SMALL), results, changes=["data.guard=null", "hardware.precision=float32"])
    for number, made in manifests.items():
        spec = plan.specs[int(number.removeprefix("n"))]
        folder = plan.store.cells / folder_name(spec.id)
        folder.mkdir(parents=True)
        files = {}
        for name in ("metrics.csv", "per_query.parquet"):
            (folder / name).write_text("x")
            files[name] = 1
        stored = {"status": "done", "key": spec.key, "id": spec.id, "files": files} | made
        (folder / "manifest.json").write_text(json.dumps(stored))
    text = io.StringIO()
    Console(file=text, width=300).print(overview(plan))
    return plan, text.getvalue()


def test_a_plan_warns_before_cells_of_two_machines_stand_in_one_table(tmp_path):
    here = {"precision": "32-true", "hardware": manifest.hardware(), "versions": manifest.versions()}
    assert facts_of(here) == facts_here("float32")
    _, said = planned(tmp_path / "alike", n0=here)
    assert "mixed" not in said
    old = here | {"precision": "bf16-mixed", "versions": manifest.versions() | {"torch": "1.0"}}
    plan, said = planned(tmp_path / "other", n0=old, n1=here)
    left = len(plan.specs) - 2
    own = manifest.versions()["torch"]
    assert f"mixed precision: 32-true ({left + 1} cells, {left} of them to run here), bf16-mixed ({plan.specs[0].id})" in said
    assert f"mixed torch: 1.0 ({plan.specs[0].id}), {own} ({left + 1} cells, {left} of them to run here)" in said


def test_a_plan_with_nothing_to_run_warns_of_nothing(tmp_path):
    count = len(make_plan(str(SMALL), tmp_path, changes=["data.guard=null"]).specs)
    _, said = planned(tmp_path, **{f"n{i}": {"precision": "32-true" if i else "bf16-mixed"} for i in range(count)})
    assert "to run: 0" in said and "mixed" not in said
