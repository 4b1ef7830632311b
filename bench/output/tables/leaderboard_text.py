"""The leaderboard as markdown: what ran, who leads where, at what price, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from bench.analysis.arms import CEILING, FLOOR, SMALLEST_GAP, Scores
from bench.analysis.resampling import DRAWS
from bench.analysis.results import RANKED_BY, Cell, Experiment, Plan
from bench.analysis.tables import MEAN
from bench.base.markdown import number as _number
from bench.base.markdown import table as _table
from bench.experiment.mixture import sentence
from bench.output.tables import lengths_text
from bench.output.tables.group_titles import titles
from methods.declaration import base_scorer
from methods.facts import NO_TRAINING, NOT_MATCHED, facts

TUNING = "tuning.csv"  # put there by `bench tune`
STATES = {"failed": "failed", "missing": "not run", "stale": "stale", "damaged": "damaged"}
SCORERS = {
    "dense": "Dense: one vector a query, inner product", "late": "Late interaction: one vector a token, MaxSim",
    "sparse": "Sparse: words and BM25, no encoder; the floor is the query as it is, the ceiling the English query",
}  # fmt: skip
SPACES = {
    "own": "queries centred on the mean of their own language", "english": "queries centred on the English mean",
}  # fmt: skip
Row = dict[Any, Any]  # of `tables.leaderboard`, by column
HEAD = "method \\ languages"


def text(
    experiment: Experiment, boards: dict[str, tuple[Scores, pd.DataFrame]], by_length: dict[str, pd.DataFrame]
) -> str:
    """Markdown of an experiment. `boards`: scores and `tables.leaderboard` of each order; `by_length`: `lengths.by_length`."""
    plan = experiment.plan
    parts = [f"# Leaderboard: {plan.name}", *_summary(experiment)]
    for order, (scores, table) in boards.items():
        level = "##"
        if len(boards) > 1:
            parts.append(f"## Order `{order}`")
            level = "###"
        for scorer in scores.scorers:
            parts += _scorer(plan, order, table[table["scorer"] == scorer], scorer, level)
        parts += [*lengths_text.sections(by_length[order], level), *_few(scores), *_unnamed(scores)]
        parts += [f"{level} Cost of a cell", _cost(table)]
    if not boards:
        parts.append("There is no score yet.")
    return "\n\n".join([*parts, *_names(plan), _legend(boards)]) + "\n"


def _few(scores: Scores) -> list[str]:
    """The languages that are no part of a task's means."""
    lines = [f"- {task}: {', '.join(f'{code} {n}' for code, n in sorted(few.items()))}" for task, few in scores.few.items()]
    said = "**Too few questions to count in a task's means** (`evaluation.min_questions`); they are in per_language.csv:"
    return [said + "\n\n" + "\n".join(lines)] if lines else []


def _unnamed(scores: Scores) -> list[str]:
    """Questions that may ask for the same document, of cells that do not say so."""
    lines = [f"- {task}: {n:,} of {whole:,}" for task, (n, whole) in sorted(scores.unnamed.items())]
    said = "**Questions of which no cell says what document they ask for** (cells of an earlier version): each counts by itself."
    return [said + "\n\n" + "\n".join(lines)] if lines else []


def _names(plan: Plan) -> list[str]:
    """What the short names stand for; other methods are called by their settings."""
    lines = [f"- `{name}` is `{method}`" for name, method in sorted(plan.names.items())]
    return ["## Short names", "\n".join(lines)] if lines else []


def _summary(experiment: Experiment) -> list[str]:
    cells = experiment.cells
    parts = []
    if about := str(experiment.plan.profile.get("summary") or ""):
        parts.append(f"{about[:1].upper()}{about[1:]}.")
    if (asked := experiment.plan.asked) is not None:
        parts.append(f"Questions are asked in these languages alone (`evaluation.languages`, {len(asked)}), and a group has "
                     f"those of them that are its own: {', '.join(asked)}.")  # fmt: skip
    counts = {state: sum(cell.state == state for cell in cells) for state in STATES}
    rest = ", ".join(f"{n} {STATES[state]}" for state, n in counts.items() if n)
    done = sum(cell.done for cell in cells)
    parts.append(f"**{done} of {len(cells)} cells are done" + (f" ({rest}).**" if rest else ".**"))
    trouble = [
        f"- {_code(cell)} {STATES[cell.state]}" + (f": {_plain(cell.reason)}" if cell.reason else "")
        for cell in cells if not cell.done
    ]  # fmt: skip
    if trouble:
        parts.append("Without a result, so neither scored nor ranked:\n\n" + _at_most(trouble, 20))
    if warned := [f"- {_code(cell)}: {_plain(cell.warning)}" for cell in cells if cell.warning]:
        parts.append("**Warnings of the collapse check** (marked `!` below):\n\n" + _at_most(warned, 20))
    parts += _mixed(experiment)
    if (experiment.path / TUNING).exists():
        parts.append("Settings were chosen on dev queries, with equally many trials for "
                     f"every method that is listed there: [{TUNING}]({TUNING}).")  # fmt: skip
    if experiment.unplanned:
        names = ", ".join(f"`{name}`" for name in experiment.unplanned[:10])
        parts.append(f"Stored, but not part of the profile and so not shown: {names}.")
    return parts


def _mixed(experiment: Experiment) -> list[str]:
    """What differs between the machines that cells were made on."""
    lines = [f"- {_plain(sentence(one))}" for one in experiment.mixtures()]
    said = ("**Cells of these tables were made on different hardware or software.** A difference between them may come from that "
            "alone. Run again what differs (`bench run` on one machine, with hardware.precision set), or read only rows that "
            "agree.")  # fmt: skip
    return [f"{said}\n\n" + "\n".join(lines)] if lines else []


def _scorer(plan: Plan, order: str, table: pd.DataFrame, scorer: str, level: str) -> list[str]:
    means = table[table["task"] == MEAN]
    parts = [f"{level} {_title(scorer)}", "nDCG@10, mean over tasks, with half of its 95 % interval."]
    named = titles(plan, order)
    for group, title in named.items():
        rows = means[means["group"] == group]
        if len(rows):
            parts += [f"**{title}**", _grid(rows, _score)]
    closed = [means[means["group"] == group] for group in named]
    if any(rows["gap_closed"].notna().any() for rows in closed):
        parts.append("**Gap closed between floor and ceiling**: mean gain over mean way, with its 95 % interval")
        lines = []
        for group, rows in zip(named, closed, strict=True):
            own = rows[~rows["method"].map(lambda name: facts(name).is_reference).astype(bool)]
            lines += _lines(own, _gap, f"{group}: ", _all_sizes(means))
        parts.append(_table(HEAD, lines, _sizes(means)))
        left = means[(means["group"] == "trained") & (means["method"] == CEILING)]
        if len(left) and (out := int(left["gap_left_out"].iloc[-1])):
            parts.append(f"Left out of it: {out} pairs of language and task (trained, N = {left['size'].iloc[-1]}) without a "
                         "floor or a ceiling.")  # fmt: skip
    parts += _by_task(table)
    return parts


def _by_task(table: pd.DataFrame) -> list[str]:
    """Tasks one by one at the largest size, on trained languages."""
    size = table["size"].max()
    rows = table[(table["size"] == size) & (table["group"] == "trained")]
    tasks = [task for task in dict.fromkeys(rows["task"]) if task != MEAN]
    if len(tasks) < 2:
        return []
    lines = []
    for method in ranking(rows[rows["task"] == MEAN]):
        of_task = {row["task"]: row for row in rows[rows["method"] == method].to_dict("records")}
        lines.append([_name(method), *(_score(of_task[task]) if task in of_task else "" for task in tasks)])
    counts = rows.drop_duplicates("task").set_index("task")["languages_declared"]
    heads = [f"{task} ({counts[task]} languages)" for task in tasks]
    return [f"**Task by task**, trained languages, N = {size}", _table("method", lines, heads)]


def _cost(table: pd.DataFrame) -> str:
    first = table.drop_duplicates(["method", "size"])
    fast = first[first["pairs_per_second"].notna()]
    lines = _lines(first, lambda row: _state(row) or _number(row["seconds"], "{:,.0f}"), " seconds")
    lines += _lines(fast, lambda row: _state(row) or _number(row["pairs_per_second"], "{:,.1f}"), " pairs/s", _all_sizes(first))
    return _table(HEAD, lines, _sizes(first))


def _title(scorer: str) -> str:
    base = base_scorer(scorer)
    return SCORERS.get(base, base) + ("" if base == scorer else f" ({SPACES[scorer.removeprefix(base + '_')]})")


def _grid(rows: pd.DataFrame, show: Callable[[Row], str]) -> str:
    """A table of methods x sizes."""
    return _table(HEAD, _lines(rows, show), _sizes(rows))


def _all_sizes(rows: pd.DataFrame) -> list[int]:
    return sorted(rows["size"].unique().tolist())


def _sizes(rows: pd.DataFrame) -> list[str]:
    return [str(size) for size in _all_sizes(rows)]


def _lines(
    rows: pd.DataFrame, show: Callable[[Row], str], label: str = "", sizes: Sequence[int] | None = None
) -> list[list[str]]:
    """Rows of a table: the name of a method, then what `show` makes of each of `sizes` (default: those in `rows`)."""
    lines = []
    sizes = _all_sizes(rows) if sizes is None else sizes
    before, after = (label, "") if label.endswith(" ") else ("", label)
    at = {(row["method"], row["size"]): row for row in rows.to_dict("records")}
    for method in ranking(rows):
        cells = [show(at[method, size]) if (method, size) in at else "" for size in sizes]
        lines.append([f"{before}{_name(method)}{after}", *cells])
    return lines


def ranking(rows: pd.DataFrame) -> list[str]:
    """Ceiling, methods from best to worst over all sizes, those that had more than the pairs, those without training, floor.

    Methods that lack a size come after those that do not.
    """
    complete = rows[rows["complete"].astype(bool)]
    count, mean = complete.groupby("method").size(), complete.groupby("method")[RANKED_BY].mean()
    methods = [method for method in dict.fromkeys(rows["method"]) if not facts(method).is_reference]
    methods.sort(key=lambda method: (-count.get(method, 0), -mean.get(method, 0.0)))
    there = set(rows["method"])
    own_ceilings = sorted(method for method in there - {CEILING} if facts(method).asks_english)
    untrained = [method for method in dict.fromkeys(rows["method"]) if facts(method).role == NO_TRAINING]
    more = [method for method in dict.fromkeys(rows["method"]) if facts(method).role == NOT_MATCHED]
    return [*({CEILING} & there), *own_ceilings, *methods, *more, *untrained, *({FLOOR} & there)]


def _name(method: str) -> str:
    kind = facts(method).role
    plain = method.replace("|", "\\|")
    return f"*{plain} ({kind})*" if kind else plain


def _score(row: Row) -> str:
    if state := _state(row):
        return state
    value = _number(row[RANKED_BY])
    if not row["complete"]:
        return f"({value}) incomplete" if value else "incomplete"
    shown = f"{value} ±{_number((row['high'] - row['low']) / 2) or '?'}"  # of a single question there is no interval
    shown = f"**{shown}**" if row["ties_best"] else shown
    return f"{shown} !" if row["warning"] else shown


def _gap(row: Row) -> str:
    if state := _state(row):
        return state
    value = _number(100 * row["gap_closed"], "{:.0f} %") or "-"
    if row["gap_low"] == row["gap_low"]:
        value += f" [{_number(100 * row['gap_low'], '{:.0f}')}, {_number(100 * row['gap_high'], '{:.0f}')}]"
    return value if row["complete"] else f"({value}) incomplete"


def _state(row: Row) -> str:
    return STATES.get(row["status"], "")


def _code(cell: Cell) -> str:
    return f"`{cell.name.id}`"


def _plain(reason: str) -> str:
    """One line that markdown does not interpret."""
    return reason.replace("`", "'").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")[:300]


def _at_most(lines: list[str], n: int) -> str:
    more = [f"- and {len(lines) - n} more"] if len(lines) > n else []
    return "\n".join(lines[:n] + more)


def _legend(boards: dict[str, tuple[Scores, pd.DataFrame]]) -> str:
    seeds = max((int(table["seeds_planned"].max()) for _, table in boards.values() if len(table)), default=1)
    one_seed = "One seed was run: how much another one would change is not in the intervals."
    more_seeds = (
        f"Numbers are means over up to {seeds} seeds (`seeds` in leaderboard.csv says how many); their spread (`seed_sd`) is not "
        "in the intervals."
    )
    methods = {method for _, table in boards.values() for method in table["method"]}
    its_own = ""
    if any(facts(method).asks_english for method in methods - {CEILING}):
        its_own = "- *Its own ceiling*: the English query through a control's own retriever. Not ranked, part of no gap.\n"
    if any(facts(method).role == NO_TRAINING for method in methods):
        its_own += (
            "- *No training*: the untrained student with its vectors corrected in closed form. Not ranked, part of no gap: what "
            "a trained method gains over it is what training has brought.\n"
        )
    if any(facts(method).role == NOT_MATCHED for method in methods):
        its_own += (
            "- *Not budget-matched*: trained on more than the pairs that the others see (all pairs, further passes, a lexicon, a "
            "model that somebody else trained). Not ranked beside them, part of no gap.\n"
        )
    return f"""## How to read it

- A column is a number of training languages N. All its methods search the same English documents, and those that are trained
  saw the same bitext.
- A number is nDCG@10: 0 = nothing relevant among the first ten documents, 1 = the best possible order. It is the mean over a
  task's languages first, then over tasks, so that a task with many languages does not outweigh the others. All methods are
  averaged over the same languages: those of the group that have the task.
- *{CEILING}* is the ceiling: the human English query, answered by the teacher. *{FLOOR}* is the floor: the student before
  training. Both are single cells, cut to each column's languages, so they move where a column means other languages.
- ± is half of the 95 % interval over questions, from {DRAWS:,} resamples. **Bold**: the best complete method of a column, and
  every one that cannot be told from it (the interval of the paired difference, over the same resamples and, where several
  runs say something of it, the noise of training, includes 0).
  {more_seeds if seeds > 1 else one_seed}
- Gap closed: (score - {FLOOR}) / ({CEILING} - {FLOOR}) of the means, over the languages that have all three. 100 % reaches the
  ceiling; below 0 training did harm. `-`: the ceiling lies at most {SMALLEST_GAP} above the floor. Its interval is the
  bootstrap of the ratio; it has none where the way from floor to ceiling may be nothing at all.
- `failed`, `not run`, `stale` (made with other settings or data) and `damaged` cells have no number. A number in brackets is
  incomplete: it lacks languages, questions or seeds that others have. Neither is ranked, and neither is ever bold.
- `!`: the collapse check found that training pulled the student's vectors together or cost it its English.
{its_own}- Everything else is in leaderboard.csv (all tasks, measures, intervals, ranks) and per_language.csv (each language)."""
