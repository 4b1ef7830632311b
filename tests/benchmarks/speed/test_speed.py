"""The benchmark does the work that it says and writes what it measured; times are not looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from benchmarks.speed import __main__ as command
from benchmarks.speed import encoding, losses, race, scoring, searching
from benchmarks.speed.material import PASSAGE, Material, join
from benchmarks.speed.pylate import Pylate
from benchmarks.speed.race import OURS, Contestant, Row, gemm_rates, missing
from benchmarks.speed.table import markdown
from tests.tiny import SENTENCES, tiny_bert, write_encoder_json

RATES = {"float32": 1e9, "bfloat16": 2e9}
NONE = Path("no-such-environment")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("model")
    tiny_bert(folder)
    write_encoder_json(folder, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=64)
    return Material(str(folder), list(SENTENCES), [f"{one}, {other}" for one in SENTENCES for other in SENTENCES[:3]])


def test_all_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def run(name: str, seconds: list[float]):
        return lambda: order.append(name) or seconds.pop(0)

    rows = race.race("part", "work", [
        Contestant("a", run("a", [99.0, 1.0, 5.0, 2.0]), 4e9), Contestant("b", run("b", [99.0, 3.0, 4.0, 8.0]), 4e9, "bfloat16"),
        Contestant("c", run("c", [9.0, 1.0, 1.0, 1.0])),
    ], 3, RATES)  # fmt: skip
    assert order == ["a", "b", "c"] * 4
    assert rows[0] == Row("part", "work", "a", 2.0, 1.0, 5.0, 1.0, 2.0)
    assert rows[1] == Row("part", "work", "b", 4.0, 3.0, 8.0, 2.0, 0.5)
    assert rows[2] == Row("part", "work", "c", 1.0, 1.0, 1.0, 0.5, None)


def test_a_run_that_tells_no_time_is_timed() -> None:
    [row] = race.race("part", "work", [Contestant("a", lambda: None)], 2, RATES)
    assert row.seconds is not None and row.seconds > 0
    assert set(gemm_rates("cpu", 1)) == {"float32", "bfloat16"} and min(gemm_rates("cpu", 1).values()) > 0


def test_every_part_is_held_against_others(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.training", None)  # tested with its own benchmark
    rows = command.measure(material, list(command.PARTS), "cpu", 1, RATES, NONE, quick=True)
    names = {part: [row.who for row in rows if row.part == part] for part in dict.fromkeys(row.part for row in rows)}
    assert list(names) == ["training", "loss", "encoding", "late interaction", "dense search", "scoring", "optimal transport"]
    for part, others in {
        "encoding": ["sentence-transformers, float32", "sentence-transformers, bfloat16"],
        "late interaction": ["sentence-transformers, maxsim", "PyLate, rank.rerank"],
        "dense search": ["FAISS, IndexFlatIP as it comes", "sentence-transformers, semantic_search"], "scoring": ["pytrec_eval"],
        "optimal transport": ["geomloss, scaling 0.9, all at once", "POT, sinkhorn to 1e-3, pair by pair"],
    }.items():  # fmt: skip
        assert names[part][0].startswith(OURS) and set(others) <= set(names[part])
    assert names["loss"] == [f"{OURS}, `{loss}`" for loss in losses.LOSSES]
    measured = [row for row in rows if row.seconds is not None]
    assert all(row.times == 1 for row in measured if row.who == names[row.part][0])
    assert all(row.note.startswith("not measured: ") for row in rows if row.seconds is None)


def test_those_who_are_compared_find_the_same(material: Material) -> None:
    """The same rankings by the other side's search, on the vectors of the race."""
    from sentence_transformers.util.similarity import maxsim

    from bench.encoders.load import load_encoder
    from bench.retrieval.late import LateIndex
    from benchmarks.speed.material import vectors

    found = vectors(load_encoder(material.model), material)
    ours = LateIndex([f"{i:03d}" for i in range(len(found.passages))], found.passages).search(found.queries, 5, material.queries)
    scores = maxsim(*(searching.tensors(one, "cpu") for one in (found.queries, found.passages)), length_normalize=True).numpy()
    np.testing.assert_allclose(np.sort(scores, axis=1)[:, ::-1][:, :5], ours.scores, atol=1e-5)


def test_operations_are_counted_from_weights(material: Material) -> None:
    from bench.encoders.load import load_encoder

    # 2 layers: 4 products of 32 x 32, two of 32 x 64.
    assert encoding.operations(load_encoder(material.model), 10) == 2 * 10 * 2 * (4 * 32 * 32 + 2 * 32 * 64)


def test_rankings_are_what_trec_eval_scores_alike() -> None:
    import pytrec_eval

    from bench.retrieval.scoring import score

    ranking, names, qrels = scoring.rankings(20, 200)
    run = {name: dict(zip(ranking.ids(i), ranking.scores[i].tolist(), strict=True)) for i, name in enumerate(names)}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(run)
    ours = score(ranking, names, qrels).set_index("query_id")["ndcg@10"]
    assert {name: theirs[name]["ndcg_cut_10"] for name in names} == ours.to_dict() and ours.nunique() > 2


@pytest.mark.parametrize("package", ["sentence_transformers", "pytrec_eval", "mteb", "ot"])
def test_what_is_not_installed_is_said(material: Material, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "benchmarks.ot_solvers", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    parts = {"sentence_transformers": ["encoding", "late", "dense"], "ot": ["transport"]}.get(package, ["scoring"])
    rows = command.measure(material, parts, "cpu", 1, RATES, NONE, quick=True)
    told = [row for row in rows if row.note.startswith("not measured: ") and "pip install" in row.note]
    names = {"mteb": "mteb", "pytrec_eval": "pytrec_eval", "ot": OURS}.get(package, "sentence-transformers")
    told = [row for row in told if row.who.startswith(names)]  # others may be missing too
    assert len(told) == len(parts) and all(row.seconds is None for row in told)


def test_training_rows_come_from_its_own_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.speed import training

    monkeypatch.setitem(sys.modules, "benchmarks.training", None)
    [row] = training.measure(True, 1, RATES)
    assert row.seconds is None and row.note == "not measured: benchmarks.training is not there"
    own, asked = ModuleType("benchmarks.training"), []
    told = {
        "what": "training, all, bf16; their trainer", "ours": 20.0, "theirs": 8.0, "unit": "pairs/s", "ratio": 2.5,
        "spread": {"ours": (10.0, 25.0), "theirs": (4.0, 10.0)}, "flop": RATES["bfloat16"] / 40,
    }  # fmt: skip
    own.measure = lambda **how: asked.append(how) or [told]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.training", own)
    assert training.measure(False, 3, RATES) == [
        Row("training", "1000 pairs: all, bf16", OURS, 50.0, 40.0, 100.0, 1.0, 0.5),
        Row("training", "1000 pairs: all, bf16", "their trainer", 125.0, 100.0, 250.0, 2.5, 0.2),
    ]
    training.measure(True, 1, RATES)
    assert asked[0] == {"rounds": 3, "bf16": True} and asked[1] == {"pairs": 64, "rounds": 1, "bf16": True}
    emulated = training.measure(False, 3, RATES | {"bfloat16": RATES["float32"] / 10})
    assert asked[2] == {"rounds": 3, "bf16": False}
    assert emulated[0].note == "not measured: this machine emulates bfloat16, and nobody would train so"

    def nothing(**_: object) -> None:
        raise BenchError("there is no trainer", "install one")

    own.measure = nothing  # type: ignore[attr-defined]
    assert training.measure(True, 1, RATES)[0].note == "not measured: there is no trainer; install one"


def test_bfloat16_is_left_out_where_it_is_emulated(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.encoders.load import load_encoder
    from benchmarks import training

    emulated = RATES | {"bfloat16": RATES["float32"] / 10}
    assert [race.has_bfloat16(one) for one in (RATES, emulated)] == [True, False]
    named = [row.who for row in encoding.measure(material, "cpu", 1, emulated)]
    assert "sentence-transformers, float32" in named and "sentence-transformers, bfloat16" not in named
    trained = []
    rows = pd.DataFrame({"text": ["ein"], "english": ["one"]})
    made = training.Task(load_encoder(material.model), rows, ["one"], None)  # type: ignore[arg-type]
    monkeypatch.setattr(training.Task, "make", lambda *_: made)
    for side in ("ours", "theirs"):
        monkeypatch.setattr(training, side, lambda *given: trained.append([one for one in given if isinstance(one, str)]) or 1.0)
    names = [row["what"] for row in training.measure(1, 1, bf16=False)]
    assert len(names) == 2 + len(training.TRANSPORT) and not any("bf16" in name for name in names[:2])
    assert ["multilingual_kd", "bf16"] not in trained and ["bf16"] not in trained
    assert ["bf16" in row["what"] for row in training.measure(1, 1)[:3]] == [True, False, True]
    assert ["multilingual_kd", "bf16"] in trained and ["bf16"] in trained


def environment(folder: Path, rank: str) -> Path:
    """A stand-in for PyLate's environment."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pylate").mkdir()
    (folder / "pylate" / "__init__.py").write_text("")
    (folder / "pylate" / "rank.py").write_text(rank)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def test_pylate_works_in_a_process_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    place = environment(tmp_path / "env", f"""
def rerank(ids, queries, documents, device):
    assert [len(q) for q in queries] == [1, 3] and [len(d) for d in documents[0]] == [2, 2, 4] and device == "cpu"
    assert float(queries[1][2, 0]) == 3 and len(ids) == len(documents) == 2 and len(ids[0]) == 3
    print("a line of a library")
    with open({str(log)!r}, "a") as file:
        file.write("x")
""")  # fmt: skip
    queries = Ragged(np.repeat(np.arange(4, dtype=np.float32)[:, None], 2, axis=1), np.array([0, 1, 4]))
    documents = Ragged(np.ones((8, 2), np.float32), np.array([0, 2, 4, 8]))
    started = Pylate.start(place, queries, documents, "cpu")
    assert isinstance(started, Pylate)
    with started:
        assert [started.run() > 0 for _ in range(2)] == [True, True]
    assert log.read_text() == "xx" and started.process.returncode is not None


def test_an_environment_that_does_not_work_is_said(tmp_path: Path) -> None:
    one = Ragged(np.ones((1, 2), np.float32), np.array([0, 1]))
    assert Pylate.start(tmp_path / "none", one, one, "cpu") == "there is no none (make check-export makes it)"
    broken = environment(tmp_path / "broken", "raise ImportError")
    assert Pylate.start(broken, one, one, "cpu") == "PyLate did not start in broken"


def test_sentences_are_joined_to_passages() -> None:
    found = join(["a" * 200] * 7)
    assert [len(one) for one in found] == [602, 602] and min(map(len, found)) >= PASSAGE


def test_tables_say_what_was_measured_and_what_not() -> None:
    work = ("late interaction", "3 queries")
    rows = [Row(*work, OURS, 0.5, 0.4, 0.75, 1.0, 1.25), Row(*work, "other", 2.0, 2.0, 3.0, 4.0),
            missing(*work, "third", "no such thing"), Row("scoring", "w", "x", 1.0, 1.0, 1.0, 1.0),
            missing("scoring", "nothing", OURS, "why")]  # fmt: skip
    text = markdown(rows, RATES, "cpu", 7)
    assert "| this project | 0.5 | 0.4 to 0.75 | 1.00 | 125% |" in text and "| other | 2 | 2 to 3 | 4.00 |  |" in text
    assert "\nthird: not measured: no such thing.\n" in text and text.count("\n## ") == 2 and "Medians of 7 runs" in text
    assert "\nNothing.\n\nthis project: not measured: why.\n" in text  # and no head of a table without rows


def test_the_command_writes_both_tables(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "from_profile", lambda *_: material)
    monkeypatch.setattr(command.torch, "set_num_threads", lambda threads: None)
    app = command.typer.Typer()
    app.command()(command.main)
    arguments = ["--quick", "--part", "scoring", "--part", "dense", "--out", str(tmp_path), "--threads", "1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "speed.csv")
    assert set(table["part"]) == {"dense search", "scoring"} and (table["seconds"].dropna() > 0).all()
    assert "## Dense search" in (tmp_path / "speed.md").read_text()
    wrong = CliRunner().invoke(app, ["--part", "maxsim"])
    assert wrong.exit_code == 2 and "late" in wrong.output
