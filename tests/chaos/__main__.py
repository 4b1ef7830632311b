"""`make chaos`: an experiment on real data is broken off again and again, and ends with the tables of an undisturbed run.

Needs root (small disks are mounted) and Debian's faketime (clocks that jump).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.base.paths import cache_dir
from tests.chaos.tables import contents, left_over

PROFILE = Path(__file__).with_name("profile.yaml")
KEPT = ("packages", "models")  # of the cache: downloads, and the converted encoder, which takes most of a preparation
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
# What a run says when a phase begins; a kill falls a random time after it.
SAID = {"prepare": "prepare:", "training": " train", "evaluation": " evaluate", "writing": " done:"}
WRITING = 3.0  # seconds after the last cell in which tables are written, or something is published
LATEST = {"prepare": 12.0, "training": 2.0, "evaluation": 1.0, "writing": WRITING, "publishing": WRITING}
PER_LIFE = ("prepare", "prepare", "training", "evaluation", "writing", "publishing")


@dataclass
class Chaos:
    """The whole of it: where it happens, and what came of it.

    Attributes:
        hits: phase -> kills that fell into it.
        wrong: what was not as it must be.
    """

    base: Path
    dice: random.Random
    expected: dict[str, bytes] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        typer.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)

    def environment(self, cache: Path, **more: str) -> dict[str, str]:
        return {**os.environ, "XLSD_CACHE": str(cache), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **more}

    def cache(self, name: str) -> Path:
        """A cache without anything that preparation makes, but with packages and encoder."""
        place = self.base / "caches" / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for part in KEPT:
            if (cache_dir() / part).is_dir():
                shutil.copytree(cache_dir() / part, place / part, copy_function=_link)
        return place

    def start(self, command: list[str], cache: Path, **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "bench.cli", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.environment(cache, **more), start_new_session=True,
        )  # fmt: skip

    def run_command(self, results: Path) -> list[str]:
        return ["run", "--profile", str(PROFILE), "--results", str(results)]

    def go(self, results: Path, cache: Path, **more: str) -> tuple[int, str]:
        """The command to its end: status and output."""
        process = self.start(self.run_command(results), cache, **more)
        output = process.communicate()[0].decode("utf-8", "replace")
        return process.returncode, output

    def check(self, name: str, results: Path, published: Path | None = None) -> None:
        """Whether tables and cells are those of the undisturbed run."""
        pairs = [("", contents(results / "chaos"), self.expected)]
        pairs += [("published ", contents(published), self.published)] if published else []
        for what, found, expected in pairs:
            if differing := sorted(set(found) ^ set(expected) | {one for one in found if found[one] != expected.get(one)}):
                self.wrong.append(f"{name}: {what}{', '.join(differing[:5])} differ")
        if left := left_over(results):
            self.wrong.append(f"{name}: left over {', '.join(left[:5])}")

    def kill(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """SIGKILL: the parent alone, or it and its workers at the same moment."""
        children = [child for process in processes for child in _children(process.pid)] if self.dice.random() < 0.5 else []
        for pid in [*(process.pid for process in processes), *children]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def broken_off(self, process: subprocess.Popen[bytes], phase: str, others: list[subprocess.Popen[bytes]]) -> bool:
        """Kill a run at a random moment of a phase; whether it came to that before it ended."""
        assert process.stdout is not None
        for raw in process.stdout:
            if begins(phase, raw.decode("utf-8", "replace")):
                break
        else:
            process.wait()
            return False
        time.sleep(self.dice.uniform(0, LATEST[phase]))
        if process.poll() is not None:
            return False
        self.kill([process, *others])
        process.wait()
        self.hits[phase] += 1
        return True

    def life(self, number: int, phases: list[str]) -> None:
        """One experiment from an empty folder, broken off once in each of these phases."""
        results, published = self.base / f"results-{number}", self.base / f"published-{number}"
        cache = self.cache(f"life-{number}")
        for phase in [one for one in phases if one != "publishing"]:
            process = self.start(self.run_command(results), cache)
            hit = self.broken_off(process, phase, [])
            self.say(f"life {number}: {'killed in' if hit else 'ended before'} {phase}; {sum(self.hits.values())} kills")
        status, output = self.go(results, cache)
        if status:
            self.wrong.append(f"life {number}: the same command ended with {status}: {output[-500:]}")
            return
        for _ in range(phases.count("publishing")):
            process = self.start(["publish", str(published), "--profile", "chaos", "--results", str(results)], cache)
            time.sleep(self.dice.uniform(0.5, 0.5 + WRITING))
            if process.poll() is None:
                self.kill([process])
                self.hits["publishing"] += 1
            process.communicate()
        process = self.start(["publish", str(published), "--profile", "chaos", "--results", str(results)], cache)
        if process.communicate() and process.returncode:
            self.wrong.append(f"life {number}: publishing ended with {process.returncode}")
        self.check(f"life {number}", results, published)
        for folder in (results, published, cache):
            shutil.rmtree(folder, ignore_errors=True)

    def two_at_once(self, kills: int) -> None:
        """Two runs that share a cache, both broken off at the same moments."""
        cache = self.cache("two")
        places = [self.base / "two-a", self.base / "two-b"]
        for phase in (PER_LIFE * kills)[:kills]:
            phase = "prepare" if phase in ("publishing", "writing") else phase
            other = subprocess.Popen(
                [sys.executable, "-m", "bench.cli", *self.run_command(places[1])], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=self.environment(cache), start_new_session=True,
            )  # fmt: skip
            hit = self.broken_off(self.start(self.run_command(places[0]), cache), phase, [other])
            other.wait() if hit else other.kill()
            self.say(f"two at once: {'killed in' if hit else 'ended before'} {phase}; {sum(self.hits.values())} kills")
        ends = [self.start(self.run_command(place), cache) for place in places]
        for place, process in zip(places, ends, strict=True):
            output = process.communicate()[0].decode("utf-8", "replace")
            if process.returncode:
                self.wrong.append(f"two at once: {place.name} ended with {process.returncode}: {output[-500:]}")
            else:
                self.check(place.name, place)
        # Two runs in one folder: the second is told so, and harms nothing.
        first = self.start(self.run_command(self.base / "same"), cache)
        time.sleep(8)
        status, output = self.go(self.base / "same", cache)
        if status != 2 or "Traceback" in output:
            self.wrong.append(f"a second run in the same folder ended with {status}: {output[-300:]}")
        first.communicate()
        self.check("a folder that two runs wanted", self.base / "same")

    def full_disk(self) -> None:
        """Results on a disk with room for some of them, then with room for all."""
        cache = self.cache("full")
        for kilobytes in (16, 120, 400):
            with _disk(self.base / "small", f"size={kilobytes}k") as disk:
                status, output = self.go(disk, cache)
                if status != 2 or "Traceback" in output or "full" not in output:
                    self.wrong.append(f"a disk of {kilobytes} KB: status {status}: {output[-500:]}")
                _mount("-o", "remount,size=200m", str(disk))
                status, output = self.go(disk, cache)
                if status:
                    self.wrong.append(f"a disk that was full: status {status}: {output[-500:]}")
                else:
                    self.check(f"a disk of {kilobytes} KB", disk)
            self.say(f"full disk of {kilobytes} KB: {'went on' if not status else 'did not go on'}")

    def read_only(self) -> None:
        """Results in a folder that cannot be written to, then in one that can."""
        cache = self.cache("read-only")
        with _disk(self.base / "locked", "size=200m") as disk:
            _mount("-o", "remount,ro", str(disk))
            status, output = self.go(disk, cache)
            if status != 2 or "Traceback" in output:
                self.wrong.append(f"a read-only folder: status {status}: {output[-500:]}")
            _mount("-o", "remount,rw", str(disk))
            if self.go(disk, cache)[0]:
                self.wrong.append("a folder that was read-only: the same command did not go on")
            else:
                self.check("a folder that was read-only", disk)
        self.say("read-only folder: done")

    def jumping_clock(self) -> None:
        """The clock jumps by years, back and forth, while cells run and between runs."""
        cache, results, clock = self.cache("clock"), self.base / "clock", self.base / "clock.txt"
        clock.write_text("+0d")
        more = {
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        for phase, jump in (("prepare", "+400d"), ("training", "-4000d"), ("evaluation", "+1d")):
            process = self.start(self.run_command(results), cache, **more)
            assert process.stdout is not None
            clock.write_text(jump)
            hit = self.broken_off(process, phase, [])
            self.say(f"clock {jump}: {'killed in' if hit else 'ended before'} {phase}")
        process = self.start(self.run_command(results), cache, **more)
        time.sleep(5)
        clock.write_text("-9000d")
        output = process.communicate()[0].decode("utf-8", "replace")
        if process.returncode:
            self.wrong.append(f"a clock that jumps: status {process.returncode}: {output[-500:]}")
        else:
            self.check("a clock that jumps", results)

    def undisturbed(self) -> None:
        results, cache = self.base / "undisturbed", self.cache("undisturbed")
        status, output = self.go(results, cache)
        if status:
            raise SystemExit(f"the undisturbed run ended with {status}: {output[-2000:]}")
        self.expected = contents(results / "chaos")
        process = self.start(["publish", str(self.base / "published"), "--profile", "chaos", "--results", str(results)], cache)
        process.communicate()
        self.published = contents(self.base / "published")
        assert self.published and len(self.expected) > 20
        # A check that cannot fail would be none.
        some = next(name for name in self.expected if name.endswith("metrics.csv"))
        kept, self.expected[some] = self.expected[some], b"another"
        self.check("the check itself", results)
        assert self.wrong, "a changed cell was not noticed"
        self.wrong.clear()
        self.expected[some] = kept


def main(
    kills: Annotated[int, typer.Option(help="How often a run is killed.")] = int(os.environ.get("CHAOS_KILLS", "50")),
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
) -> None:
    """Break runs off, and compare what they end with."""
    if os.geteuid() or not FAKETIME.exists():
        raise SystemExit("make chaos needs root, to mount small disks, and faketime (apt-get install faketime)")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-chaos-") as base:
        chaos = Chaos(Path(base), random.Random(seed))
        chaos.say("an undisturbed run")
        chaos.undisturbed()
        parts: list[Any] = [chaos.full_disk, chaos.read_only, chaos.jumping_clock, lambda: chaos.two_at_once(max(1, kills // 6))]
        for part in parts:
            part()
        number = 0
        while (left := kills - sum(chaos.hits.values())) > 0:
            number += 1
            chaos.say(f"life {number}; {left} kills left")
            chaos.life(number, list(PER_LIFE[: max(1, left)] if left < len(PER_LIFE) else PER_LIFE))
    typer.echo("| phase | kills |\n| --- | ---: |")
    for phase, count in chaos.hits.items():
        typer.echo(f"| {phase} | {count} |")
    minutes = (time.monotonic() - begun) / 60
    typer.echo(f"\n{sum(chaos.hits.values())} kills in {number} experiments and two at once, in {minutes:.0f} min")
    typer.echo(f"full disks, a read-only folder and a jumping clock besides; {len(chaos.wrong)} things wrong")
    for line in chaos.wrong:
        typer.echo(f"WRONG {line}")
    raise typer.Exit(1 if chaos.wrong else 0)


def begins(phase: str, line: str) -> bool:
    """Whether a run says that a phase begins: `12:00:00 [3/4] optical@2#0 train`. Writing does with the last cell's end."""
    count = re.search(r"\[(\d+)/(\d+)\]", line)
    return SAID[phase] in line and (phase != "writing" or count is not None and count[1] == count[2])


def _link(source: str, target: str) -> None:
    """Cache files are replaced, never written into: a link is a copy."""
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(one) for one in found] + [grandchild for one in found for grandchild in _children(int(one))]


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


@contextmanager
def _disk(place: Path, options: str) -> Iterator[Path]:
    """A small disk of its own."""
    place.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


if __name__ == "__main__":
    typer.run(main)
