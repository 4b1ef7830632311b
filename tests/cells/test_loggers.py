import os
from pathlib import Path

import pandas as pd
import pytest
import pytorch_lightning.loggers
from typer.testing import CliRunner

from bench.base.errors import BenchError
from bench.cells import loggers
from bench.cells.cell import run_cell
from bench.cli import app
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.mark.parametrize("method", ["contrastive", "nmt(english_passes=0)"])
def test_the_csv_logger_gets_every_row_of_training(world: World, monkeypatch, method):
    monkeypatch.setenv(loggers.VARIABLE, "csv")
    folder = world.out("logged")
    run_cell(world.spec(method), folder, lambda *_: None)
    logged = pd.read_csv(folder / "logs" / "csv" / "metrics.csv")
    table = pd.read_csv(folder / "train.csv")
    assert logged["step"].tolist() == table["step"].tolist()
    for column in ("loss", "dev_loss", "learning_rate"):
        assert logged[column].tolist() == pytest.approx(table[column].tolist(), rel=1e-4, nan_ok=True), column
    assert logged["dev_loss"].notna().sum() >= 2
    assert "training.batch_size: 8" in (folder / "logs" / "csv" / "hparams.yaml").read_text()


def test_nothing_is_logged_unless_asked(world: World, monkeypatch):
    monkeypatch.delenv(loggers.VARIABLE, raising=False)
    folder = world.out("silent")
    run_cell(world.spec(), folder, lambda *_: None)
    assert (folder / "train.csv").exists() and not (folder / "logs").exists()


class Recorder:
    """Stands for a logger whose package is not installed here."""

    made: list = []

    def __init__(self, *given, **named):
        self.given, self.named, self.ended = given, named, None
        self.experiment = self
        Recorder.made.append(self)

    def log_hyperparams(self, settings):
        self.settings = settings

    def finalize(self, status):
        self.ended = status

    def finish(self, exit_code):
        self.exit_code = exit_code


class WandbLogger(Recorder):
    pass


@pytest.fixture
def recorded(monkeypatch):
    Recorder.made = []
    monkeypatch.setattr(loggers.importlib.util, "find_spec", lambda name: object())
    for name, kind in {"TensorBoardLogger": Recorder, "MLFlowLogger": Recorder, "WandbLogger": WandbLogger}.items():
        monkeypatch.setattr(pytorch_lightning.loggers, name, kind)
    monkeypatch.setenv(loggers.VARIABLE, "tensorboard, mlflow,wandb")
    monkeypatch.setenv(loggers.SERVER, "http://localhost:5000")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return Recorder.made


def test_where_each_logger_writes_and_that_it_is_closed(world: World, recorded, tmp_path):
    spec = world.spec()
    with loggers.opened(spec, tmp_path) as found:
        board, mlflow, wandb = found
        assert board.given == (tmp_path / "logs" / "tensorboard",)
        assert mlflow.given == ("xlsd-bench", spec.id, "http://localhost:5000")
        assert wandb.given == (spec.id, tmp_path / "logs" / "wandb") and wandb.named["offline"] is True
        assert all(one.settings["cell"] == spec.id and one.settings["training.pairs"] == 48 for one in found)
    assert [one.ended for one in recorded] == ["success"] * 3 and wandb.exit_code == 0


def test_a_cell_that_fails_is_logged_as_such(world: World, recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(ValueError, match="loss"), loggers.opened(world.spec(), tmp_path) as found:
        raise ValueError("the loss is NaN")
    assert [one.ended for one in found] == ["failed"] * 3 and found[2].exit_code == 1 and found[2].named["offline"] is False


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        (("csw",), "did you mean 'csv'", "allowed: csv, mlflow, tensorboard, wandb"),
        (("tensorboard",), "'tensorboard' needs a package", "pip install -e '.[tensorboard]'"),
        (("mlflow",), "MLFLOW_TRACKING_URI is not set", "start one"),
    ],
)
def test_what_cannot_be_switched_on(monkeypatch, names, message, hint):
    installed = names == ("mlflow",)
    monkeypatch.setattr(loggers.importlib.util, "find_spec", lambda name: object() if installed else None)
    monkeypatch.delenv(loggers.SERVER, raising=False)
    with pytest.raises(BenchError) as error:
        loggers.checked(names)
    assert message in str(error.value) and hint in str(error.value)


def test_the_run_tells_before_it_starts(tmp_path: Path, monkeypatch):
    monkeypatch.setenv(loggers.VARIABLE, "")
    done = CliRunner().invoke(app, ["run", "--log", "csv,tensorbord", "--results", str(tmp_path)])
    assert isinstance(done.exception, BenchError) and "did you mean 'tensorboard'" in str(done.exception)
    assert not any(tmp_path.iterdir())
    os.environ.pop(loggers.VARIABLE, None)
