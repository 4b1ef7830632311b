import gzip
from pathlib import Path

import pandas as pd
import pytrec_eval

from bench.analysis.results import load
from bench.base.jsonfile import read_json
from bench.experiment.packed import QUESTIONS
from bench.output.publish import trec
from tests.output.publish.conftest import Made

TREC = {"ndcg@10": "ndcg_cut_10", "recall@100": "recall_100", "success@1": "success_1"}


def test_trec_eval_gives_the_scores_of_the_folder_from_its_rankings_and_judgements(made: Made) -> None:
    questions = pd.read_parquet(made.published / QUESTIONS)
    key = next(iter(read_json(made.published / "manifest.json")["suites"].values()))
    compared = 0
    for path in sorted((made.published / trec.RUNS).rglob("*.trec.gz")):
        task, scorer, language = path.name.removesuffix(".trec.gz").split(".")
        folder = key if path.parent.name != "english@0#0" else f"{key}.english"
        with gzip.open(made.published / trec.QRELS / folder / f"{task}.{language}.qrels.gz", "rt") as lines:
            qrels = pytrec_eval.parse_qrel(lines)
        with gzip.open(path, "rt") as lines:
            run = pytrec_eval.parse_run(lines)
        found = pytrec_eval.RelevanceEvaluator(qrels, set(TREC.values())).evaluate(run)
        place = pd.Series({"cell": path.parent.name, "task": task, "scorer": scorer, "language": language})
        own = questions[(questions[list(place.index)] == place).all(axis=1)].set_index("query_id")
        assert set(qrels) == set(own.index)
        for query, values in found.items():
            for measure, name in TREC.items():
                assert abs(values[name] - own.loc[query, measure]) < 1e-9, (path.name, query, measure)
                compared += 1
        assert (own.loc[[query for query in own.index if query not in found], list(TREC)] == 0).all(axis=None)
    assert compared > 300


def test_english_questions_have_judgements_of_their_own(made: Made) -> None:
    """Symbols are not parallel: the English questions stand for those of every language."""
    names = sorted(path.relative_to(made.published).as_posix() for path in (made.published / trec.QRELS).rglob("*.gz"))
    own, english = ([name for name in names if (".english/" in name) is asked] for asked in (False, True))
    assert len(own) == len(english) == 5 and {name.replace(".english", "") for name in english} == set(own)
    texts = [gzip.decompress((made.published / name).read_bytes()).decode() for name in english if "symbols.hau" in name]
    assert len(texts) == 1 and all(line.startswith("eng_Latn-test-") and line.split()[1] == "0" for line in texts[0].splitlines())


def test_a_suite_that_is_not_here_gives_no_judgements(made: Made) -> None:
    experiment = load(made.folder)
    keys = {cell.name.id: "0" * 16 for cell in experiment.cells}
    assert trec.qrels_files(experiment, keys) == {} and trec.qrels_files(experiment, {}) == {}


def test_equal_bytes_for_equal_judgements(made: Made) -> None:
    experiment, keys = load(made.folder), read_json(made.published / "manifest.json")["suites"]
    files = trec.qrels_files(experiment, keys)
    assert files == {name: (made.published / name).read_bytes() for name in files} and len(files) == 10


def test_a_run_is_ordered_by_its_scores(tmp_path: Path) -> None:
    run = tmp_path / "run.gz"
    run.write_bytes(gzip.compress(b"q1 Q0 a 1 0.5 t\nq1 Q0 b 2 0.9 t\nq2 Q0 b 1 0.1 t\n"))
    found = trec.scored(run, {"q1": {"b": 1}, "q2": {"a": 1}, "q3": {"a": 2}})
    assert found["query_id"].tolist() == ["q1", "q2", "q3"] and found["success@1"].tolist() == [1.0, 0.0, 0.0]
