"""What it takes to ask all questions of a task in all languages: memory, and seconds of encoding, search and scoring.

    python -m benchmarks.evaluation --folder COPIES --out FOLDER        # COPIES: placed copies of the hubs' data, docs/hubs.md

The questions of dev and test of Belebele in the languages of the profile `public-cpu` go through the untrained student, as in a
cell; each number of questions in a process of its own, so that its peak is its own. Memory is to be the same for all of them.
Seconds are those of the processor, all threads together, and by the clock; on a busy machine look at the first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.base.manifest import hardware, peak_memory_mb
from bench.base.markdown import table

if TYPE_CHECKING:
    import torch

    from bench.cells.asking.queries import QuerySet
    from bench.cells.shared.views import Encodes
    from bench.encoders.encoder import Encoded
    from bench.experiment.spec import CellSpec

PROFILE = "public-cpu"
SHARES = (8, 2, 1)  # an eighth of the questions, half, all
PARTS = ("encode", "search", "score")


class Watched:
    """An encoder that notes what encoding takes.

    Attributes:
        processor, clock: seconds so far.
    """

    def __init__(self, encoder: Encodes) -> None:
        self.encoder = encoder
        self.processor = self.clock = 0.0

    @property
    def device(self) -> torch.device:
        return self.encoder.device

    def encode(self, texts: Sequence[str], kind: str = "query", /) -> Encoded:
        """As the encoder itself."""
        processor, clock = time.process_time(), time.monotonic()
        found = self.encoder.encode(texts, kind)
        self.processor += time.process_time() - processor
        self.clock += time.monotonic() - clock
        return found


def asked(spec: CellSpec, share: int) -> list[QuerySet]:
    """The first `1 / share` of the questions of each task and language."""
    from bench.cells.asking.queries import query_sets
    from bench.cells.shared.context import context_of

    found = []
    for split in ("dev", "test"):
        for one in query_sets(context_of(spec), spec.evaluation.tasks, {}, split, spec.suite_languages):
            ids = one.ids[: -(-len(one.ids) // share)]
            found.append(replace(one, ids=ids, texts=one.texts[: len(ids)], qrels={name: one.qrels[name] for name in ids}))
    return found


def measure(spec: CellSpec, share: int) -> dict[str, float]:
    """Ask in this process, which must have done nothing before.

    Returns:
        questions, languages, documents; `X` and `X clock`: seconds of the parts, processor and clock; `MB before`, `MB`:
        largest memory until the first question and in all.
    """
    import torch

    from bench.cells.evaluation import evaluate
    from bench.cells.shared.context import context_of

    torch.set_num_threads(max(1, spec.threads))
    context = context_of(spec)
    sets = asked(spec, share)
    encoder = Watched(context.student.start())
    for task in spec.evaluation.tasks:
        context.documents.index(task)
    tasks = [context.suite.task(task) for task in spec.evaluation.tasks]
    found: dict[str, float] = {
        "questions": sum(len(one.ids) for one in sets), "languages": len({one.language for one in sets}),
        "documents": sum(len(task.documents) for task in tasks), "MB before": peak_memory_mb(),
    }  # fmt: skip
    scoring: list[tuple[float, float]] = []

    def report(phase: str, fraction: float, dev_loss: float | None = None, /) -> None:
        if phase == "encode and search queries" and fraction == 1:
            scoring.append((time.process_time(), time.monotonic()))

    start = time.process_time(), time.monotonic()
    evaluate(context, encoder, sets, spec.evaluation.late_mode, spec.evaluation.run_depth, report)
    end = time.process_time(), time.monotonic()
    for name, spent, at in (("", encoder.processor, 0), (" clock", encoder.clock, 1)):
        found[f"encode{name}"] = spent
        found[f"search{name}"] = scoring[-1][at] - start[at] - spent
        found[f"score{name}"] = end[at] - scoring[-1][at]
    # Linux adds up exactly what is held now, but keeps its peak only roughly: a later reading may be a little lower.
    return found | {"MB": max(found["MB before"], peak_memory_mb())}


def untrained(profile: str, changes: Sequence[str]) -> CellSpec:
    """The cell of a profile that asks the student as it starts."""
    from bench.data.languages import Languages
    from bench.experiment.grid import cells
    from bench.experiment.profile.file import load_profile

    made = load_profile(profile, changes)
    return next(spec for spec in cells(made, Languages.load()) if spec.method == "untrained")


def in_process(profile: str, changes: Sequence[str], share: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    sets = [part for one in changes for part in ("--set", one)]
    command = [sys.executable, "-m", "benchmarks.evaluation", "--profile", profile, "--only", str(share), *sets]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def written(rows: Sequence[dict[str, float]]) -> str:
    """The table, and what it was measured on."""
    lines = []
    for row in rows:
        whole, clock = (sum(row[part + kind] for part in PARTS) for kind in ("", " clock"))
        parts = [f"{row[part]:.1f}" for part in PARTS]
        memory = [f"{row['MB before']:,.0f}", f"{row['MB']:,.0f}"]
        each = 1000 * whole / row["questions"]
        lines.append([f"{row['questions']:,.0f}", *parts, f"{whole:.1f}", f"{each:.2f}", f"{clock:.1f}", *memory])
    machine, last = hardware(), rows[-1]
    heads = ["encode", "search", "score", "in all", "ms a question", "by the clock", "MB before", "MB"]
    return "\n".join([
        "# Asking all questions", "",
        f"{last['languages']:.0f} languages, {last['documents']:,.0f} documents, dense and late interaction, exact. Processor "
        f"seconds, but one column. {machine['processor']}, {machine['cores']} cores. Made by `python -m benchmarks.evaluation`.",
        "",
        table("questions", lines, heads), "",
    ])  # fmt: skip


def main(
    folder: Annotated[Path | None, typer.Option(help="Copies of what is on the hubs; default: the hubs.")] = None,
    profile: Annotated[str, typer.Option(help="Whose task, languages and student are taken.")] = PROFILE,
    change: Annotated[list[str] | None, typer.Option("--set", help="A change to the profile, as of `bench run`.")] = None,
    share: Annotated[list[int] | None, typer.Option(help="Parts of the questions, 1 of this; default: 8, 2, 1.")] = None,
    only: Annotated[int | None, typer.Option(help="Measure one share, 1 of this, here; print JSON.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for evaluation.md.")] = None,
) -> None:
    """Measure several shares of the questions; print and write the table."""
    changes = [f"data.folder={folder}"] if folder else []
    changes += change or []
    if only is None:
        text = written([in_process(profile, changes, one) for one in share or SHARES])
        typer.echo(text)
        if out is not None:
            (out / "evaluation.md").write_text(text, encoding="utf-8")
        return
    typer.echo(json.dumps(measure(untrained(profile, changes), only)))


if __name__ == "__main__":
    typer.run(main)
