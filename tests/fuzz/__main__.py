"""`python -m tests.fuzz`: all kinds of input in turn, in a process of its own for each round, until the time is over."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from tests.fuzz.kinds import KINDS

MEMORY = 3 << 30  # bytes beyond what the libraries take: inputs have kilobytes
ROUND = 30  # seconds of a kind, then the next one's turn
PATIENCE = 60  # seconds after which compiled code that does not come back is a finding


def main(
    minutes: Annotated[float, typer.Option(help="How long in all.")] = 10.0,
    kind: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = None,
    seed: Annotated[int, typer.Option(help="Of the first round; the same seed tries the same inputs.")] = 0,
    child: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Try inputs that nobody meant, and count what comes of them."""
    if child:
        return _round(child, seed, minutes * 60)
    names = kind or list(KINDS)
    if unknown := sorted(set(names) - set(KINDS)):
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}; there are {', '.join(KINDS)}", param_hint="--kind")
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    found: dict[str, str] = {}
    start, number = time.monotonic(), 0
    while (left := minutes * 60 - (time.monotonic() - start)) > 1:
        name = names[number % len(names)]
        seconds = min(ROUND, left, max(2.0, minutes * 60 / len(names)))
        typer.echo(f"{name}: round {number // len(names) + 1}, {left:.0f} s left, {len(found)} findings", err=True)
        for line in _child(name, seed + number, seconds):
            if "finding" in line:
                found.setdefault(f"{name}: {line['finding']}", str(line["input"]))
                counts[name]["findings"] += 1
            else:
                counts[name].update({what: int(str(many)) for what, many in line.items()})
        number += 1
    typer.echo(f"| {'input':12} | tried | results | refused | findings |\n| {'---':12} | ---: | ---: | ---: | ---: |")
    for name, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        tried = count["result"] + count["refused"] + count["findings"]
        typer.echo(f"| {name:12} | {tried} | {count['result']} | {count['refused']} | {count['findings']} |")
    for name, example in found.items():
        typer.echo(f"\n{name}\n{example}")
    raise typer.Exit(1 if found else 0)


def _child(kind: str, seed: int, seconds: float) -> list[dict[str, object]]:
    """What a round in a process of its own says, one JSON line each; its death is a finding."""
    command = [sys.executable, "-m", "tests.fuzz", "--child", kind, "--seed", str(seed), "--minutes", str(seconds / 60)]
    with tempfile.TemporaryFile() as log:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
        if done.returncode:
            log.seek(0)
            printed = log.read()[-3000:].decode("utf-8", "replace")
            lines.append({"finding": f"the process ended with {done.returncode}", "input": printed})
    return lines


def _round(kind: str, seed: int, seconds: float) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    from tests.fuzz.tries import outcome, place

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    counts = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="bench-fuzz-") as scratch:
        base, folder = Path(scratch) / "base", Path(scratch) / "tried"
        KINDS[kind].base(base)
        name, make = next(iter(KINDS[kind].files.items()))
        outcome(kind, (name, make()[0]), base, folder)  # loads the libraries
        end = time.monotonic() + seconds  # from here on: on a busy machine they take longer than a round
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))

        @seeded(seed)
        @settings(
            max_examples=100_000, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(KINDS[kind].example())
        def tried(example: tuple[str, bytes]) -> None:
            if time.monotonic() > end:
                raise KeyboardInterrupt
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            try:
                counts[outcome(kind, example, base, folder)] += 1
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # the point is to report whatever comes, and to go on
                print(json.dumps({"finding": f"{place(error)}: {str(error)[:200]}", "input": repr(example)[:2000]}), flush=True)
            finally:
                faulthandler.cancel_dump_traceback_later()

        try:
            tried()
        except KeyboardInterrupt:
            pass
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    typer.run(main)
