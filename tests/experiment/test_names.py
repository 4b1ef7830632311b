"""Short names of methods: checked with the profile, used by tables and the command line, no part of a cell."""

from __future__ import annotations

import pytest
import yaml

from bench.analysis.results import read_plan
from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.names import short_names
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import load_profile
from bench.experiment.selection import Selection

TUNED = "optical(epsilon=0.05,reach=0.5)"


def profile(names: dict[str, str], methods: tuple[str, ...] = ("untrained", TUNED, "contrastive", "optical(cost=cosine)")):
    grid = yaml.safe_dump([*methods], default_flow_style=True, width=10_000).strip()
    short = yaml.safe_dump(names, default_flow_style=True, width=10_000)
    return load_profile("smoke", [f"grid.methods={grid}", f"names={short}"])


def test_a_name_is_found_by_the_method_however_it_is_written():
    assert short_names(profile({"optical": "optical(reach=0.5, epsilon=5e-2)", "optical(textbook)": "optical(cost=cosine)"})) == {
        TUNED: "optical", "optical(cost=cosine)": "optical(textbook)",
    }  # fmt: skip


@pytest.mark.parametrize(("names", "said"), [
    ({"optical": "optical(epsilon=0.5)"}, "unknown method in names 'optical(epsilon=0.5)'"),
    ({"mine": TUNED}, "does not begin with the name of its method"),
    ({"optical": TUNED, "optical(tuned)": TUNED}, "are both"),
    ({"optical(cost=cosine)": TUNED}, "is another method of the grid"),
])  # fmt: skip
def test_wrong_names_are_told_before_anything_runs(names: dict[str, str], said: str, tmp_path):
    with pytest.raises(BenchError, match="names") as error:
        short_names(profile(names))
    assert said in error.value.message
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(profile(names).model_dump(mode="json")))
    with pytest.raises(BenchError, match="names"):
        make_plan(str(file), tmp_path / "results")


def test_a_name_hides_nothing_that_tables_read_off_a_method():
    hidden = profile({"lexical(structured)": "lexical(form=structured)"}, ("untrained", "lexical(form=structured)"))
    with pytest.raises(BenchError, match="hides form=structured"):
        short_names(hidden)


def test_names_are_no_part_of_a_cell():
    plain, named = (cells(profile(names), Languages.load()) for names in ({}, {"optical": TUNED}))
    assert [(one.id, one.key) for one in plain] == [(one.id, one.key) for one in named]


def test_tables_and_selection_go_by_the_names(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(profile({"optical": TUNED}).model_dump(mode="json")))
    plan = make_plan(str(file), tmp_path, Selection(methods=("optical",)))
    assert {spec.method for spec in plan.specs} == {TUNED}  # not the other variant of optical
    plan = make_plan(str(file), tmp_path)
    plan.store.root.mkdir(parents=True)
    (plan.store.root / "profile.yaml").write_text(plan.description())
    read = read_plan(plan.store.root)
    by_id = {cell.id: cell.method for cell in read.cells}
    trained = next(spec for spec in plan.specs if spec.method == TUNED)
    assert by_id[trained.id] == "optical"
    assert read.names == {"optical": TUNED}
    assert "optical(cost=cosine)" in by_id.values()


def test_a_cell_with_the_name_as_its_own_keeps_it(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(profile({"optical": TUNED}).model_dump(mode="json")))
    plan = make_plan(str(file), tmp_path)
    plan.store.root.mkdir(parents=True)
    content = yaml.safe_load(plan.description())
    content["resolved"]["cells"].append("optical@2#0")
    (plan.store.root / "profile.yaml").write_text(yaml.safe_dump(content))
    read = read_plan(plan.store.root)
    assert not read.names
    assert {"optical", TUNED} <= {cell.method for cell in read.cells}
