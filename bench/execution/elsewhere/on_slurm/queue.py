"""What Slurm's own commands say: its nodes, and where jobs are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.base.errors import BenchError
from bench.execution.elsewhere.resources import Machine

WAIT = 60.0  # seconds that a command of Slurm may take
USABLE = ("idle", "mixed", "allocated", "completing", "reserved")
ORDINARY = ("None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime", "Dependency", "Cleaning")


@dataclass(frozen=True)
class Job:
    """State of a job as `squeue` names it (`PENDING`, `RUNNING`), and why it waits."""

    state: str
    reason: str


class Unreachable(BenchError):
    """Slurm does not answer."""


def nodes(partition: str | None) -> list[Machine]:
    """The nodes that take jobs, of a partition or of all.

    Raises:
        BenchError: Slurm is not there, or has no such partition.
    """
    where = ["-p", partition] if partition else []
    rows = [line.split("|") for line in _asked(["sinfo", "-h", "-N", "-o", "%N|%c|%m|%G|%T", *where]).splitlines()]
    if partition and not rows:
        known = sorted(set(_asked(["sinfo", "-h", "-o", "%R"]).split()))
        raise BenchError(f"Slurm has no partition {partition!r}", f"set hardware.partition to one of {', '.join(known)}")
    found: dict[str, Machine] = {}
    for name, cpus, memory, gres, state in rows:
        if state.rstrip("*~#!%$@^-").lower() in USABLE:
            gpus, kind = _gpus(gres)
            found[name] = Machine(int(cpus), gpus, float(memory.rstrip("+")) / 1024, kind)
    return list(found.values())


def jobs() -> dict[str, Job]:
    """This user's jobs that are waiting or running, arrays task by task: `123_4`."""
    lines = _asked(["squeue", "--me", "-h", "-r", "-o", "%i|%T|%r"]).splitlines()
    return {name: Job(state, reason) for name, state, reason in (line.split("|", 2) for line in lines)}


def cancel(names: Iterable[str]) -> None:
    """End jobs, those that have ended already too."""
    if names := sorted(set(names)):
        _asked(["scancel", "--quiet", *names])


def largest_array() -> int:
    """Tasks that an array may have."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _asked(["scontrol", "show", "config"]), re.MULTILINE)
    return max(1, int(found.group(1)) - 1) if found else 1000


def minutes(time: str) -> int:
    """`[days-]hours:minutes:seconds` in whole minutes, rounded up.

    >>> minutes("1-02:00:30")
    1561
    """
    days, _, clock = time.rpartition("-")
    hours, minute, second = map(int, clock.split(":"))
    return int(days or 0) * 1440 + hours * 60 + minute + bool(second)


def _gpus(gres: str) -> tuple[int, str]:
    """Number and name of the GPUs of a node, of `gpu:a100:4(S:0-1),...`."""
    count, name = 0, ""
    for found in re.finditer(r"\bgpu(?::([A-Za-z][\w.-]*))?:(\d+)", gres):
        count, name = count + int(found.group(2)), found.group(1) or name
    return count, name


def _asked(command: Sequence[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    except FileNotFoundError as error:
        hint = "give the command on a machine that submits jobs (a login node)"
        raise BenchError(f"there is no Slurm on this machine (no {command[0]})", hint) from error
    except subprocess.TimeoutExpired as error:
        hint = "finished cells are kept"
        raise Unreachable(f"Slurm does not answer ({command[0]} took more than {WAIT:.0f} s)", hint) from error
    if answer.returncode:
        said = answer.stderr.strip().splitlines()
        raise Unreachable(f"Slurm says: {said[0] if said else f'{command[0]} ended with {answer.returncode}'}", "see `sinfo`")
    return answer.stdout
