"""A real Slurm of one machine: arrays, requeues, and a driver that comes and goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from bench.execution.elsewhere.on_slurm import queue
from bench.experiment.profile.schema import Hardware
from tests.chaos.tables import contents, left_over
from tests.execution.elsewhere.conftest import Slurm
from tests.execution.elsewhere.running import FAKE, SMALL, TABLES, Run, ends, processes, ran_twice

pytestmark = [pytest.mark.xdist_group("slurm"), pytest.mark.unsteady]  # one cluster for all of them
TIME = "hardware.time=0:30:00"
SLOW = "contrastive@2#0"


@pytest.fixture(scope="module")
def here(slurm: Slurm) -> dict[str, bytes]:
    """What the same cells leave when they run on this machine, outside of Slurm."""
    for left in slurm.fake.iterdir():  # of a test before the first that asks for this
        left.unlink()
    run = Run(slurm.environment(), "here", slurm.base / "here")
    assert run.end() == 0, run.said
    return contents(slurm.base / "here")


@pytest.fixture
def fake(slurm: Slurm) -> Callable[[str, str], None]:
    """Sets how cells behave; forgets what other tests have said."""
    for left in slurm.fake.iterdir():
        left.unlink()

    def behave(cell: str, how: str) -> None:
        (slurm.fake / cell).write_text(how)

    return behave


def jobs(slurm: Slurm) -> dict[str, queue.Job]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm.environment()["SLURM_CONF"])
        return queue.jobs()


def test_a_sweep_is_one_array_and_ends_as_on_this_machine(slurm, here, fake):
    results = slurm.base / "plain"
    fake(SLOW, "wait 600")
    run = Run(slurm.environment(), "slurm", results, TIME, "hardware.partition=low")
    run.began(SLOW)
    found = jobs(slurm)
    assert len({name.split("_")[0] for name in found}) == 1 and all("_" in name for name in found), "one array job"
    shown = slurm.asked("scontrol", "show", "job", next(iter(found)))
    assert "TimeLimit=00:30:00" in shown and "Partition=low" in shown and "Requeue=1" in shown and "NumCPUs=1" in shown
    assert (results / "small" / "progress.json").is_file(), "bench watch reads it"
    fake(SLOW, "")
    # It waits for what the file said when it began: it is asked to leave, and begins anew.
    run.until(lambda: len(jobs(slurm)) == 1)
    slurm.asked("scancel", "--signal=USR2", *jobs(slurm))
    assert run.end() == 0, run.said
    assert changed(contents(results), here) == [] and not left_over(results) and not (results / "small" / "slurm").exists()
    assert f"{SLOW} had to leave its node; Slurm has queued it again" in run.said and ran_twice(slurm.fake) == {SLOW: 2}


def test_a_preempted_cell_is_queued_again(slurm, here, fake):
    results = slurm.base / "preempted"
    fake(SLOW, "wait 600")
    run = Run(slurm.environment(), "slurm", results, TIME, "hardware.partition=low")
    first = run.began(SLOW)
    run.until(lambda: len(jobs(slurm)) == 1)
    fake(SLOW, "")
    job = subprocess.run(
        ["sbatch", "--parsable", "-p", "high", f"-c{slurm.cpus}", "-o/dev/null", "--wrap=sleep 3"],
        env=slurm.environment(), capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert ends(first), "the cell gives way to the job that comes before it"
    assert run.end() == 0, run.said
    assert changed(contents(results), here) == [] and ran_twice(slurm.fake) == {SLOW: 2}
    assert "had to leave its node" in run.said and job


def test_a_cell_at_its_time_limit_is_queued_again(slurm, here, fake):
    results = slurm.base / "limited"
    fake(SLOW, "wait 600")
    run = Run(slurm.environment(), "slurm", results, "hardware.time=0:01:00")
    run.began(SLOW)
    fake(SLOW, "")
    assert run.end() == 0, run.said
    assert f"{SLOW} had to leave its node" in run.said and changed(contents(results), here) == []
    assert ran_twice(slurm.fake) == {SLOW: 2}


def test_a_driver_that_is_killed_leaves_its_array_and_the_next_one_takes_it_over(slurm, here, fake):
    results = slurm.base / "killed"
    fake(SLOW, "wait 20")
    run = Run(slurm.environment(), "slurm", results, TIME)
    run.began(SLOW)
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    before = jobs(slurm)
    again = Run(slurm.environment(), "slurm", results, TIME)
    assert again.end() == 0, again.said
    assert before and "of an earlier run are in the queue or have ended meanwhile" in again.said
    assert changed(contents(results), here) == [] and ran_twice(slurm.fake) == {}, "nothing is run twice"


def test_ctrl_c_takes_the_array_out_of_the_queue(slurm, fake):
    results = slurm.base / "interrupted"
    fake(SLOW, "wait 600")
    run = Run(slurm.environment(), "slurm", results, TIME)
    process = run.began(SLOW)
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 130, run.said
    assert "cells are done and kept" in run.said and "Traceback" not in run.said
    assert ends(process)
    deadline = time.monotonic() + 120
    while (left := jobs(slurm)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert left == {} and not (results / "small" / "slurm").exists()


def test_a_failing_cell_fails_alone_and_a_cancelled_one_says_so(slurm, fake):
    results = slurm.base / "failing"
    fake("optical@1#0", "raise")
    fake(SLOW, "wait 600")
    run = Run(slurm.environment(), "slurm", results, TIME)
    run.began(SLOW)
    run.until(lambda: len([job for job in jobs(slurm).values()]) == 1)
    slurm.asked("scancel", *jobs(slurm))
    assert run.end() == 1, run.said
    assert "optical@1#0 FAILED: ValueError: the loss is NaN" in run.said
    assert f"{SLOW} FAILED: its Slurm job" in run.said
    assert len(processes(slurm.fake, "optical@1#0")) == 1


def test_what_cells_share_is_made_by_a_job_if_that_is_asked_for(slurm, here, fake):
    cells = [str(SMALL), TABLES, "tests.execution.fake_cells:prepare", *FAKE, TIME, "hardware.prepare_there=true"]
    run = Run(slurm.environment(), "slurm", slurm.base / "prepared", *cells)
    assert run.end() == 0, run.said
    assert len(list(slurm.fake.glob("prepared *"))) == 1 and "prepare: waits for Slurm" in run.said
    assert changed(contents(slurm.base / "prepared"), here) == [] and not (slurm.base / "prepared" / "small" / "slurm").exists()
    fake("prepare", "bench error")
    run = Run(slurm.environment(), "slurm", slurm.base / "unprepared", *cells)
    assert run.end() == 2 and "no training bitext for xyz" in run.said, run.said
    assert jobs(slurm) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((), "hardware.time is not set"),
        ((TIME, "hardware.partition=gpus"), "Slurm has no partition 'gpus'\n  set hardware.partition to one of high, low"),
        ((TIME, "hardware.cores=64"), "has room for a cell, which takes 64 cores"),
        ((TIME, "hardware.gres=gpu:a100:1"), "Slurm takes no such job: sbatch: error:"),
        ((TIME, "hardware.gpus=0.5"), "has room"),
    ],
)
def test_what_slurm_cannot_do_is_one_message(slurm, fake, changes, said):
    run = Run(slurm.environment(), "slurm", slurm.base / f"refused-{len(os.listdir(slurm.base))}", *changes)
    assert run.end() == 2 and said in run.said and "Traceback" not in run.said, run.said


def test_the_nodes_are_those_that_take_jobs(slurm, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", slurm.environment()["SLURM_CONF"])
    [machine] = queue.nodes("low")
    assert machine.cores == slurm.cpus and machine.gpus == 0 and machine.room(Hardware()) == slurm.cpus
    assert queue.largest_array() == 1000


def test_the_plan_says_what_the_cluster_has(slurm):
    command = [sys.executable, "-m", "bench.cli", "plan", "--on", "slurm", "--profile", str(SMALL)]
    options = ["--results", str(slurm.base / "none"), "--assume", "pairs_per_second=64,rest_minutes=1"]
    options += ["--set", "data.guard=null", "--set", "hardware.cores=2"]
    said = slurm.asked(*command, *options)
    assert f"slurm has 1 node of {slurm.cpus} cores, 4 GB" in said and "a cell takes 2 cores: 1 at a time" in said
    assert "expected 6:16 min (1 worker of 2 threads)" in said and "assumed: pairs_per_second = 64, rest_minutes = 1" in said


def changed(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Files that differ; the profile has another time and partition, and cells that waited left half a file."""
    names = {name for name in found.keys() | expected.keys() if not name.endswith(("profile.yaml", "/half"))}
    return sorted(name for name in names if found.get(name) != expected.get(name))
