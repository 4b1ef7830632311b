"""A small experiment with all that the page shows, its texts in a cache of its own, and names that try to break out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd

from bench.data.suite.types import FORMAT, TABLES, table
from bench.experiment.record import RUNS, add_run
from tests.made_up import GUARD, LOW, QUESTIONS, TASKS, cell, failure, plan

EVIL = "</script><script>window.broken=1</script><img src=http://evil.invalid/x.png onerror=window.broken=1>"
KEY = "suite-of-the-test"
METHODS = ("optical", "contrastive", "nmt")
LEVEL = {"untrained": 0.2, "english": 0.9, "optical": 0.5, "contrastive": 0.4, "nmt": 0.1}


def score(cell_id: str, task: str, scorer: str, language: str) -> list[float]:
    """`optical` answers even questions, `contrastive` odd ones as well, but worse; all differ by scorer and language."""
    method = cell_id.partition("@")[0]
    level = LEVEL[method] + 0.01 * (scorer == "late") + 0.02 * (list(TASKS["symbols"]).index(language))
    flip = {"optical": 0, "contrastive": 1}.get(method)
    return [round(min(1.0, level + (0.3 if flip is not None and n % 2 == flip else 0.0)), 6) for n in range(QUESTIONS)]


def experiment(folder: Path, extra: tuple[str, ...] = (), **profile: Any) -> Path:
    """Sizes 2 and 3, one failed cell, a warning, training curves, run files of the FAQ and a translator's texts."""
    ids = ["untrained@0#0", "english@0#0", *(f"{method}@{size}#0" for size in (2, 3) for method in (*METHODS, *extra))]
    plan(folder, ids, **{"summary": f"made-up numbers {EVIL}", "evaluation": {"split": "test"}} | profile)
    for name in ids:
        if name == "nmt@3#0":
            failure(folder, name, f"ValueError: {EVIL}")
            continue
        trained = not name.partition("@")[2].startswith("0")
        more: dict[str, Any] = {"pairs_by_language": {"swh_Latn": 30, "amh_Ethi": 20}} if trained else {}
        if name.startswith("optical"):
            more |= {"collapse": {
                "mean_cosine": 0.5, "effective_rank": 20.0, "start_cosine": 0.2, "start_rank": 50.0, "english_score": 0.5,
                "english_ceiling": 0.9, "warning": f"rank fell {EVIL}" if "@3" in name else "",
            } | ({"english_start": 0.6} if "@2" in name else {})}  # fmt: skip
        place = cell(folder, name, score_of_extra if name.partition("@")[0] in extra else score, pairs_per_second=9.5,
                     peak_memory_mb=2048, finished="2026-02-03T04:05:06Z", **more)  # fmt: skip
        (place / "spec.json").write_text(json.dumps({"id": name, "data_key": KEY}))
        _runs(place, name)
        if trained:
            rows = [f"{step},{1 / step},{'' if step % 4 else 0.3}" for step in range(1, 9)]
            (place / "train.csv").write_text("step,loss,dev_loss\n" + "\n".join(rows) + "\n")
        if name.startswith("nmt"):
            texts = [f"swh_Latn,{text_of('swh_Latn', n)},translated {n} <b>" for n in range(QUESTIONS)]
            (place / "translations.csv").write_text("language,text,translation\n" + "\n".join(texts) + "\n")
    add_run(folder / RUNS, "2026-01-01T00:00:00Z", 12.3, 2, {"seconds": {"suite": 3.0}, "suites": [_counts()]}, {"run": 7})
    return folder


def score_of_extra(cell_id: str, task: str, scorer: str, language: str) -> list[float]:
    """Numbers for methods that only have to be many."""
    level = 0.1 + sum(map(ord, cell_id)) % 50 / 100
    return [round(level + 0.02 * n, 6) for n in range(QUESTIONS)]


def text_of(language: str, number: int) -> str:
    return f"{language} asks {number} <i>{EVIL if number == 1 else ''}</i>".replace(",", "")


def cache(folder: Path) -> Path:
    """The suite of the experiment, where `XLSD_CACHE` would have it."""
    documents, queries, qrels = [], [], []
    for task, languages in TASKS.items():
        documents += [(task, f"d{n}", f"document {n} of {task} {EVIL if n == 0 else ''}") for n in range(QUESTIONS + 2)]
        for language in ("eng_Latn", *languages):
            own = "" if task == "faq" else ("english " if language == "eng_Latn" else f"{language} ")
            for n in range(QUESTIONS):
                queries.append((task, "test", language, f"{own}q{n}", text_of(language, n)))
                qrels.append((task, "test", language, f"{own}q{n}", f"d{n}", 1))
    bitext = table([("p0", "swh_Latn", "scratch", "train", "cat", "paka")], TABLES["bitext"])
    parts = (("documents", documents), ("queries", queries), ("qrels", qrels))
    frames: dict[str, pd.DataFrame] = {name: table(rows, TABLES[name]) for name, rows in parts} | {"bitext": bitext}
    place = folder / "suite" / KEY
    place.mkdir(parents=True)
    for name, frame in frames.items():
        frame.to_parquet(place / f"{name}.parquet", index=False)
    (place / "suite.json").write_text(json.dumps({"format": FORMAT, "hash": "x", "parallel": {"faq": True, "symbols": False}}))
    return folder


def _runs(place: Path, name: str) -> None:
    """Lists of five documents for the FAQ; the right one comes first where the method is ahead."""
    (place / "runs").mkdir()
    for scorer in ("dense", "late"):
        for language in TASKS["faq"]:
            lines = []
            for n, found in enumerate(score(name, "faq", scorer, language) if name.partition("@")[0] in LEVEL else []):
                first = n if found > LEVEL[name.partition("@")[0]] + 0.25 else n + 1
                order = [first, *(k for k in range(QUESTIONS + 2) if k != first)][:5]
                lines += [f"q{n} Q0 d{k} {rank + 1} {9 - rank} {name}" for rank, k in enumerate(order)]
            with gzip.open(place / "runs" / f"faq.{scorer}.{language}.trec.gz", "wt", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")


def _counts() -> dict[str, Any]:
    return {"counts": {"pairs": {code: {"scratch": {"train": 100 * (n + 1)}} for n, code in enumerate((*LOW, *GUARD))}}}
