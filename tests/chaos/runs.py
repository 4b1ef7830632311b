"""Runs of one experiment that are broken off at random moments, and what they end with."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.base.paths import cache_dir
from benchmarks.memory import below
from tests.chaos.tables import contents, heavy, left_over

# Phase -> what a run says when it begins and when it ends; writing lasts to the end of the process.
SAID = {
    "prepare": ("prepare:", "prepare: done"), "training": (" train", " probe"), "evaluation": (" evaluate", " done:"),
    "writing": (" done:", ""),
}  # fmt: skip
PHASES = (*SAID, "publishing")
HANGS = 3600.0  # seconds


@dataclass
class Chaos:
    """Where it happens, and what came of it.

    Attributes:
        profile: file of the experiment.
        name: of the experiment.
        base: a folder for all of it.
        dice: for the moments.
        kept: folders of the user's cache, as links, that every cache begins with.
        lasts: phase -> its seconds in the undisturbed run.
        expected: what the undisturbed run ended with, and what was published of it.
        hits: phase -> kills that fell into it.
        compared: how often results were held against those of the undisturbed run.
        wrong: what was not as it must be.
    """

    profile: Path
    name: str
    base: Path
    dice: random.Random
    kept: tuple[str, ...] = ()
    lasts: dict[str, float] = field(default_factory=dict)
    expected: dict[str, bytes] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(self.hits.values())

    def say(self, text: str) -> None:
        """A line of progress."""
        so_far = f"{self.kills} kills, {len(self.wrong)} wrong"
        print(f"{time.strftime('%H:%M:%S')} {text} ({so_far})", file=sys.stderr, flush=True)

    def complain(self, text: str) -> None:
        """Something is wrong."""
        self.wrong.append(text)
        self.say(f"WRONG {text}")

    def cache(self, name: str, kept: tuple[str, ...] | None = None) -> Path:
        """A cache without anything that preparation makes, but for the folders that are kept."""
        place = self.base / "caches" / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for part in self.kept if kept is None else kept:
            if (cache_dir() / part).is_dir():
                shutil.copytree(cache_dir() / part, place / part, copy_function=_link)
        return place

    def copy_of_cache(self, of: str, name: str) -> Path:
        """A cache with all that another one has."""
        place = self.base / "caches" / name
        shutil.copytree(self.base / "caches" / of, place, copy_function=_link, symlinks=True)
        return place

    def run_command(self, results: Path) -> list[str]:
        """`bench run` into a folder."""
        return ["run", "--profile", str(self.profile), "--results", str(results)]

    def publish_command(self, results: Path, target: Path) -> list[str]:
        """`bench publish` out of it."""
        return ["publish", str(target), "--profile", self.name, "--results", str(results)]

    def start(self, command: list[str], cache: Path, **more: str) -> subprocess.Popen[bytes]:
        """A command at work; its output is one stream."""
        temporary = self.base / "tmp"
        temporary.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "bench.cli", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, env={**os.environ, "XLSD_CACHE": str(cache), "OMP_NUM_THREADS": "1",
                                         "PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary), **more},
        )  # fmt: skip

    def end(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Status and output of a command, which has to come to its end."""
        try:
            output = process.communicate(timeout=HANGS)[0]
        except subprocess.TimeoutExpired:
            self.complain(f"a command hung for {HANGS / 60:.0f} min")
            self.kill([process], children=True)
            output = process.communicate()[0]
        return process.returncode, output.decode("utf-8", "replace")

    def go(self, results: Path, cache: Path, **more: str) -> tuple[int, str]:
        """The run to its end."""
        return self.end(self.start(self.run_command(results), cache, **more))

    def goes_on(self, name: str, results: Path, cache: Path, **more: str) -> bool:
        """The same command once more: it ends well, with the tables of the undisturbed run."""
        status, output = self.go(results, cache, **more)
        if status:
            self.complain(f"{name}: the same command ended with {status}: {output[-700:]}")
        else:
            self.check(name, results, cache)
        return not status

    def check(self, name: str, results: Path, cache: Path | None = None, published: Path | None = None) -> None:
        """Whether tables and cells are those of the undisturbed run, and nothing is left over."""
        pairs = [("", contents(results / self.name), self.expected)]
        pairs += [("published ", contents(published), self.published)] if published else []
        self.compared += len(pairs)
        for what, found, expected in pairs:
            if differing := sorted({one for one in {*found, *expected} if found.get(one) != expected.get(one)}):
                self.complain(f"{name}: {what}{', '.join(differing[:5])} differ")
        left = left_over(results) + (left_over(published) if published else []) + (heavy(cache) if cache else [])
        if left:
            self.complain(f"{name}: left over: {', '.join(left[:5])}")

    def kill(self, processes: list[subprocess.Popen[bytes]], children: bool | None = None) -> None:
        """SIGKILL: these alone, or (at random unless it is said) their workers at the same moment too."""
        also = children if children is not None else self.dice.random() < 0.5
        workers = [child for process in processes for child in below(process.pid)] if also else []
        for pid in [*(process.pid for process in processes), *workers]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def broken_off(self, process: subprocess.Popen[bytes], phase: str, *others: subprocess.Popen[bytes]) -> bool:
        """Kill a run at a random moment of a phase, others with it; whether it came to that before it ended."""
        assert process.stdout is not None
        for raw in process.stdout:
            if begins(phase, raw.decode("utf-8", "replace")):
                break
        else:
            process.wait()
            return False
        return self.killed_within(process, phase, *others)

    def killed_within(self, process: subprocess.Popen[bytes], phase: str, *others: subprocess.Popen[bytes]) -> bool:
        """Kill a command a random part of the phase's time from now; whether it was still at work."""
        time.sleep(self.dice.uniform(0, self.lasts.get(phase, 1.0)))
        if process.poll() is not None:
            return False
        self.kill([process, *others])
        process.wait()
        rest = process.stdout.read() if process.stdout is not None else b""
        self.hits[reached(phase, rest.decode("utf-8", "replace").splitlines())] += 1
        return True

    def undisturbed(self, publish: bool = True) -> None:
        """The run that all others are held against; how long its phases last.

        Args:
            publish: also make the folder that others are held against.

        Raises:
            SystemExit: it fails.
        """
        results, cache = self.base / "undisturbed", self.cache("undisturbed")
        process = self.start(self.run_command(results), cache)
        assert process.stdout is not None
        lines = [(time.monotonic(), raw.decode("utf-8", "replace")) for raw in process.stdout]
        if process.wait():
            raise SystemExit("the undisturbed run failed: " + "".join(line for _, line in lines)[-2000:])
        self.lasts = spans([*lines, (time.monotonic(), "")])
        self.expected = contents(results / self.name)
        assert len(self.expected) > 20
        if publish:
            self._publish(results, cache)
        self._check_can_fail(results)
        self.say("undisturbed: " + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in self.lasts.items()))

    def _publish(self, results: Path, cache: Path) -> None:
        begun = time.monotonic()
        status, output = self.end(self.start(self.publish_command(results, self.base / "published"), cache))
        if status:
            raise SystemExit(f"publishing failed: {output[-2000:]}")
        self.lasts["publishing"] = time.monotonic() - begun
        self.published = contents(self.base / "published")
        assert self.published

    def _check_can_fail(self, results: Path) -> None:
        some = next(name for name in self.expected if name.endswith("metrics.csv"))
        kept, self.expected[some] = self.expected[some], b"another"
        (left := results / self.name / ".leaderboard.csv.0123abcd.tmp").touch()
        self.check("to see that a check can fail", results)
        assert len(self.wrong) == 2, "a changed cell or a file that was left over was not noticed"
        self.wrong.clear()
        self.compared = 0
        self.expected[some] = kept
        left.unlink()


def begins(phase: str, line: str) -> bool:
    """Whether a run says that a phase begins: `12:00:00 [3/4] optical@2#0 train`.

    Writing does with the last cell's end, or at once where no cell is left to run.
    """
    if phase == "writing" and "; to run: 0" in line:
        return True
    count = re.search(r"\[(\d+)/(\d+)\]", line)
    return SAID[phase][0] in line and (phase == "prepare" or count is not None and (phase != "writing" or count[1] == count[2]))


def reached(phase: str, lines: list[str]) -> str:
    """The phase in which a run was that has said these lines since `phase` began: that of the last one that names any."""
    for line in lines:
        named = [one for one in SAID if begins(one, line)]
        if "prepare: done" in line or " started" in line:
            named = ["training"]  # cells are loading
        phase = named[-1] if named else phase
    return phase


def spans(lines: list[tuple[float, str]]) -> dict[str, float]:
    """Seconds of each phase: from the line with which it begins to that with which it ends (or the last)."""
    found = {}
    for phase, (_, end) in SAID.items():
        begun = next((i for i, (_, line) in enumerate(lines) if begins(phase, line)), None)
        if begun is not None:
            after = (at for at, line in lines[begun + 1 :] if end and end in line)
            found[phase] = next(after, lines[-1][0]) - lines[begun][0]
    return found


def _link(source: str, target: str) -> None:
    """Cache files are replaced, never written into: a link is a copy."""
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)
