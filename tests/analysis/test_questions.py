"""What counts as one question: in a parallel task what the cells say, which is the document that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis.arms import scores_of
from bench.analysis.comparison import compare
from bench.analysis.questions import Questions, units_of
from bench.analysis.resampling import intervals
from bench.analysis.results import load
from tests import made_up

CELLS = [f"{method}@2#{seed}" for method in ("optical", "contrastive") for seed in (0, 1)]
GAINS = [0.1, 0.1, 0.0, 0.0, 0.3, 0.3, 0.2, 0.2]  # questions come in pairs that are answered alike
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes an experiment of one parallel task; `unit` names the document of each question, in the cells `of`."""
    monkeypatch.setattr(made_up, "TASKS", {"faq": made_up.LOW})

    def made(name: str, unit: Callable[[int], str] | None = None, of: Sequence[str] = CELLS) -> Path:
        folder = made_up.plan(tmp_path / name, CELLS, tasks=["faq"])
        for cell in CELLS:
            gains = GAINS if cell.startswith("optical") else [0.0] * len(GAINS)
            place = made_up.cell(folder, cell, lambda *_, gains=gains: [0.4 + gain for gain in gains])
            if unit is not None and cell in of:
                questions = pd.read_parquet(place / "per_query.parquet")
                questions["unit"] = [unit(int(one[1:])) for one in questions["query_id"]]
                questions.to_parquet(place / "per_query.parquet", index=False)
        return folder

    return made


def row(folder: Path) -> pd.Series:
    found = compare(load(folder), "optical", "contrastive").rows
    return found[(found["scorer"] == "dense") & (found["group"] == "trained")].iloc[0]


def test_two_questions_on_one_document_are_one(make: Make) -> None:
    alone, pairs = row(make("alone")), row(make("pairs", lambda number: f"passage {number // 2}"))
    assert (alone["units"], pairs["units"]) == (8, 4)
    assert alone["difference"] == pairs["difference"] == pytest.approx(0.15)
    assert pairs["high"] - pairs["low"] > 1.3 * (alone["high"] - alone["low"]), "by the root of two, and fewer degrees of freedom"
    assert pairs["p"] > alone["p"]


def test_where_each_question_has_a_document_of_its_own_nothing_changes(make: Make) -> None:
    alone, named = make("alone"), make("named", lambda number: f"passage {9 - number}")
    pd.testing.assert_frame_equal(*(compare(load(one), "optical", "contrastive").rows for one in (alone, named)))
    first, second = (scores_of(one, one.cells) for one in map(load, (alone, named)))
    assert (first.draws == second.draws).all(), "the bootstrap draws the same questions"


def test_single_scores_are_resampled_by_document(make: Make) -> None:
    widths = []
    for folder in (make("alone"), make("pairs", lambda number: f"passage {number // 2}")):
        experiment = load(folder)
        scores = scores_of(experiment, experiment.cells)
        arm = scores.index("optical", 2)
        [place] = scores.at("dense", "faq", ["swh_Latn"])
        [low], [high] = intervals(scores.draws[arm, place][None])
        widths.append(high - low)
    assert widths[1] > 1.2 * widths[0]


def test_what_one_cell_says_holds_for_those_of_an_earlier_version(make: Make) -> None:
    every, last = (make(name, lambda n: f"passage {n // 2}", of) for name, of in (("every", CELLS), ("last", CELLS[-1:])))
    pd.testing.assert_series_equal(row(every), row(last))


def test_cells_that_name_no_document_are_told(make: Make) -> None:
    """Of an earlier version: what they say is less than what it looks like."""
    for name, unit, told in (
        ("alone", None, "faq: of 8 of 8 questions no cell says which document"),
        ("half", lambda number: "passage" if number < 4 else "", "faq: of 4 of 8 questions no cell says which document"),
        ("pairs", lambda number: f"passage {number // 2}", ""),
    ):
        notes = [note for note in compare(load(make(name, unit)), "optical", "contrastive").notes if "no cell says" in note]
        assert [note.startswith(told) for note in notes] == [True] * bool(told), notes


def test_one_document_for_all_questions_leaves_no_interval(make: Make) -> None:
    folder = make("one", lambda number: "passage")
    assert row(folder)["units"] == 1 and np.isnan(row(folder)["low"]) and row(folder)["verdict"] == "undecided"
    assert any("all questions ask for one document" in note for note in compare(load(folder), "optical", "contrastive").notes)


def test_what_languages_or_cells_join_is_joined_in_whatever_order() -> None:
    """Two languages name other documents for two of the three questions: all that is joined by either is one unit."""
    query, unit = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 1, 0, 2, 2])
    zero = np.zeros(6, dtype=int)
    asked = Questions(zero, zero, np.repeat([0, 1], 3), query, unit, zero + 0.5, ("dense",), ("a", "b"), ("p", "q", "r"))
    assert units_of(asked, shared=True).tolist() == [0] * 6
    for order in (np.arange(6)[::-1], np.array([3, 0, 5, 2, 4, 1])):
        assert units_of(asked.rows(order), shared=True).tolist() == [0] * 6
    apart = replace(asked.rows(np.arange(6) < 3), unit=np.array([-1, 4, 4]))
    assert units_of(apart, shared=True).tolist() == [0, 1, 1]


def test_a_question_without_a_document_is_one_of_its_own(make: Make) -> None:
    found = row(make("some", lambda number: "passage" if number < 2 else ""))
    assert found["units"] == 7
