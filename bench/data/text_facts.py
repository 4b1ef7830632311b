"""How a tokenizer sees each language: tokens per word, tokens per English token, unknown tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.base.paths import atomic_write
from bench.data.stored.bitext import sampled

if TYPE_CHECKING:
    from bench.data.suite.types import Suite

FILE = "texts.csv"  # in an experiment's folder
FACTS = ("fertility", "token_premium", "unknown_rate")
QUERIES = 200  # a task and language
PAIRS = 300  # a language


def measure(suite: Suite, tokenizer: Any, tasks: Sequence[str], split: str) -> list[dict[str, Any]]:
    """One row a language: `language` and FACTS, NaN where there is nothing to count.

    - `fertility`: tokens per word of the queries, words being what white space separates. Languages that
      write no spaces (Khmer, Thai, Chinese) get a number without meaning.
    - `token_premium`: tokens of bitext per token of its English side, sums over a fixed sample (Petrov et al.,
      NeurIPS 2023); needs no words, so it can be compared across scripts.
    - `unknown_rate`: share of unknown tokens among those of the queries.
    """
    asked = [suite.task(name) for name in tasks if name in suite.tasks]
    codes = sorted({*suite.bitext["language"].counts(), *(code for task in asked for code in task.languages(split))})
    rows = []
    by_language = suite.bitext.groups("language", np.arange(len(suite.bitext)))
    for code in codes:
        having = [task for task in asked if code in task.languages(split)]
        queries = [text for task in having for text in task.queries(split, code, QUERIES)["text"]]
        ids = _ids(tokenizer, queries)
        tokens, words = sum(map(len, ids)), sum(len(text.split()) for text in queries)
        unknown = sum(one.count(tokenizer.unk_token_id) for one in ids) if tokenizer.unk_token_id is not None else 0
        premium = float("nan")
        if code in by_language:
            pairs = sampled(by_language[code], PAIRS)
            own, english = (sum(map(len, _ids(tokenizer, suite.bitext[side].take(pairs)))) for side in ("text", "english"))
            premium = own / english if english else float("nan")
        rows.append({
            "language": code, "fertility": tokens / words if words else float("nan"), "token_premium": premium,
            "unknown_rate": unknown / tokens if tokens else float("nan"),
        })  # fmt: skip
    return rows


def _ids(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False, truncation=False)["input_ids"] if texts else []


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The text of `FILE`."""
    table = pd.DataFrame(list(rows), columns=["language", *FACTS]).astype(dict.fromkeys(FACTS, float))
    return table.to_csv(index=False, float_format="%.4f", lineterminator="\n")


def add(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows into an experiment's `FILE`; languages of earlier runs that are not among them stay."""
    there = {language: {"language": language, **facts} for language, facts in read(folder).items()}
    atomic_write(folder / FILE, as_csv(list((there | {row["language"]: dict(row) for row in rows}).values())))


def read(folder: Path) -> dict[str, dict[str, float]]:
    """Language -> FACTS from an experiment's folder; empty where there is no such file or it cannot be read."""
    try:
        table = pd.read_csv(folder / FILE, keep_default_na=False, na_values=[""])
        return {
            row["language"]: {fact: float(row[fact]) for fact in FACTS if not np.isnan(float(row[fact]))}
            for row in table.to_dict("records")
        }
    except (OSError, ValueError, KeyError):
        return {}
