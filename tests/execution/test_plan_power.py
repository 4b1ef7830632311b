"""`bench plan` says what a plan could find."""

from __future__ import annotations

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


def test_a_group_without_languages_has_no_test(tmp_path):
    same = (METHODS, "grid.seeds=[0, 1, 2]", "comparison.primary=[[optical, contrastive]]", "comparison.scorers=[dense]")
    alone = shown(tmp_path, *same, "grid.sizes=[20]", "data.order=sw,am", "data.guard=null", "grid.sizes=[2]")
    assert "primary tests" not in alone and "held-out" not in alone, "one test: nothing to correct"
    each = shown(tmp_path, *same, "grid.sizes=[5, 20, 50]", "comparison.over_sizes=false")
    assert "5 primary tests" in each, "trained at three sizes, held out at two: none is left at 50"
    core = shown(tmp_path, *same, "grid.sizes=[5, 20]", "comparison.over_sizes=false", "comparison.groups=[trained, core]")
    assert "3 primary tests" in core, "the core of five is what five are trained on"


def test_one_method_has_nothing_to_find(tmp_path):
    assert power(make_plan("default", tmp_path, changes=["grid.methods=[untrained, optical]"])) == []
