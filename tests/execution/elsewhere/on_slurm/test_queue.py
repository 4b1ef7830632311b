import pytest

from bench.base.errors import BenchError
from bench.execution.elsewhere.on_slurm import queue
from bench.execution.elsewhere.on_slurm.queue import minutes
from bench.execution.elsewhere.resources import Machine


@pytest.mark.parametrize(("time", "whole"), [("0:30:00", 30), ("12:00:00", 720), ("2-00:00:00", 2880), ("0:00:01", 1)])
def test_times_in_minutes(time, whole):
    assert minutes(time) == whole


def test_nodes_of_several_kinds(monkeypatch):
    said = "a1|16|64000+|gpu:a100:4(S:0-1)|mixed\na2|16|64000|gpu:2|idle~\na2|16|64000|gpu:2|idle~\nb1|8|32768|(null)|down*\n"
    monkeypatch.setattr(queue, "_asked", lambda command: said)
    assert queue.nodes(None) == [Machine(16, 4, 62.5, "a100"), Machine(16, 2, 62.5)]


def test_without_slurm_it_says_where_to_go(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchError, match="no Slurm on this machine .no squeue.") as caught:
        queue.jobs()
    assert "submits jobs" in caught.value.hint


def test_array_tasks_and_single_jobs(monkeypatch):
    monkeypatch.setattr(queue, "_asked", lambda command: "7_0|RUNNING|None\n8|PENDING|Resources\n")
    assert queue.jobs() == {"7_0": queue.Job("RUNNING", "None"), "8": queue.Job("PENDING", "Resources")}
