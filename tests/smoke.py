"""Smoke run on the real packages through the command line; `make smoke`. Ends with a non-zero status if anything is off.

Every method once on three languages, with the commands of the page "Start here" (index.md, beside this file or in docs/),
copied line by line. What is checked: the run ends well, every loss falls on dev pairs, nothing
collapses, the ceiling is above the floor, tables and pictures are complete, and a second run has nothing left to do.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

FILES = (
    "leaderboard.csv", "leaderboard.md", "per_language.csv", "scaling.svg", "scaling.png", "scaling.md", "texts.csv",
    "profile.yaml", "gain.svg", "gain.png",
)  # fmt: skip


def bench(*arguments: str) -> str:
    """Output of the `bench` command; its failure is ours."""
    # Isolated (-P): what is installed is run, not what happens to lie in this folder.
    command = [sys.executable, "-P", "-m", "bench.cli", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    if done.returncode:
        raise SystemExit(f"`bench {' '.join(arguments)}` ended with status {done.returncode}")
    return done.stdout


def check(folder: Path) -> list[str]:
    """What is wrong with the results in `folder`."""
    wrong = [f"{name} is missing" for name in FILES if not (folder / name).stat().st_size]
    cells = sorted((folder / "cells").iterdir())
    manifests = [json.loads((cell / "manifest.json").read_text()) for cell in cells]
    wrong += [f"{m['id']} is {m['status']}" for m in manifests if m["status"] != "done"]
    trained = [m for m in manifests if m.get("dev")]
    if len(trained) < 4:
        wrong.append(f"only {len(trained)} cells report a dev loss")
    for m in trained:
        if not m["dev"]["loss_end"] < m["dev"]["loss_start"]:
            wrong.append(f"{m['id']} does not learn: dev loss {m['dev']['loss_start']:.4f} -> {m['dev']['loss_end']:.4f}")
        if m.get("collapse", {}).get("warning"):
            wrong.append(f"{m['id']} collapsed: {m['collapse']['warning']}")
    table = pd.read_csv(folder / "leaderboard.csv")
    if not table["complete"].all():
        wrong.append("the leaderboard has incomplete rows")
    scores = {cell.name.partition("@")[0]: pd.read_csv(cell / "metrics.csv")["ndcg@10"].mean() for cell in cells}
    if not scores["english"] > scores["untrained"] > 0:
        wrong.append(f"ceiling {scores['english']:.3f} and floor {scores['untrained']:.3f} are implausible")
    return wrong


def lines_of_the_page() -> list[str]:
    """The commands of "Start here"."""
    here = Path(__file__).resolve().parent
    [page] = [path for path in (here / "index.md", here.parent / "docs" / "index.md") if path.is_file()]
    [block] = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    return [line for line in block.splitlines() if line]


def main() -> None:
    """Run, check, run again."""
    with tempfile.TemporaryDirectory() as folder:
        lines = lines_of_the_page()
        os.chdir(folder)
        for line in lines:
            name, *arguments = shlex.split(line)
            if name != "bench":
                raise SystemExit(f"`{line}` of the page is no command of ours")
            bench(*arguments)
        wrong = check(Path("results/smoke"))
        bench("agreement", "--profile", "smoke")
        if not Path("results/smoke/report.html").stat().st_size:
            wrong.append("report.html is empty")
        again = bench("run", "--profile", "smoke")
        if "nothing to run" not in again:
            wrong.append("a second run did work again")
    if wrong:
        raise SystemExit("smoke run failed:\n  " + "\n  ".join(wrong))
    print("smoke run: all checks passed")


if __name__ == "__main__":
    main()
