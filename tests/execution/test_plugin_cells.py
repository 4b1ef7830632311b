"""Methods from outside in cells: their child processes find them, and an edited file makes results stale."""

import math
import textwrap
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.execution.base import Failed, Finished
from bench.execution.local import LocalProcesses
from bench.experiment.grid import cells
from bench.experiment.plan import Plan, make_plan
from bench.experiment.selection import Selection
from bench.experiment.spec import CellSpec

RUNNER = "tests.execution.fake_cells:run_method"
SMALL = str(Path(__file__).parents[1] / "profiles" / "small.yaml")
SOURCE = textwrap.dedent('''
    """A loss."""
    from dataclasses import dataclass
    from methods.base import Method, option, register

    @dataclass
    class Params:
        weight: float = option(1.0, "factor")

    @register
    class Mine(Method):
        name = "mine"
        summary = "constant"
        Params = Params

        def loss(self, student, teacher, pair_ids):
            return student.pooled.sum() * 0 + self.params.weight, {}
''')


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own losses" / "mine.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def planned(results: Path, *methods: str, changes: tuple[str, ...] = ()) -> Plan:
    return make_plan(SMALL, results, Selection(methods=methods, sizes=("1",)), ("data.guard=null", *changes))


def run(plan: Plan) -> dict[str, Finished | Failed]:
    events = list(LocalProcesses(plan.store, 1, RUNNER).run(plan.specs))
    return {event.id: event for event in events if isinstance(event, Finished | Failed)}


def test_a_child_process_finds_the_file_and_its_parameters(mine: Path, tmp_path: Path):
    plan = planned(tmp_path / "results", "own losses/mine.py:Mine(weight=2)", "contrastive")
    found = run(plan)
    event = found["mine(weight=2.0)@1#0"]
    assert isinstance(event, Finished) and event.manifest["loss"] == 2.0 and event.manifest["method"] == "mine(weight=2.0)"
    assert plan.store.folder(plan.specs[0]).name == "mine(weight=2.0)@1#0"  # no path in the name of the folder
    assert math.isfinite(found["contrastive@1#0"].manifest["loss"])


def test_an_edited_file_makes_old_results_stale_and_a_moved_one_does_not(mine: Path, tmp_path: Path):
    run(planned(tmp_path / "results", f"{mine}:Mine"))
    assert planned(tmp_path / "results", "own losses/mine.py:Mine").states == {"mine@1#0": "done"}
    other = mine.rename(tmp_path / "moved.py")
    assert planned(tmp_path / "results", "moved.py:Mine").states == {"mine@1#0": "done"}
    other.write_text(SOURCE + "# another line\n")
    after = planned(tmp_path / "results", "moved.py:Mine")
    assert after.states == {"mine@1#0": "stale"}
    assert after.store.changes(after.specs[0]) == ["model_keys.plugin changed"]


def test_an_edit_between_plan_and_cell_is_no_result_of_the_plan(mine: Path, tmp_path: Path):
    plan = planned(tmp_path / "results", f"{mine}:Mine")
    mine.write_text(SOURCE + "# another line\n")
    event = run(plan)["mine@1#0"]
    assert isinstance(event, Failed) and "was changed since" in event.reason


def test_the_file_may_be_in_the_profile_and_then_be_called_by_name(mine: Path, tmp_path: Path):
    own = ("grid.methods=[untrained, 'own losses/mine.py:Mine']", "method_settings.mine={clip: 0.5}")
    specs = planned(tmp_path / "results", changes=own).specs
    assert [spec.id for spec in specs] == ["untrained@0#0", "mine@1#0"]
    assert specs[1].training.clip == 0.5 and specs[0].training.clip == 1.0
    assert CellSpec.model_validate_json(specs[1].model_dump_json()) == specs[1]
    [spec] = planned(tmp_path / "results", "mine", changes=own).specs
    assert spec == specs[1]


def test_two_files_with_one_name_are_told_apart_by_an_error(mine: Path, tmp_path: Path):
    (tmp_path / "other.py").write_text(SOURCE)
    with pytest.raises(BenchError, match="both named 'mine'"):
        planned(tmp_path / "results", f"{mine}:Mine", "other.py:Mine")


def test_a_built_in_cell_has_the_key_that_it_had_without_plug_ins(tmp_path: Path):
    [spec] = planned(tmp_path / "results", "contrastive").specs
    assert "method_source" not in spec.identity() and "plugin" not in spec.model_keys


def test_what_is_left_keeps_files_that_settings_name(mine: Path, tmp_path: Path):
    own = ("grid.methods=[untrained, contrastive, 'own losses/mine.py:Mine']", "method_settings.mine={clip: 0.5}")
    plan = make_plan(SMALL, tmp_path / "results", Selection(sizes=("1",)), ("data.guard=null", *own))
    left = plan.part([spec for spec in plan.specs if spec.method == "contrastive"])
    assert [entry.method for entry in left.grid.methods] == ["contrastive", "own losses/mine.py:Mine"]
    assert {spec.key for spec in cells(left, plan.languages)} < {spec.key for spec in plan.specs}
