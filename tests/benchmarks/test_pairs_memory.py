"""Data of the size that was asked for, made of real pairs, and a cell that draws all of it."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.shared import teacher
from bench.cells.shared.context import open_context
from bench.experiment.profile.file import load_profile
from bench.training import loop
from benchmarks.pairs_memory import QUESTIONS, STEPS, Pair, make, measure, pairs_of, written
from tests.own_data import bitext, english, other, write
from tests.tiny import tiny_xlmr

PAIRS = 260


@pytest.fixture
def real(tmp_path: Path) -> list[Pair]:
    folder = write(tmp_path / "bitext", {f"{code}.tsv": bitext(code, PAIRS) for code in ("sw", "am")})
    return list(pairs_of(folder))


def asked(model: Path) -> Namespace:
    return Namespace(bitext=Path("bitext"), model=str(model), methods="contrastive", states_gb=0.0, precision="float32",
                     space_texts=100, name="made-up pairs")  # fmt: skip


def test_pairs_are_those_of_the_folder(real: list[Pair]) -> None:
    assert len(real) == 2 * PAIRS and {language for language, _, _ in real} == {"swh_Latn", "amh_Ethi"}
    assert ("swh_Latn", english(100), other(100, "sw")) in real


def test_repeated_pairs_are_other_texts_and_questions_are_no_pairs(real: list[Pair], tmp_path: Path) -> None:
    profile = make(tmp_path / "place", real, 2000, asked(tmp_path / "model"))
    lines = (tmp_path / "place" / "data" / "bitext" / "swh_Latn.tsv").read_text().splitlines()[1:]
    assert len(lines) == len(set(lines)) >= 1000 and lines[PAIRS - QUESTIONS].endswith(" 1")
    questions = [json.loads(line)["text"] for line in
                 (tmp_path / "place" / "data" / "tasks" / "asked" / "queries" / "swh_Latn.jsonl").open()]  # fmt: skip
    assert len(questions) == QUESTIONS and not {line.split("\t")[1] for line in lines} & set(questions)
    assert load_profile(str(profile)).training.pairs == 2000
    with pytest.raises(BenchError, match=f"has {QUESTIONS} pairs of amh_Ethi"):
        make(tmp_path / "few", [one for one in real if one[0] == "amh_Ethi"][:QUESTIONS], 10, asked(tmp_path / "model"))


def test_a_measured_cell_draws_all_pairs_and_makes_few_steps(
    real: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [text for _, *sides in real for text in sides]
    tiny_xlmr(tmp_path / "model", texts=texts)
    profile = make(tmp_path / "place", real, 1000, asked(tmp_path / "model"))
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loop, "length_batches", loop.length_batches)  # put back afterwards, as is the next
    monkeypatch.setattr(teacher, "SPACE_TEXTS", teacher.SPACE_TEXTS)
    open_context.cache_clear()
    found = {}
    for what in ("prepare", "contrastive"):
        measure({"what": what, "profile": str(profile), "space_texts": 100})
        found[what] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["prepare"]["MB"] > 50 and found["prepare"]["phases"]
    cell = found["contrastive"]
    assert cell["pairs"] == 1000 and cell["batches"] > STEPS and cell["MB"] >= cell["before training MB"] > 50
    open_context.cache_clear()


def test_the_table_says_what_was_measured(tmp_path: Path) -> None:
    row = {"pairs": 10_000, "prepare s": 75, "prepare MB": 1009, "contrastive MB": 1226, "cache MB": 90,
           "contrastive before training MB": 782, "prepare phases": {"suite": 6.1, "encoder": 15.0}}  # fmt: skip
    text = written(pd.DataFrame([row]), asked(tmp_path))
    assert "made-up pairs, repeated" in text and "in every step" in text and "at most 100" in text
    assert "| 10,000 |" in text and "782" in text and "1,226" in text and "- 10,000: suite 6 s, encoder 15 s" in text
