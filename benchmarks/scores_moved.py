"""How far scores moved between two versions of the code, beside how far they move between seeds.

    python -m benchmarks.scores_moved BEFORE AFTER

Both are experiments that `bench run` left (results/<experiment>), with the same cells and questions; cells of one are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from bench.analysis.results import NAMES
from bench.base.errors import BenchError
from bench.base.markdown import number

MEASURE = "ndcg@10"
GROUPS = ("trained", "held-out", "guard")
ASKED = ["task", "scorer", "language"]


def cells(folder: Path) -> dict[tuple[str, int, str, int], pd.DataFrame]:
    """Method, size, order and seed -> metrics.csv of a finished trained cell, with the `group` of each language."""
    found = {}
    for file in sorted(folder.glob("cells/[!.]*/spec.json")):
        spec, metrics = json.loads(file.read_text(encoding="utf-8")), file.parent / "metrics.csv"
        if spec["trained"] and metrics.is_file():
            group = dict.fromkeys(spec["order_languages"], "held-out") | dict.fromkeys(spec["languages"], "trained")
            group |= dict.fromkeys(spec["guard"], "guard")
            # A task may be called what looks like a number, or like none.
            table = pd.read_csv(metrics, keep_default_na=False, dtype=NAMES)
            found[spec["method"], spec["size"], spec["order"], spec["seed"]] = table.assign(group=table["language"].map(group))
    return found


def means(table: pd.DataFrame) -> pd.Series:
    """Mean of MEASURE over languages, then over tasks, by scorer and group."""
    return table.groupby(["scorer", "group", "task"])[MEASURE].mean().groupby(["scorer", "group"]).mean()


def moved(before: Path, after: Path) -> pd.DataFrame:
    """One row for each method, size, order, scorer and group.

    All languages of a group count, however few questions they have. Columns: `seeds`; means `before` and `after` over seeds;
    `moved`, their difference; `largest`, that of a single seed by size; `seed_range`, from the lowest to the highest seed of
    `before`.

    Raises:
        BenchError: no cell in both; they did not ask as many questions of each language.
    """
    old, new = cells(before), cells(after)
    if not (common := sorted(old.keys() & new.keys())):
        raise BenchError(f"{before} and {after} have no trained cell in common", "run the same methods, sizes and seeds in both")
    pairs: dict[tuple[str, int, str], list[tuple[pd.Series, pd.Series]]] = defaultdict(list)
    for one in common:
        asked = [at[one][[*ASKED, "queries"]].sort_values(ASKED, ignore_index=True) for at in (old, new)]
        if not asked[0].equals(asked[1]):
            raise BenchError(f"{one[0]}@{one[1]}#{one[3]} did not answer as many questions in both", "run both on the same data")
        pairs[one[:3]].append((means(old[one]), means(new[one])))
    rows = []
    for (method, size, order), of_seeds in pairs.items():
        first, second = (pd.DataFrame([pair[at] for pair in of_seeds]) for at in (0, 1))
        for scorer, group in sorted(first.columns, key=lambda at: (at[0], GROUPS.index(at[1]))):
            a, b = first[scorer, group].to_numpy(), second[scorer, group].to_numpy()
            rows.append({
                "method": method, "size": size, "order": order, "scorer": scorer, "group": group, "seeds": len(a),
                "before": a.mean(), "after": b.mean(), "moved": b.mean() - a.mean(), "largest": abs(b - a).max(),
                "seed_range": a.max() - a.min(),
            })  # fmt: skip
    return pd.DataFrame(rows)


def text(table: pd.DataFrame) -> str:
    """The rows as Markdown."""
    lines = [
        f"| method | N | order | scorer | languages | {MEASURE}, before | after | moved | a seed, at most | "
        "lowest to highest seed |",
        "| --- | ---: | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in table.itertuples():
        name = f"`{row.method}`"
        values = [number(row.before), number(row.after), number(row.moved, "{:+.4f}"), number(row.largest, "{:.4f}")]
        values.append(number(row.seed_range, "{:.4f}"))
        lines.append(f"| {name} | {row.size} | {row.order} | {row.scorer} | {row.group} | {' | '.join(values)} |")
    return "\n".join(lines)


def main(
    before: Annotated[Path, typer.Argument(help="Results of the code before.")],
    after: Annotated[Path, typer.Argument(help="Results of the code after.")],
) -> None:
    """Print the table."""
    typer.echo(text(moved(before, after)))


if __name__ == "__main__":
    typer.run(main)
