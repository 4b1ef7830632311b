"""What is done to an experiment, part by part. Each ends with the same command going on to the tables of an undisturbed run."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.disks import change, disk
from tests.chaos.runs import Chaos

FROM_NOTHING = ("prepare", "prepare", "training", "evaluation", "writing", "publishing")
PREPARED = ("training", "evaluation", "training", "evaluation", "writing", "writing", "publishing", "publishing")
COLD = 2  # lives that begin with an empty cache; the others have what preparation has made
CLOCK = (("prepare", 400), ("training", -4000), ("evaluation", 1))  # when a run is killed, and days from the true time
LAST = -9000  # days, while the run that goes on to the end is at work
LARGE = "size=200m"
SOURCE, DAY = Path(__file__).with_name("clock.c"), 86_400


def lives(chaos: Chaos, kills: int) -> None:
    """Experiments from an empty folder, each broken off again and again in each phase, until there were so many kills."""
    number, goal = 0, chaos.kills + kills
    while (left := goal - chaos.kills) > 0:
        number += 1
        if number > kills + 2:
            return chaos.complain(f"lives: {left} kills of {kills} came too late")
        _life(chaos, number, (PREPARED if number > COLD else FROM_NOTHING)[:left])


def _life(chaos: Chaos, number: int, phases: tuple[str, ...]) -> None:
    name = f"life {number}"
    results, published = chaos.base / f"results-{number}", chaos.base / f"published-{number}"
    if number > COLD:
        cache = chaos.copy_of_cache("undisturbed", f"life-{number}")
    else:  # in the first of them the encoder is converted too: the largest thing that is ever written
        cache = chaos.cache(f"life-{number}", tuple(part for part in chaos.kept if part != "models") if number == 1 else None)
    for phase in phases:
        if phase != "publishing":
            hit = chaos.broken_off(chaos.start(chaos.run_command(results), cache), phase)
            chaos.say(f"{name}: {'killed in' if hit else 'ended before'} {phase}")
    if chaos.goes_on(name, results, cache):
        for _ in range(phases.count("publishing")):
            process = chaos.start(chaos.publish_command(results, published), cache)
            hit = chaos.killed_within(process, "publishing")
            process.communicate()
            chaos.say(f"{name}: {'killed in' if hit else 'ended before'} publishing")
        status, output = chaos.end(chaos.start(chaos.publish_command(results, published), cache))
        if status:
            chaos.complain(f"{name}: publishing ended with {status}: {output[-500:]}")
        chaos.check(f"{name}, published", results, cache, published)
    for folder in (results, published, cache):
        shutil.rmtree(folder, ignore_errors=True)


def two_at_once(chaos: Chaos, kills: int) -> None:
    """Two runs that share a cache, both broken off at the same moments; then two that want the same folder."""
    cache, (one, two) = chaos.cache("two"), (chaos.base / "two-a", chaos.base / "two-b")
    for phase in (("prepare", "training", "evaluation", "writing") * kills)[:kills]:
        # The other one's output must be read, or it would wait for that.
        other = chaos.start(chaos.run_command(two), cache)
        reader = _drained(other)
        hit = chaos.broken_off(chaos.start(chaos.run_command(one), cache), phase, other)
        if not hit:
            chaos.kill([other], children=True)
        other.wait()
        reader()
        chaos.say(f"two at once: {'killed in' if hit else 'ended before'} {phase}")
        if phase == "writing":  # nothing is left to be broken off: both begin anew
            shutil.rmtree(one)
            shutil.rmtree(two, ignore_errors=True)
    both = [chaos.start(chaos.run_command(place), cache) for place in (one, two)]
    reader = _drained(both[1])
    outcomes = [(one, *chaos.end(both[0])), (two, both[1].wait(), reader())]
    for place, status, output in outcomes:
        if status:
            chaos.complain(f"two at once: {place.name} ended with {status}: {output[-500:]}")
        else:
            chaos.check(place.name, place, cache)
    chaos.say("two at once: both went on")

    shared = chaos.base / "same"
    first = chaos.start(chaos.run_command(shared), cache)
    reader = _drained(first)
    while not (shared / chaos.name / "profile.yaml").exists() and first.poll() is None:
        time.sleep(0.1)
    status, output = chaos.go(shared, cache)
    if status != 2 or "another bench run" not in output or "Traceback" in output:
        chaos.complain(f"a second run in the same folder ended with {status}: {output[-300:]}")
    if status := first.wait():
        chaos.complain(f"the first run in a folder that two wanted ended with {status}: {reader()[-300:]}")
    chaos.check("a folder that two runs wanted", shared, cache)
    chaos.say("two runs that want one folder: done")


def full_disk(chaos: Chaos, kilobytes: tuple[int, ...] = (16, 120, 400)) -> None:
    """Results on a disk with room for some of them, then with room for all."""
    cache = chaos.cache("full")
    for size in kilobytes:
        with disk(chaos.base / "small", f"size={size}k") as place:
            status, output = chaos.go(place, cache)
            if status != 2 or "Traceback" in output or "full" not in output:
                chaos.complain(f"a disk of {size} KB: status {status}: {output[-700:]}")
            change(place, LARGE)
            chaos.goes_on(f"a disk of {size} KB", place, cache)
            _published_on_a_full_disk(chaos, size, place, cache)
        chaos.say(f"full disk of {size} KB: done")


def _published_on_a_full_disk(chaos: Chaos, size: int, results: Path, cache: Path) -> None:
    with disk(chaos.base / "small-published", f"size={size}k") as place:
        status, output = chaos.end(chaos.start(chaos.publish_command(results, place / "to"), cache))
        if status != 2 or "Traceback" in output or "full" not in output:
            chaos.complain(f"publishing on a disk of {size} KB: status {status}: {output[-700:]}")
        change(place, LARGE)
        status, output = chaos.end(chaos.start(chaos.publish_command(results, place / "to"), cache))
        if status:
            chaos.complain(f"publishing on a disk that was full ended with {status}: {output[-500:]}")
        chaos.check(f"published on a disk of {size} KB", results, cache, place / "to")


def full_cache(chaos: Chaos, kilobytes: tuple[int, ...] = (64, 2000)) -> None:
    """The cache on a disk that has no room for what preparation makes."""
    linked = chaos.cache("linked")
    for size in kilobytes:
        with disk(chaos.base / "small-cache", f"size={size}k") as cache:
            for part in chaos.kept:
                (cache / part).symlink_to(linked / part)
            results = chaos.base / f"full-cache-{size}"
            status, output = chaos.go(results, cache)
            if status != 2 or "Traceback" in output:
                chaos.complain(f"a cache of {size} KB: status {status}: {output[-700:]}")
            change(cache, LARGE)
            chaos.goes_on(f"a cache of {size} KB", results, cache)
        chaos.say(f"full cache of {size} KB: done")


def read_only(chaos: Chaos) -> None:
    """Results in a folder that cannot be written to, then in one that can."""
    cache = chaos.cache("read-only")
    with disk(chaos.base / "locked", LARGE) as place:
        change(place, "ro")
        status, output = chaos.go(place, cache)
        if status != 2 or "Traceback" in output or "cannot write" not in output:
            chaos.complain(f"a read-only folder: status {status}: {output[-500:]}")
        change(place, "rw")
        chaos.goes_on("a folder that was read-only", place, cache)
    chaos.say("read-only folder: done")


def jumping_clock(chaos: Chaos) -> None:
    """The clock jumps by years, forth and back, while cells run and between runs."""
    cache, results, clock = chaos.cache("clock"), chaos.base / "clock", chaos.base / "clock.txt"
    library = chaos.base / "clock.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    more = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(clock)}
    clock.write_text("0")
    for phase, days in CLOCK:
        process = chaos.start(chaos.run_command(results), cache, **more)
        clock.write_text(str(days * DAY))
        hit = chaos.broken_off(process, phase)
        chaos.say(f"clock {days:+} days: {'killed in' if hit else 'ended before'} {phase}")
    process = chaos.start(chaos.run_command(results), cache, **more)
    time.sleep(5)
    clock.write_text(str(LAST * DAY))
    status, output = chaos.end(process)
    if status:
        chaos.complain(f"a clock that jumps: status {status}: {output[-500:]}")
    else:
        chaos.check("a clock that jumps", results, cache)
    chaos.say("clock that jumps: done")


def _drained(process: subprocess.Popen[bytes]) -> Callable[[], str]:
    """Reads a process's output beside; gives it when the process has ended."""
    assert process.stdout is not None
    stream, read = process.stdout, list[bytes]()
    thread = threading.Thread(target=lambda: read.extend(stream), daemon=True)
    thread.start()

    def all_of_it() -> str:
        thread.join(60)
        return b"".join(read).decode("utf-8", "replace")

    return all_of_it


PARTS = {
    "clock": lambda chaos, kills: jumping_clock(chaos),
    "two": lambda chaos, kills: two_at_once(chaos, max(1, kills // 6)),
    "lives": lambda chaos, kills: lives(chaos, max(1, kills - chaos.kills)),
    "full-disk": lambda chaos, kills: full_disk(chaos), "full-cache": lambda chaos, kills: full_cache(chaos),
    "read-only": lambda chaos, kills: read_only(chaos),
}  # fmt: skip
