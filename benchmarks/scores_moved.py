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

from bench.base.errors import BenchError
from bench.base.markdown import number

MEASURE = "ndcg@10"
GROUPS = ("trained", "held-out", "guard")
ASKED = ["task", "scorer", "language"]


def cells(folder: Path) -> dict[tuple[str, int, int], Path]:
    """Method, size and seed -> folder of a finished trained cell."""
    found = {}
    for file in sorted(folder.glob("cells/[!.]*/spec.json")):
        spec = json.loads(file.read_text(encoding="utf-8"))
        if spec["trained"] and (file.parent / "metrics.csv").is_file():
            found[spec["method"], spec["size"], spec["seed"]] = file.parent
    return found


def groups(cell: Path) -> dict[str, str]:
    """Language -> trained, held-out or guard."""
    spec = json.loads((cell / "spec.json").read_text(encoding="utf-8"))
    group = dict.fromkeys(spec["order_languages"], "held-out") | dict.fromkeys(spec["languages"], "trained")
    return group | dict.fromkeys(spec["guard"], "guard")


def means(cell: Path) -> pd.Series:
    """Mean of MEASURE over languages, then over tasks, by scorer and group."""
    table = pd.read_csv(cell / "metrics.csv", dtype={"task": str})
    table["group"] = table["language"].map(groups(cell))
    return table.groupby(["scorer", "group", "task"])[MEASURE].mean().groupby(["scorer", "group"]).mean()


def moved(before: Path, after: Path) -> pd.DataFrame:
    """One row for each method, size, scorer and group.

    Columns: `seeds`; means `before` and `after` over seeds; `moved`, their difference; `largest`, that of a single seed by
    size; `seed_range`, from the lowest to the highest seed of `before`; `seed_sd` of these.

    Raises:
        BenchError: no cell in both; they did not ask the same questions.
    """
    old, new = cells(before), cells(after)
    if not (common := sorted(old.keys() & new.keys())):
        raise BenchError(f"{before} and {after} have no trained cell in common", "run the same methods, sizes and seeds in both")
    pairs: dict[tuple[str, int], list[tuple[pd.Series, pd.Series]]] = defaultdict(list)
    for one in common:
        asked = [pd.read_csv(at[one] / "metrics.csv", dtype={"task": str})[[*ASKED, "queries"]] for at in (old, new)]
        if not asked[0].sort_values(ASKED).reset_index(drop=True).equals(asked[1].sort_values(ASKED).reset_index(drop=True)):
            raise BenchError(f"{one[0]}@{one[1]}#{one[2]} did not answer the same questions in both", "run both on the same data")
        pairs[one[:2]].append((means(old[one]), means(new[one])))
    rows = []
    for (method, size), of_seeds in pairs.items():
        first, second = (pd.DataFrame([pair[at] for pair in of_seeds]) for at in (0, 1))
        for scorer, group in sorted(first.columns, key=lambda at: (at[0], GROUPS.index(at[1]))):
            a, b = first[scorer, group].to_numpy(), second[scorer, group].to_numpy()
            rows.append({
                "method": method, "size": size, "scorer": scorer, "group": group, "seeds": len(a), "before": a.mean(),
                "after": b.mean(), "moved": b.mean() - a.mean(), "largest": abs(b - a).max(), "seed_range": a.max() - a.min(),
                "seed_sd": a.std(ddof=1) if len(a) > 1 else float("nan"),
            })  # fmt: skip
    return pd.DataFrame(rows)


def text(table: pd.DataFrame) -> str:
    """The rows as Markdown."""
    lines = [
        f"| method | N | scorer | languages | {MEASURE}, before | after | moved | a seed, at most | lowest to highest seed |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in table.itertuples():
        name = f"`{row.method}`"
        values = [number(row.before), number(row.after), number(row.moved, "{:+.4f}"), number(row.largest, "{:.4f}")]
        values.append(number(row.seed_range, "{:.4f}"))
        lines.append(f"| {name} | {row.size} | {row.scorer} | {row.group} | {' | '.join(values)} |")
    return "\n".join(lines)


def main(
    before: Annotated[Path, typer.Argument(help="Results of the code before.")],
    after: Annotated[Path, typer.Argument(help="Results of the code after.")],
) -> None:
    """Print the table."""
    typer.echo(text(moved(before, after)))


if __name__ == "__main__":
    typer.run(main)
