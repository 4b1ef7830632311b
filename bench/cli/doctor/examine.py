"""All facts together, as text and as a document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.cli.doctor.findings import MISSING, NOTE, SLOW, Finding, findings, precision, stored_results
from bench.cli.doctor.machine import Machine, machine
from bench.cli.doctor.software import SHOWN, Software, software
from bench.output.terminal.rows import Rows

STYLES = {MISSING: "bold red", SLOW: "yellow", NOTE: ""}


@dataclass(frozen=True)
class Diagnosis:
    """What was found. `works`: nothing that is needed is missing."""

    machine: Machine
    software: Software
    findings: list[Finding]

    @property
    def works(self) -> bool:
        return not any(one.level == MISSING for one in self.findings)

    def document(self) -> dict[str, Any]:
        """`bench doctor --json`."""
        return {
            "works": self.works, "precision": precision(self.machine) if self.software.torch is not None else None,
            "machine": self.machine.document(), **self.software.document(), "findings": [asdict(one) for one in self.findings],
        }  # fmt: skip


def examine(results: Path) -> Diagnosis:
    """Look at this machine and this Python; `results`: folder of experiments, whose precision and memory are compared."""
    installed = software()
    found = machine(installed.torch)
    return Diagnosis(found, installed, findings(found, installed, stored_results(results)))


def text(found: Diagnosis) -> RenderableType:
    """Facts, extras, then what follows from them."""
    facts, extras, said = Rows(()), Rows(("extra", "there", "for")), Rows(())
    for name, value in _facts(found):
        facts.add(Text(name, style="bold"), value)
    for extra in found.software.extras:
        extras.add(extra.name, "yes" if extra.there else "no", extra.use + ("" if extra.there else f" ({extra.get})"))
    for one in found.findings:
        said.add(Text(one.level, STYLES[one.level]), one.what + (f"\n-> {one.advice}" if one.advice else ""))
    verdict = Text("everything that is needed is there", "bold green")
    if not found.works:
        verdict = Text("something that is needed is missing", "bold red")
    return Group(facts, Text(), extras, Text(), said, Text(), verdict)


def _facts(found: Diagnosis) -> list[tuple[str, str]]:
    own, installed = found.machine, found.software
    has = [name for name, there in own.instructions.items() if there]
    gpus = ", ".join(f"{name} ({_gigabytes(memory)})" for name, memory in own.gpus)
    settings = " ".join(f"{name}={value}" for name, value in installed.settings.items())
    return [
        ("processor", f"{own.processor} ({own.system})"),
        ("cores", f"{own.cores} usable" + (f", load {own.load:.1f}" if own.load is not None else "")),
        ("instructions", ", ".join(has) if own.instructions else "unknown"),
        ("precision", precision(own) if installed.torch is not None else "unknown"),
        ("GPU", gpus or "none"),
        ("memory", f"{_gigabytes(own.memory)}, {_gigabytes(own.available)} available"),
        ("cache", f"{own.cache}: {_gigabytes(own.cache_size)}, {_gigabytes(own.free)} free on its disk"),
        ("threads", f"torch {installed.threads or 'unknown'}; {settings or 'nothing set'}; workers of a run set their own"),
        *((name, installed.versions.get(name, "not installed")) for name in SHOWN),
    ]  # fmt: skip


def _gigabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 2**30:.1f} GB"
