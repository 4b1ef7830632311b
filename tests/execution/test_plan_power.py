"""`bench plan` says what a plan could find."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench.execution.plan_power import power
from bench.experiment.plan import make_plan


def shown(tmp_path, *changes: str) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))
    console.print(*power(make_plan("default", tmp_path, changes=changes)), sep="\n")
    return console.export_text()


METHODS = "grid.methods=[untrained, english, optical, contrastive, mimo, clear]"


def numbers(text: str, row: str) -> list[str]:
    [line] = [line for line in text.splitlines() if line.startswith(row)]
    return line.removeprefix(row).split()


def test_groups_by_sizes(tmp_path):
    text = shown(tmp_path, METHODS, "grid.sizes=[5, 50]", "grid.seeds=[0, 1, 2]")
    trained, held_out = numbers(text, "trained, dense"), numbers(text, "held-out, dense")
    assert len(trained) == 3 and held_out[1] == "-", "no language is held out at 50"
    assert float(trained[0]) > float(trained[1]), "more languages, more questions"
    assert "Smallest difference of two trained methods" in text and "Variances: " in text


def test_more_seeds_and_questions_find_more(tmp_path):
    few = shown(tmp_path, METHODS, "grid.sizes=[20]", "grid.seeds=[0, 1]")
    more = shown(tmp_path, METHODS, "grid.sizes=[20]", "grid.seeds=[0, 1, 2, 3, 4]")
    most = shown(tmp_path, METHODS, "grid.sizes=[20]", "grid.seeds=[0, 1, 2, 3, 4]", "evaluation.queries_per_language={}",
                 "evaluation.queries_per_language={symbols: 400, faq: 400, passages: 400}")  # fmt: skip
    found = [float(numbers(text, "trained, late")[0]) for text in (few, more, most)]
    assert found == sorted(found, reverse=True) and len(set(found)) == 3


def test_one_seed_is_said(tmp_path):
    text = shown(tmp_path, METHODS, "grid.sizes=[5, 20]", "grid.seeds=[0]")
    assert numbers(text, "trained, late") == ["-"] * 3
    assert "one seed at N = 5, 20" in text and "about these runs only" in text


def test_primary_comparisons_are_corrected(tmp_path):
    text = shown(tmp_path, METHODS, "grid.sizes=[5, 20]", "grid.seeds=[0, 1, 2]", "comparison.primary=[[optical, contrastive]]",
                 "comparison.scorers=[dense]")  # fmt: skip
    row = numbers(text, "trained, dense")
    assert "2 primary tests" in text and len(row) == 4 and float(row[3]) > float(row[2])
    assert "guard" not in text


PRIMARY = (METHODS, "grid.seeds=[0, 1, 2]", "comparison.primary=[[optical, contrastive]]", "comparison.scorers=[dense]")
EACH = "comparison.over_sizes=false"


@pytest.mark.parametrize("changes, tests, why", [
    (("grid.sizes=[5, 20, 50]",), 2, "trained and held-out, each over its sizes"),
    (("grid.sizes=[5, 20, 50]", EACH), 5, "none is held out at 50"),
    (("grid.sizes=[5, 20]", EACH, "comparison.groups=[trained, core]"), 3, "the core of five is what five are trained on"),
    (("grid.sizes=[10, 20]", EACH, "comparison.groups=[trained, core]"), 4, "the core has five languages, not ten"),
    (("grid.sizes=[5, 20, 50]", EACH, "comparison.sizes=[20]"), 2, "one size of three"),
    (("grid.sizes=[5, 20]", "comparison.scorers=[]"), 4, "both scorers that the two have"),
    (("grid.sizes=[5, 20]", "comparison.scorers=[dense, sparse]"), 2, "neither is scored by words"),
    (("grid.sizes=[5, 20]", "comparison.primary=[[optical, contrastive], [optical, mimo], [english, untrained]]"), 6,
     "two groups a pair"),
    (("grid.sizes=[5, 20]", EACH, "comparison.primary=[[untrained, english], [optical, contrastive]]",
      "comparison.groups=[guard]"), 3, "untrained methods answer the same at both sizes"),
    (("grid.sizes=[5, 20]", EACH, "comparison.primary=[[untrained, english], [optical, contrastive]]",
      "comparison.groups=[trained]", "evaluation.languages=[sw, am]"), 3, "and where the same are asked at both"),
    (("grid.sizes=[5, 20]", EACH, "comparison.groups=[trained]",
      "grid.methods=[untrained, optical, mimo, {method: contrastive, sizes: [20]}]"), 0, "one row needs no correction"),
])  # fmt: skip
def test_primary_tests_are_those_that_the_comparison_will_have(tmp_path, changes, tests, why):
    text = shown(tmp_path, *PRIMARY, *changes)
    assert (f"over {tests} primary tests" in text) if tests else ("primary tests" not in text), why


def test_a_group_without_languages_has_no_test(tmp_path):
    alone = shown(tmp_path, *PRIMARY, "data.order=sw,am", "data.guard=null", "grid.sizes=[2]")
    assert "primary tests" not in alone and "held-out" not in alone, "one test: nothing to correct"


def test_the_corrected_column_is_of_the_declared_sizes(tmp_path):
    rows = [numbers(shown(tmp_path, *PRIMARY, "grid.sizes=[5, 20]", EACH, f"comparison.sizes={sizes}"), "trained, dense")
            for sizes in ([5], [20])]  # fmt: skip
    assert float(rows[0][3]) > float(rows[0][0]) > float(rows[0][1]), "of N = 5"
    assert float(rows[0][3]) > float(rows[1][3]) > float(rows[1][1]), "of N = 20"


def test_one_method_has_nothing_to_find(tmp_path):
    assert power(make_plan("default", tmp_path, changes=["grid.methods=[untrained, optical]"])) == []


def test_languages_that_are_not_asked_bring_no_questions(tmp_path):
    some = "evaluation.languages=[sw, am, ha, de]"
    asked = shown(tmp_path, METHODS, "grid.sizes=[5, 50]", "grid.seeds=[0, 1, 2]", some)
    everywhere = shown(tmp_path, METHODS, "grid.sizes=[5, 50]", "grid.seeds=[0, 1, 2]")
    row, of_all = numbers(asked, "trained, late"), numbers(everywhere, "trained, late")
    assert row[0] == row[1], "three of five, three of fifty"
    assert float(row[1]) > float(of_all[1])
    guard = [float(numbers(text, "guard, late")[0]) for text in (asked, everywhere)]
    assert guard[0] > guard[1]
    assert "held-out" not in asked, "none of those that are asked"


def test_what_is_asked_of_the_core_alone_is_the_row_of_the_trained(tmp_path):
    asked = ("comparison.groups=[trained, core]", "evaluation.languages=[sw, am]")
    text = shown(tmp_path, *PRIMARY, "grid.sizes=[5, 20]", EACH, *asked)
    assert "over 2 primary tests" in text


def test_languages_that_are_asked_are_those_that_the_tasks_have(tmp_path):
    """`passages` is there in 3 of 10 languages: who asks three languages asks those."""
    grid = (METHODS, "grid.sizes=[50]", "grid.seeds=[0, 1, 2]", "evaluation.tasks=[passages]",
            "evaluation.queries_per_language={passages: 24}")  # fmt: skip
    every = make_plan("default", tmp_path, changes=grid)
    codes = next(spec.order_languages for spec in every.specs if spec.trained)[:15]
    some = shown(tmp_path, *grid, f"evaluation.languages={','.join(codes)}")
    assert numbers(some, "trained, dense")[0] == numbers(shown(tmp_path, *grid), "trained, dense")[0]


def test_no_more_questions_are_counted_than_a_task_has(tmp_path):
    grid = (METHODS, "grid.sizes=[50]", "grid.seeds=[0, 1, 2]", "data.hubs=[ntrex, belebele]", "data.order=public",
            "evaluation.tasks=[belebele]")  # fmt: skip
    rows = [numbers(shown(tmp_path, *grid, f"evaluation.queries_per_language={{belebele: {n}}}"), "trained, dense")[0]
            for n in (100, 800, 5000)]  # fmt: skip
    assert float(rows[0]) > float(rows[1]) and rows[1] == rows[2]


def test_each_language_that_is_asked_has_one_of_the_tasks(tmp_path, monkeypatch):
    """AfriQA and XorQA-IN have no language in common: three languages that are asked at N = 5 are three, not six."""
    asked = []
    monkeypatch.setattr("bench.execution.plan_power.forecast.smallest", lambda points, *_: asked.append(points[0][0]) or 0.1)
    tasks = "data.hubs=[ntrex, xorqa-in, afriqa]", "evaluation.tasks=[xorqa-in, afriqa]"
    limits = "evaluation.queries_per_language={xorqa-in: 600, afriqa: 600}"
    codes = "mal,mar,guj,tel,pan,kan,pbt,urd,ben,tam,bod,swh,hau,yor,ibo,zul,kin"
    shown(tmp_path, METHODS, "data.order=public", "grid.sizes=[5, 50]", "grid.seeds=[0, 1]", *tasks, limits,
          f"evaluation.languages={codes}")  # fmt: skip
    few, all_of_them = ([(one.task, one.questions, one.languages) for one in points] for points in asked[:2])
    assert few == [("xorqa-in", 536, 2), ("afriqa", 321, 1)]
    assert all_of_them == [("xorqa-in", 536, 11), ("afriqa", 321, 6)]
