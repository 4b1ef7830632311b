"""An experiment of the shape of `full` with made-up scores: all files that its tables are made from, in seconds."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from bench.analysis.results import MEASURES
from bench.base.manifest import hardware, now
from bench.data.languages import ENGLISH, Languages
from bench.data.settings import SOURCES
from bench.experiment.plan import Plan, make_plan
from bench.experiment.spec import CellSpec
from methods.facts import facts

QUESTIONS = {"symbols": 40, "faq": 34, "passages": 24}  # of a language, as in results/reference/full
PARALLEL = ("faq", "passages")  # an id is the same question in every language
FURTHER = (3, 4, 5, 6)  # seeds of the cells beyond those of the profile


def make_experiment(folder: Path, cells: int) -> Path:
    """Write an experiment with this number of finished cells under `folder`; the same numbers every time.

    Cells are those of the profile `full` and, where these are fewer, some of further seeds: 312 at most.

    Returns:
        The experiment's own folder.
    """
    plan = make_plan("full", folder, changes=[f"grid.seeds={[0, 1, 2, *FURTHER]}"])
    own = [spec for spec in plan.specs if spec.seed not in FURTHER]
    chosen = (own + [spec for seed in FURTHER for spec in plan.specs if spec.seed == seed])[:cells]
    made = Plan(plan.declared, plan.profile, plan.languages, tuple(chosen), plan.store)
    plan.store.root.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_load(made.description())
    names = [spec.id for spec in plan.specs if spec in chosen]
    content["resolved"] |= {"cells": names, "keys": {spec.id: spec.key for spec in plan.specs if spec in chosen}}
    (plan.store.root / "profile.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    for spec in chosen:
        _write(made, spec)
    return plan.store.root


def _write(plan: Plan, spec: CellSpec) -> None:
    questions = _questions(spec, plan.languages)
    groups = questions.groupby(["task", "scorer", "language"], sort=True)
    metrics = groups.mean(numeric_only=True)
    metrics.insert(0, "queries", groups.size())
    manifest = {
        "status": "done", "method": spec.method, "pairs_asked": spec.pairs, "finished": now(), "hardware": hardware(),
        "seconds": {"train": 200.0, "evaluate": 100.0, "total": 300.0}, "pairs_per_second": 15.0 if spec.trained else None,
        "pairs_by_language": dict.fromkeys(spec.languages, 3000 // max(1, spec.size)),
    }  # fmt: skip
    with plan.store.writing(spec) as beside:
        questions.to_parquet(beside / "per_query.parquet", index=False)
        metrics.reset_index().to_csv(beside / "metrics.csv", index=False, float_format="%.6f")
        plan.store.finish(spec, beside, manifest)


def _questions(spec: CellSpec, languages: Languages) -> pd.DataFrame:
    """Scores per query: half of it is how hard the question is, the rest the cell's own."""
    known = facts(spec.method)
    source = {task: name for name, task in SOURCES.items()}
    random = np.random.default_rng([zlib.crc32(spec.id.encode())])
    skill = 0.9 if known.asks_english else 0.3 + 0.2 * random.random()
    columns: dict[str, list[str]] = {"task": [], "scorer": [], "language": [], "query_id": []}
    values = []
    for task, count in QUESTIONS.items():
        for code in (*spec.order_languages, *spec.guard):
            if source[task] not in languages.get(code).sources:
                continue
            own = "" if task in PARALLEL else f"{ENGLISH.code if known.asks_english else code} "
            hard = np.random.default_rng([zlib.crc32(f"{task} {own}".encode())]).random(count)
            for scorer in known.scorers:
                score = np.where(random.random(count) < 0.3, 0.0, np.clip(skill + 0.5 * (random.random(count) - hard), 0, 1))
                values.append(np.stack([score, np.minimum(1, score * 1.1), np.minimum(1, score * 1.5), score > 0.5], axis=1))
                for name, value in (("task", task), ("scorer", scorer), ("language", code)):
                    columns[name] += [value] * count
                columns["query_id"] += [f"{own}{number:04}" for number in range(count)]
    scores = np.concatenate(values)
    return pd.DataFrame(columns | {name: scores[:, n] for n, name in enumerate(MEASURES)})
