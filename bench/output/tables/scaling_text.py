"""scaling.md: slopes, transfer and covariates in short; the files beside it hold everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.analysis.covariates import COVARIATES
from bench.analysis.results import Plan
from bench.analysis.scaling import GROUPS
from bench.analysis.tables import MEAN
from bench.base.markdown import number, table
from bench.output.tables import slopes_text

SIGNED = "{:+.3f}"
NO_SLOPES = "No two methods of the question have two sizes in common yet."
Tables = Mapping[str, tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]  # order -> slopes, transfer, covariates


def text(plan: Plan, found: Tables, compared: pd.DataFrame) -> str:
    """Markdown of all orders that have scores; says so where there is nothing to fit. `compared`: `verdicts.slopes`."""
    parts = [f"# Scaling and transfer: {plan.name}"]
    for order, (slopes, transfer, covariates) in found.items():
        level = "###" if len(found) > 1 else "##"
        if len(found) > 1:
            parts.append(f"## Order `{order}`")
        parts += [f"{level} Each time the number of languages doubles", *_slopes(slopes)]
        own = compared[compared["order"] == order]
        parts += [f"{level} Does one method gain more than another", slopes_text.grid(own) if len(own) else NO_SLOPES]
        parts += [f"{level} Held-out languages with and without a relative in training", *_transfer(transfer)]
        parts += [f"{level} Which languages gain", *_covariates(covariates)]
    return "\n\n".join([*parts, LEGEND]) + "\n"


def _slopes(slopes: pd.DataFrame) -> list[str]:
    means = slopes[slopes["task"] == MEAN] if len(slopes) else slopes
    if not len(means):
        return ["No method has two complete sizes yet."]
    heads = [f"{group}: {kind}" for group in GROUPS for kind in ("score", "gain over floor")]
    parts = []
    for scorer, rows in means.groupby("scorer", sort=True):
        lines = []
        for method, own in rows.groupby("method", sort=False):
            at = {row["group"]: row for row in own.to_dict("records")}
            line = [str(method).replace("|", "\\|")]
            for group in GROUPS:
                line += [_interval(at.get(group), name) for name in ("slope", "gain_slope")]
            lines.append(line)
        parts += [f"**{scorer}**, nDCG@10 a doubling, with its 95 % interval", table("method", lines, heads)]
    partial = means[means["sizes_left_out"] != ""]
    if len(partial):
        names = ", ".join(sorted({f"{row.method} ({row.group}, N = {row.sizes_left_out})" for row in partial.itertuples()}))
        parts.append(f"Fitted without sizes that are incomplete: {names}.")
    return parts


def _interval(row: dict[Any, Any] | None, name: str) -> str:
    if row is None or pd.isna(row[name]):
        return ""
    low, high = ("gain_low", "gain_high") if name == "gain_slope" else ("low", "high")
    return f"{number(row[name], SIGNED)} [{number(row[low], SIGNED)}, {number(row[high], SIGNED)}]"


def _transfer(transfer: pd.DataFrame) -> list[str]:
    if not len(transfer):
        return ["No size has two held-out languages of each kind yet."]
    sizes = sorted(transfer["size"].unique())
    parts = []
    for scorer, rows in transfer.groupby("scorer", sort=True):
        lines = []
        for (method, relative), own in rows.groupby(["method", "relative"], sort=False):
            at = {row["size"]: row for row in own.to_dict("records")}
            lines.append([f"{method}, {relative}", *(_more(at.get(size)) for size in sizes)])
        parts += [f"**{scorer}**, gain over the floor with a relative minus without (languages with / without)",
                  table("method, relative \\ languages", lines, list(map(str, sizes)))]  # fmt: skip
    return parts


def _more(row: dict[Any, Any] | None) -> str:
    return f"{_interval(row, 'difference')} ({row['related']} / {row['unrelated']})" if row else ""


def _covariates(covariates: pd.DataFrame) -> list[str]:
    if not len(covariates):
        return ["There are too few languages for a regression, or no floor."]
    # Where every language is trained on the same number of pairs, pairs explain nothing: the largest size that has
    # languages of both kinds is shown, if there is one.
    telling = covariates["size"].where(covariates.groupby(["scorer", "method", "size"])["covariate"].transform(_has_pairs), 0)
    largest = telling.groupby([covariates["scorer"], covariates["method"]]).transform("max")
    largest = largest.where(largest > 0, covariates.groupby(["scorer", "method"])["size"].transform("max"))
    last = covariates[covariates["size"] == largest]
    there = [name for name in COVARIATES if name in set(last["covariate"])]
    lines = []
    for (scorer, method, size), own in last.groupby(["scorer", "method", "size"], sort=False):
        at = {row["covariate"]: row for row in own.to_dict("records")}
        shown = [_coefficient(at.get(name)) for name in there]
        lines.append([f"{scorer}, {method}, N = {size}", *shown, str(own["languages"].iloc[0]), number(own["r2"].iloc[0])])
    parts = [table("scorer, method", lines, [*there, "languages", "R2"])]
    if out := sorted({name for names in last["left_out"] for name in names.split()}):
        parts.append(f"Left out somewhere because it does not vary, follows from the others or is not known: {', '.join(out)}.")
    if lost := sorted({name for names in last["languages_left_out"] for name in names.split()}):
        parts.append(f"Languages left out because a covariate is not known of them: {', '.join(lost)}.")
    return parts


def _has_pairs(names: pd.Series) -> bool:
    return "log2_pairs" in set(names)


def _coefficient(row: dict[Any, Any] | None) -> str:
    return f"{number(row['coefficient'], SIGNED)} [{number(row['low'], SIGNED)}, {number(row['high'], SIGNED)}]" if row else ""


LEGEND = """## How to read it

- A slope is fitted to nDCG@10 (mean over languages, then tasks) against log2 N, over complete sizes, for trained methods only;
  the interval is the bootstrap over questions. Training noise is not in it: `seed_slope_sd` in scaling.csv has it where there
  is more than one seed. Trained and held-out groups are other languages at every N, so their score moves with the
  languages as well; "gain over floor" is the slope of the score minus the untrained student's on the same languages.
- Slopes of two methods are compared on the same sizes, languages, questions and seeds; interval and verdict are over questions
  and training runs (docs/statistics.md). Declared rows are corrected together (Holm), all others among those of their pair.
- A relative is a trained language of the same branch (Indo-European/Slavic), family (Indo-European) or script.
  Gains are means over languages, then tasks; intervals draw questions and languages. Languages with and without a relative
  differ in more than that.
- The regression is least squares of the gain over the floor on covariates of a language, with an intercept for each task;
  standard errors are clustered by language. It describes some fifty languages whose covariates go together: no cause follows.
- All sizes, tasks and numbers: scaling.csv, transfer.csv, covariates.csv; the covariates themselves: per_language.csv."""
