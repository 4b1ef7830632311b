import pandas as pd
import pytest

from bench.analysis import tables
from bench.analysis.arms import Scores
from bench.analysis.results import CellName, Plan, load, read_cell
from tests import made_up


@pytest.mark.parametrize("name", ["2022", "007", "1e5", "True", "nan", "null"])
def test_a_task_may_be_called_what_looks_like_something_else(tmp_path, monkeypatch, name):
    monkeypatch.setattr(made_up, "TASKS", {name: ("swh_Latn", "amh_Ethi"), "2023": ("swh_Latn",)})
    place = made_up.cell(tmp_path, "optical@2#0", lambda *_: 0.5)
    found = read_cell(CellName.parse("optical@2#0", ""), place)
    assert found.state == "done" and found.reason == ""
    assert set(found.metrics["task"]) == set(found.questions["task"]) == {name, "2023"}
    assert pd.api.types.is_string_dtype(found.metrics["task"])


def test_floor_and_ceiling_alone_are_shown_for_a_short_list_of_languages():
    cells = tuple(CellName.parse(f"{name}@0#0~list-1", "low") for name in ("untrained", "english"))
    plan = Plan("x", {"list-1": ("a", "b", "c"), "low": tuple("abcdefg")}, (), (), (5, 50), cells)
    assert plan.sizes_of("list-1") == (3,) and plan.sizes_of("low") == (5,)


@pytest.mark.parametrize(
    "fact",
    [{"seconds": {"train": "", "total": 60.0}}, {"seconds": {"total": [1]}}, {"seconds": [1]}, {"pairs_per_second": "fast"},
     {"pairs_by_language": {"swh_Latn": None}}, {"collapse": [1]}, {"precision": 3}, {"hardware": "a machine"}],
)  # fmt: skip
def test_a_manifest_with_facts_of_another_type_is_damaged(tmp_path, fact):
    place = made_up.cell(tmp_path, "optical@2#0", lambda *_: 0.5, **fact)
    found = read_cell(CellName.parse("optical@2#0", ""), place)
    assert found.state == "damaged" and next(iter(fact)) in found.reason


@pytest.mark.parametrize(
    "fact", [{}, {"seconds": None}, {"pairs_per_second": None}, {"collapse": True}, {"collapse": {"warning": ""}}]
)
def test_a_manifest_may_say_nothing(tmp_path, fact):
    place = made_up.cell(tmp_path, "optical@2#0", lambda *_: 0.5, **fact)
    assert read_cell(CellName.parse("optical@2#0", ""), place).state == "done"


@pytest.mark.parametrize("identity", ["[1]", "{}", "3", "[" * 100_000])
def test_a_manifest_whose_id_is_none_is_looked_at_under_the_name_of_its_folder(tmp_path, identity):
    made_up.plan(tmp_path, ["optical@2#0"])
    place = made_up.cell(tmp_path, "optical@2#0", lambda *_: 0.5)
    (place / "manifest.json").write_text(f'{{"id": {identity}, "status": "done"}}')
    (place / "spec.json").unlink(missing_ok=True)
    [cell] = load(tmp_path).cells
    assert not cell.done and cell.reason


def test_groups_have_the_languages_that_are_asked(tmp_path):
    cells = ["untrained@0#0", "optical@2#0", "contrastive@2#0"]
    made_up.plan(tmp_path, cells, asked=["khm_Khmr", "swh_Latn"])
    for name in cells:
        made_up.cell(tmp_path, name, lambda name, task, scorer, code: 0.5 if code in ("khm_Khmr", "swh_Latn") else None)
    found = load(tmp_path)
    groups = {name: found.plan.group(name, "low", 2) for name in ("trained", "held-out", "core", "guard", "all")}
    assert groups == {"trained": ("swh_Latn",), "held-out": ("khm_Khmr",), "core": ("swh_Latn",), "guard": (),
                      "all": ("swh_Latn", "khm_Khmr")}  # fmt: skip
    board = tables.leaderboard(found.plan, "low", Scores(found.cells, found.plan.tasks))
    assert board["complete"].all() and not board["group"].eq("guard").any()
    assert board.groupby("group")["languages_declared"].max().to_dict() == {"trained": 1, "held-out": 1, "core": 1, "all": 2}
