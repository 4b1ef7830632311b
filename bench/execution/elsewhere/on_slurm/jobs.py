"""Jobs for Slurm, made and handed over by submitit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.execution.elsewhere.on_slurm.queue import minutes
from bench.execution.elsewhere.resources import cores_of
from bench.experiment.profile.schema import Hardware

REQUEUES = 1000  # times that a task may run into its time limit; a training goes on from its last checkpoint
WARNING = 90  # seconds before the time limit in which a task leaves
EXTRA = "pip install 'xlsd-bench[slurm]' (from a clone: pip install -e '.[slurm]')"


def executor(folder: Path, name: str, wanted: Hardware) -> Any:
    """submitit's executor for jobs of that name with what a cell takes; their files go to `folder/jobs`.

    Raises:
        BenchError: submitit is not installed, no time limit is given, or what is asked for cannot be had from Slurm.
    """
    try:
        import submitit
    except ImportError as error:
        raise BenchError("--on slurm needs the package submitit, which is not installed", EXTRA) from error
    if not wanted.time:
        hint = 'as "[days-]hours:minutes:seconds", in the profile or with --set hardware.time="12:00:00"'
        raise BenchError("hardware.time is not set: jobs of Slurm have a time limit", hint)
    if wanted.gpus != int(wanted.gpus):
        hint = "give a whole number, or what your cluster calls a part of one: hardware.gres"
        raise BenchError(f"hardware.gpus = {wanted.gpus:g}: Slurm gives whole GPUs", hint)
    limit = minutes(wanted.time)
    options: dict[str, Any] = {
        "job_name": name, "time": limit, "cpus_per_task": cores_of(wanted), "nodes": 1, "ntasks_per_node": 1,
        "signal_delay_s": min(WARNING, limit * 15), "array_parallelism": 10**6, "additional_parameters": {"requeue": True},
    }  # fmt: skip
    if wanted.memory_gb:
        options["mem"] = f"{round(wanted.memory_gb * 1024)}MB"
    if wanted.gres:
        options["gres"] = wanted.gres
    elif wanted.gpus:
        options["gpus_per_node"] = int(wanted.gpus)
    if wanted.partition:
        options["partition"] = wanted.partition
    made = submitit.SlurmExecutor(folder / "jobs", max_num_timeout=REQUEUES)
    made.update_parameters(**options)
    return made


def submit(made: Any, tasks: Sequence[Callable[[], None]]) -> list[str]:
    """Queue tasks as one array; their ids as `squeue` has them.

    Raises:
        BenchError: Slurm refuses them.
    """
    try:
        with made.batch():
            jobs = [made.submit(task) for task in tasks]
        return [str(job.job_id) for job in jobs]
    except Exception as error:  # submitit passes on what sbatch says, in errors of several kinds
        said = [line for line in str(error).splitlines() if "error" in line.lower()] or [repr(error)]
        hint = "see hardware.cores, gpus, memory_gb, time, partition and gres of the profile"
        raise BenchError(f"Slurm takes no such job: {said[-1].strip()}", hint) from error
