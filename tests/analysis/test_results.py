import pandas as pd
import pytest

from bench.analysis.results import CellName, read_cell
from tests import made_up


@pytest.mark.parametrize("name", ["2022", "007", "1e5", "True", "nan", "null"])
def test_a_task_may_be_called_what_looks_like_something_else(tmp_path, monkeypatch, name):
    monkeypatch.setattr(made_up, "TASKS", {name: ("swh_Latn", "amh_Ethi"), "2023": ("swh_Latn",)})
    place = made_up.cell(tmp_path, "optical@2#0", lambda *_: 0.5)
    found = read_cell(CellName.parse("optical@2#0", ""), place)
    assert found.state == "done" and found.reason == ""
    assert set(found.metrics["task"]) == set(found.questions["task"]) == {name, "2023"}
    assert pd.api.types.is_string_dtype(found.metrics["task"])
