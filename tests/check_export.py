"""An export of a real student against the scores of its own cell; `make check-export`.

Three steps, since PyLate needs an environment of its own:

    python tests/check_export.py DIR                 trains a small student, exports it and the teacher, writes down
                                                     real queries and documents with the scores that the cell stored,
                                                     and checks sentence-transformers
    pylate/bin/python tests/check_pylate.py DIR      checks PyLate; imports nothing of this project

A score may differ by 1e-4. The bench keeps documents in float16, which alone makes half of that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from bench.cells.shared.context import context_of
from bench.experiment.spec import CellSpec
from bench.output.export.cell import export, find
from bench.retrieval.ranking import Order
from bench.retrieval.scoring import score
from tests.smoke import bench

METHOD, TASK, LANGUAGES = "contrastive", "faq", ("swh_Latn", "cym_Latn", "deu_Latn")
TOLERANCE = 1e-4


def cell_scores(cell: Path, spec: CellSpec) -> dict[str, object]:
    """Texts of the task, and (queries, documents) scores as the run files have them; NaN below the depth of a run."""
    task = context_of(spec).suite.task(TASK)
    documents, texts, ids = task.documents, [], []
    columns = {name: i for i, name in enumerate(documents["doc_id"])}
    found: dict[str, list[np.ndarray]] = {"dense": [], "late": []}
    for language in LANGUAGES:
        queries = task.queries("test", language, spec.evaluation.queries_per_language[TASK])
        texts += queries["text"].tolist()
        ids += [f"{language} {name}" for name in queries["query_id"]]
        rows = {name: i for i, name in enumerate(queries["query_id"])}
        for scorer, parts in found.items():
            names = ["query", "q0", "document", "rank", "score", "tag"]
            file = cell / "runs" / f"{TASK}.{scorer}.{language}.trec.gz"
            run = pd.read_csv(file, sep=" ", names=names, dtype=dict.fromkeys(names[:3], str))
            scores = np.full((len(queries), len(documents)), np.nan)
            scores[run["query"].map(rows), run["document"].map(columns)] = run["score"]
            parts.append(scores)
    stored = {scorer: np.concatenate(parts) for scorer, parts in found.items()}
    known = {"documents": documents["text"].tolist(), "doc_ids": documents["doc_id"].tolist()}
    return {"ids": ids, "queries": texts, **known, **stored}


def ndcg(scores: np.ndarray, known: dict, spec: CellSpec) -> dict[str, float]:
    """Mean nDCG@10 of each language with these scores."""
    task = context_of(spec).suite.task(TASK)
    ids = known["ids"]
    everything = {f"{code} {q}": grades for code in LANGUAGES for q, grades in task.qrels("test", code).items()}
    judged = {name: everything[name] for name in ids}
    frame = score(Order(known["doc_ids"]).top(scores.astype(np.float32), 100, ids), ids, judged)
    return frame.groupby(frame["query_id"].str.partition(" ")[0])["ndcg@10"].mean().to_dict()


def check(name: str, found: np.ndarray, known: np.ndarray) -> None:
    """Print the largest difference; end with an error when it is too large."""
    worst = np.nanmax(np.abs(found - known))
    print(f"{name}: {np.isfinite(known).sum():,} scores, largest difference {worst:.1e}")
    if not worst < TOLERANCE:
        raise SystemExit(f"{name} does not give the scores of the bench")


def main(folder: Path) -> None:
    """Train, export, write down, check sentence-transformers."""
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer

    results = folder / "results"
    asked = ["--profile", "smoke", "--methods", f"{METHOD},untrained,english", "--set", "hardware.precision=float32"]
    bench("run", *asked, "--keep-students", "--results", str(results))
    cell = find(results / "smoke", f"{METHOD}@3#0")
    for name, one in (("student", cell.spec.id), ("teacher", "english@0#0")):
        if not (folder / name).exists():
            export(results / "smoke", one, folder / name)
    known = cell_scores(cell.folder, cell.spec)
    queries, documents = known["queries"], known["documents"]
    student, teacher = (SentenceTransformer(str(folder / name / "dense")) for name in ("student", "teacher"))
    dense = student.encode_query(queries) @ teacher.encode_document(documents).T
    check("sentence-transformers, dense", dense, known["dense"])
    student, teacher = (MultiVectorEncoder(str(folder / name / "late")) for name in ("student", "teacher"))
    vectors = student.encode_query(queries)
    counted = np.array([int((one.norm(dim=-1) > 0).sum()) for one in vectors])[:, None]
    late = student.similarity(vectors, teacher.encode_document(documents)).cpu().numpy() / counted
    check("sentence-transformers, late", late, known["late"])
    stored = pd.read_csv(cell.folder / "metrics.csv").set_index(["task", "scorer", "language"])["ndcg@10"]
    for scorer, scores in (("dense", dense), ("late", late)):
        for language, value in ndcg(scores, known, cell.spec).items():
            print(f"nDCG@10 {scorer} {language}: cell {stored[TASK, scorer, language]:.4f}, export {value:.4f}")
            if abs(value - stored[TASK, scorer, language]) > TOLERANCE:
                raise SystemExit("the export ranks otherwise than the cell")
    np.save(folder / "late.npy", known["late"])
    told = {"queries": queries, "documents": documents, "tokens": counted[:, 0].tolist()}
    (folder / "texts.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
