"""What the commands that only look around cost before they answer: seconds, processor time, and what they import.

    python -m benchmarks.startup            # --runs N, --out FILE

Each command runs in processes of its own, one after the other and in turns, on a compiled cache that is warm.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from bench.base.manifest import hardware
from bench.base.markdown import table

# What takes a tenth of a second or more to import, or is not needed to look around.
HEAVY = (
    "torch", "transformers", "pytorch_lightning", "faiss", "geomloss", "sentence_transformers", "sacrebleu", "ir_measures",
    "matplotlib", "pandas", "pyarrow", "numpy", "scipy", "datasets", "ir_datasets", "psutil",
)  # fmt: skip
COMMANDS = {
    "bench --help": ["--help"], "bench plan": ["plan"], "bench methods": ["methods"], "bench languages": ["languages"],
    "bench plan --help": ["plan", "--help"], "bench data list": ["data", "list"],
}  # fmt: skip
LIMITS = {"bench --help": 0.35, "bench plan": 1.0, "bench methods": 1.0, "bench languages": 1.0}  # seconds that are aimed at
COSTLIEST = 4  # packages that are named of each command
_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*([\w.]+)")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def run(arguments: Sequence[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory (MB) of `bench` with these arguments, in a process of its own.

    Linux counts what the starting process held when it forked: a peak below that of the caller is not seen.

    Raises:
        RuntimeError: the command failed.
    """
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bench.cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"bench {' '.join(arguments)} ended with {process.returncode}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def imports(arguments: Sequence[str]) -> dict[str, float]:
    """Milliseconds that the modules of each top-level package took of themselves, the longest first.

    Python's own report (`-X importtime`), which slows imports down a little: for shares, not for sums.
    """
    command = [sys.executable, "-X", "importtime", "-m", "bench.cli", *arguments]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    found: dict[str, float] = {}
    for line in lines:
        if match := _IMPORT.match(line):
            package = match[2].partition(".")[0]
            found[package] = found.get(package, 0.0) + int(match[1]) / 1000
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@app.command()
def main(
    runs: Annotated[int, typer.Option(min=1, help="How often each command is timed.")] = 11,
    out: Annotated[Path | None, typer.Option(help="Write the table to this file too.")] = None,
) -> None:
    """Time the light commands and say what they import."""
    loaded = {name: imports(arguments) for name, arguments in COMMANDS.items()}  # also warms the compiled cache
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            times[name].append(run(arguments))
    rows = []
    for name, found in times.items():
        wall, processor, _ = (median(values) for values in zip(*found, strict=True))
        costly = ", ".join(f"{package} {spent:.0f}" for package, spent in list(loaded[name].items())[:COSTLIEST])
        aim = f"{LIMITS[name]:.2f}" if name in LIMITS else ""
        heavy = ", ".join(package for package in HEAVY if package in loaded[name]) or "none"
        rows.append([f"`{name}`", f"{wall:.2f}", aim, f"{processor:.2f}", heavy, costly])
    text = table("command", rows, ["s", "aim", "processor s", "heavy imports", "longest imports (ms)"])
    typer.echo(text)
    if out:
        here = hardware()
        about = f"Medians of {runs} runs. {here['processor']}, {here['cores']} cores. Made by `python -m benchmarks.startup`."
        out.write_text(f"# Light commands\n\n{about}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    app()
