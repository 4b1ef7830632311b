"""`make chaos`: an experiment on real data is broken off again and again, and ends with the tables of an undisturbed run.

Needs root (small disks are mounted) and a C compiler (for a clock that jumps).
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from tests.chaos.made import NAME, made
from tests.chaos.parts import PARTS
from tests.chaos.runs import PHASES, Chaos

PROFILE = Path(__file__).with_name("profile.yaml")
KEPT = ("packages", "models")


def main(
    kills: Annotated[int, typer.Option(help="How often a run is killed, by two at once and by single lives together.")] = 50,
    part: Annotated[list[str] | None, typer.Option(help=f"One part, or several: {', '.join(PARTS)}; default: all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    tiny: Annotated[bool, typer.Option("--made", help="Made data and a tiny encoder: quicker.")] = False,
) -> None:
    """Break runs off, and compare what they end with."""
    if os.geteuid() or not shutil.which("cc"):
        raise SystemExit("make chaos needs root, to mount small disks, and a C compiler (cc), for a clock that jumps")
    chosen = part or list(PARTS)
    if unknown := [one for one in chosen if one not in PARTS]:
        raise SystemExit(f"there is no part {unknown[0]} (of {', '.join(PARTS)})")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-chaos-") as base:
        profile, name, kept = (made(Path(base) / "made"), NAME, ()) if tiny else (PROFILE, "chaos", KEPT)
        chaos = Chaos(profile, name, Path(base), random.Random(seed), kept)
        chaos.undisturbed()
        files = len(chaos.expected), len(chaos.published)
        rows = [_part(chaos, one, kills) for one in chosen]
    heads = ["part", "minutes", *PHASES, "tables compared", "wrong"]
    typer.echo(f"| {' | '.join(heads)} |\n| --- |{' ---: |' * (len(heads) - 1)}")
    for row in rows:
        typer.echo(f"| {' | '.join(row)} |")
    minutes = (time.monotonic() - begun) / 60
    compared = f"{chaos.compared} comparisons of {files[0]} files (published: {files[1]})"
    typer.echo(f"\n{chaos.kills} kills, {compared}, {minutes:.0f} min")
    for line in chaos.wrong:
        typer.echo(f"WRONG {line}")
    raise typer.Exit(1 if chaos.wrong else 0)


def _part(chaos: Chaos, part: str, kills: int) -> list[str]:
    """Do a part; its row of the table."""
    chaos.say(f"part {part}")
    begun, hits, compared, wrong = time.monotonic(), Counter(chaos.hits), chaos.compared, len(chaos.wrong)
    PARTS[part](chaos, kills)
    minutes, new = (time.monotonic() - begun) / 60, chaos.hits - hits
    row = [part, f"{minutes:.1f}", *(str(new[phase]) for phase in PHASES)]
    row += [str(chaos.compared - compared), str(len(chaos.wrong) - wrong)]
    chaos.say(" | ".join(row))
    return row


if __name__ == "__main__":
    typer.run(main)
