"""Lightning's loggers, for those who follow training elsewhere: `bench run --log csv,tensorboard`, or XLSD_LOG."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.errors import BenchError, unknown
from bench.experiment.store import LOGS

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

    from bench.experiment.spec import CellSpec

VARIABLE = "XLSD_LOG"  # workers are processes of their own: what they log comes to them through the environment
# Logger -> the module that it needs beside Lightning; the extra of the same name brings it.
PACKAGES = {"csv": "", "tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}
PROJECT = "xlsd-bench"
SERVER = "MLFLOW_TRACKING_URI"


def checked(names: tuple[str, ...]) -> tuple[str, ...]:
    """These loggers, if there are such and their packages are installed.

    Raises:
        BenchError: an unknown logger, or one whose package or server is missing.
    """
    for name in names:
        if name not in PACKAGES:
            raise unknown("logger", name, PACKAGES)
        if (package := PACKAGES[name]) and importlib.util.find_spec(package) is None:
            raise BenchError(f"the logger {name!r} needs a package that is not installed",
                             f"pip install -e '.[{name}]', or leave it out of --log")  # fmt: skip
    if "mlflow" in names and not os.environ.get(SERVER):
        # Newer releases refuse to write to a folder, and a database of our own would be locked by the other workers.
        raise BenchError(f"the logger 'mlflow' needs a server, and {SERVER} is not set", "start one, then set it to its URL")
    return tuple(dict.fromkeys(names))


def asked() -> tuple[str, ...]:
    """The loggers that are switched on for this process."""
    return checked(tuple(name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()))


@contextmanager
def opened(spec: CellSpec, out_dir: Path) -> Iterator[list[Logger]]:
    """The loggers of one cell, closed at the end with what became of it.

    CSV and TensorBoard write to `logs/` in the cell's folder, Weights & Biases too (offline, unless WANDB_MODE says otherwise).
    MLflow goes to the server that MLFLOW_TRACKING_URI names.
    """
    loggers: list[Any] = [_logger(name, spec, out_dir) for name in asked()]
    status = "failed"
    try:
        for logger in loggers:
            logger.log_hyperparams(_settings(spec))
        yield loggers
        status = "success"
    finally:
        for logger in loggers:
            logger.finalize(status)
            if type(logger).__name__ == "WandbLogger":
                logger.experiment.finish(exit_code=int(status != "success"))  # else the next cell would go on with this run


def _logger(name: str, spec: CellSpec, out_dir: Path) -> Logger:
    from pytorch_lightning import loggers

    if name == "mlflow":
        return loggers.MLFlowLogger(PROJECT, spec.id, os.environ[SERVER])
    folder = out_dir / LOGS / name
    folder.mkdir(parents=True)
    if name == "csv":
        return loggers.CSVLogger(folder, name="", version="", flush_logs_every_n_steps=10)
    if name == "tensorboard":
        return loggers.TensorBoardLogger(folder, name="", version="")
    mode = os.environ.get("WANDB_MODE", "offline")
    return loggers.WandbLogger(spec.id, folder, project=PROJECT, group=spec.method, offline=mode == "offline")


def _settings(spec: CellSpec) -> dict[str, Any]:
    return {
        "cell": spec.id, **{name: getattr(spec, name) for name in ("method", "size", "seed", "order", "precision")},
        **{f"method.{name}": value for name, value in spec.params.items()},
        **{f"training.{name}": value for name, value in spec.training.model_dump().items()},
    }  # fmt: skip
