"""A cell on two devices: real processes, real files, one result."""

import json
import subprocess
import sys
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import torch

from bench.base.errors import BenchError
from bench.cells.arms import devices
from bench.cells.cell import run_cell
from bench.cells.prepare import prepare
from bench.cells.shared.context import open_context
from bench.data.languages import Languages
from bench.experiment.grid import cells
from tests.cells.test_own_cells import profile
from tests.own_data import beir, collection, queries
from tests.tiny import tiny_xlmr, write_encoder_json


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A prepared profile of one method on somebody's own data, in a cache of its own."""
    torch.set_num_threads(1)
    base = tmp_path_factory.mktemp("devices")
    (encoder := base / "encoder").mkdir()
    tiny_xlmr(encoder, texts=[text for code in ("sw", "am", "en") for _, text in queries(code, 30)], positions=100)
    write_encoder_json(encoder, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=90)
    open_context.cache_clear()
    with mock.patch.dict("os.environ", XLSD_CACHE=str(base / "cache")):
        found = profile(collection(base / "mine", {"news": beir(("sw", "am", "de", "en"))}), encoder, ["optical"])
        prepare(found, lambda *_: None)
        yield found
    open_context.cache_clear()


def cell(made, devices=1):
    [spec] = cells(made, Languages.load())
    return spec.model_copy(update={"devices": devices, "checkpoint_minutes": 5.0})


def ran(spec, out):
    out.mkdir(parents=True)
    said = run_cell(spec, out, lambda *_: None)
    json.dumps(said)
    return said, pd.read_csv(out / "metrics.csv"), pd.read_csv(out / "train.csv")


def test_a_cell_on_two_devices_has_the_result_of_one(made, tmp_path):
    _, alone, losses = ran(cell(made), tmp_path / "one" / "cells" / "a")
    said, metrics, table = ran(cell(made, 2), tmp_path / "two" / "cells" / "a")
    np.testing.assert_allclose(table["loss"], losses["loss"], rtol=1e-4)
    pd.testing.assert_frame_equal(metrics, alone, rtol=1e-3, atol=0.02)
    assert said["trained_with"]["devices"] == "2 (cpu)" and len(said["devices_mb"]) == 2
    files = [sorted(path.name for path in (tmp_path / name / "cells" / "a").rglob("*")) for name in ("one", "two")]
    assert files[0] == files[1]


def test_the_number_of_devices_is_no_part_of_the_key(made):
    assert cell(made, 2).key == cell(made).key


def test_a_device_that_dies_ends_the_cell_with_a_message(made, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "MEMBER", "tests.cells.arms.dying_member")
    with pytest.raises(BenchError, match="device 1 of 2 ended with status 9 while the cell was trained"):
        ran(cell(made, 2), tmp_path / "cells" / "a")


def test_a_device_that_does_not_start_is_not_waited_for(made, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "MEMBER", "bench.no_such_module")
    with pytest.raises(BenchError, match="device 1 of 2 ended with status 1"):
        ran(cell(made, 2), tmp_path / "cells" / "a")


def test_what_a_device_failed_with_is_told(made, tmp_path):
    broken = cell(made, 2).model_copy(update={"method_version": 1, "languages": ("xyz_Latn", "swh_Latn")})
    # Both come to it; the first says it.
    with pytest.raises(BenchError, match="no training bitext for xyz_Latn"):
        ran(broken, tmp_path / "cells" / "a")


def test_more_devices_than_gpus_are_refused(made, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "device_of", lambda: "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(BenchError, match="this machine has 1 GPUs"), devices.devices(cell(made, 2), tmp_path):
        pass


def test_a_device_ends_with_the_process_that_started_it(made, tmp_path):
    task = {"spec": cell(made, 2).model_dump(mode="json"), "out": str(tmp_path), "rank": 1, "meeting": str(tmp_path)}
    command = [sys.executable, "-P", "-m", devices.MEMBER]
    # It would wait for the first rank for hours.
    done = subprocess.run(command, input=json.dumps(task) + "\n", text=True, timeout=120)
    assert done.returncode == 1
