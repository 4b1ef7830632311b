"""Results as MTEB writes them: one JSON a model and task, in a zip that its tools read once it is unpacked."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from bench.analysis.results import RANKED_BY, Cell, Experiment
from bench.data.english import ENGLISH
from bench.experiment.store import folder_name

FILE = "mteb.zip"
MEASURES = {"ndcg@10": "ndcg_at_10", "mrr@10": "mrr_at_10", "recall@100": "recall_at_100", "success@1": "success_at_1"}
ORGANISATION = "xlsd-bench"
# What MTEB wants to be said of a model, and is not known here or not the same for all of its cells.
UNSAID = (
    "loader", "release_date", "languages", "n_parameters", "memory_usage_mb", "max_tokens", "embed_dim", "license",
    "open_weights", "public_training_code", "public_training_data", "similarity_fn_name", "use_instructions", "training_datasets",
)  # fmt: skip


def members(experiment: Experiment, keys: Mapping[str, str]) -> dict[str, str]:
    """Path -> JSON text, in MTEB's layout `MODEL/REVISION/TASK.json` with `model_meta.json` beside.

    A model is a cell with one of its scorers (`xlsd-bench/optical@20#0.dense`), its revision the key of the cell; a task is
    called `xlsd-symbols`, so that nobody takes it for one of MTEB's own. Each language is a subset. Scores are rounded to six
    decimals, as MTEB rounds its own.

    Args:
        keys: cell id -> key of its suite, which stands as the revision of the data.
    """
    split = str((experiment.plan.profile.get("evaluation") or {}).get("split") or "test")
    found: dict[str, str] = {}
    for cell in experiment.cells:
        if cell.done:
            found.update(_cell(cell, split, keys.get(cell.name.id, "")))
    return found


def packed(texts: Mapping[str, str]) -> bytes:
    """A zip file; the same texts give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in sorted(texts.items()):
            entry = zipfile.ZipInfo(name)  # of 1980, as without a date
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, text)
    return out.getvalue()


def _cell(cell: Cell, split: str, suite: str) -> Iterator[tuple[str, str]]:
    assert cell.metrics is not None  # a done cell has them
    key = str(cell.manifest.get("key"))
    for scorer, rows in cell.metrics.groupby("scorer", sort=True):
        name = f"{ORGANISATION}/{cell.name.id}.{scorer}"
        folder = f"{ORGANISATION}__{folder_name(cell.name.id)}.{scorer}/{key.replace('/', '_')}"
        meta: dict[str, object] = {"name": name, "revision": key, "framework": [], **dict.fromkeys(UNSAID)}
        yield f"{folder}/model_meta.json", _json(meta)
        for task, own in rows.groupby("task", sort=True):
            scores = [_scores(row) for row in own.sort_values("language").to_dict("records")]
            result = {"dataset_revision": suite, "task_name": f"xlsd-{task}", "mteb_version": None, "scores": {split: scores},
                      "evaluation_time": None, "kg_co2_emissions": None}  # fmt: skip
            yield f"{folder}/xlsd-{str(task).replace('/', '_')}.json", _json(result)


def _scores(row: Mapping[str, object]) -> dict[str, object]:
    language = str(row["language"])
    values = {other: round(float(str(row[own])), 6) for own, other in MEASURES.items()}
    return {**values, "main_score": values[MEASURES[RANKED_BY]], "hf_subset": language,
            "languages": [language.replace("_", "-"), ENGLISH.replace("_", "-")]}  # fmt: skip


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
