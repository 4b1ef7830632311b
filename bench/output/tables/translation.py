"""How well the arms that translate do translate, by language: translation.csv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.analysis.results import Experiment

FILE = "translation.csv"
MEASURES = ("chrf", "bleu", "copied_english", "kept")
COLUMNS = ("order", "method", "size", "seed", "language", "name", "pairs", *MEASURES)


def table(experiment: Experiment, facts: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row a finished cell and language, of dev pairs; columns COLUMNS. Empty where nothing translates.

    `chrf`, `bleu`: of sacrebleu, 0 to 100. `copied_english`: share of the words of the English sides that come back when they are
    given to be translated. `kept`: share of the words of its translations that stand in the text as they are.
    Cells of earlier versions measured no languages.

    Args:
        facts: by language, with its `name`.
    """
    rows = []
    for cell in experiment.cells:
        said = cell.manifest.get("translation")
        languages = said.get("languages") if cell.done and isinstance(said, Mapping) else None
        for language, measured in (languages or {}).items():
            name = facts.get(language, {}).get("name", "")
            point = {"order": cell.name.order, "method": cell.name.method, "size": cell.name.size, "seed": cell.name.seed}
            values = {key: measured.get(key) for key in ("pairs", *MEASURES)}
            rows.append(point | {"language": language, "name": name} | values)
    return pd.DataFrame(rows, columns=list(COLUMNS))
