"""`bench doctor`: text, document and exit status."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli import main
from bench.cli.doctor import examine as work
from bench.cli.doctor.findings import findings
from bench.output.terminal.screen import show
from tests.cli.doctor.made import HIDDEN, machine, software


def test_the_text_has_facts_extras_findings_and_a_verdict(tmp_path: Path) -> None:
    here, installed = machine(tmp_path, HIDDEN), software(settings={"OMP_NUM_THREADS": "4"})
    console = Console(file=io.StringIO(), width=100)
    show(console, work.text(work.Diagnosis(here, installed, findings(here, installed, []))))
    said = console.file.getvalue()
    lines = [" ".join(line.split()) for line in said.splitlines()]
    for expected in (
        "cores 8 usable, load 0.5", "instructions AVX-512 bf16, AVX-512, AVX2", "precision 32-true", "GPU none",
        "memory 64.0 GB, 60.0 GB available", "torch not installed", "npm yes sources of the built-in suite",
    ):  # fmt: skip
        assert expected in lines, said
    assert "OMP_NUM_THREADS=4" in said and "slow float32 is used" in " ".join(said.split())
    assert lines[-1] == "everything that is needed is there"
    missing = work.Diagnosis(here, software(torch=None), findings(here, software(torch=None, torch_error="ImportError: x"), []))
    show(console, work.text(missing))
    assert console.file.getvalue().endswith("something that is needed is missing\n") and not missing.works


@pytest.mark.parametrize(("writable", "status"), [(True, 0), (False, 1)])
def test_the_command(tmp_path: Path, monkeypatch, capsys, writable: bool, status: int) -> None:
    monkeypatch.setattr(work, "machine", lambda torch: machine(tmp_path, writable=writable))
    monkeypatch.setattr(sys, "argv", ["bench", "doctor", "--results", str(tmp_path), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert ended.value.code == status and err == "" and found["works"] == (status == 0)
    assert found["machine"]["cores"] == 8 and found["versions"]["python"] and found["threads"]["torch"]
    assert found["precision"] == "bf16-mixed" and {"npm", "slurm"} <= {one["name"] for one in found["extras"]}
    assert ("missing" in {one["level"] for one in found["findings"]}) == (status == 1)
