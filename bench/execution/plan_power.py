"""What an experiment could find: the smallest differences, as `bench plan` tells them before anything runs."""

from __future__ import annotations

import math
from collections import defaultdict

from rich.text import Text

from bench.analysis.verdicts import forecast
from bench.analysis.verdicts.forecast import LEVEL, POWER, Asked, Runs
from bench.experiment.names import primary_pairs, short_names
from bench.experiment.plan import Plan
from bench.experiment.profile.comparison import PRIMARY_GROUPS
from bench.experiment.spec import CORE
from bench.output.terminal.rows import Rows
from methods.declaration import SPARSE
from methods.facts import facts

GROUPS = ("trained", "held-out", "guard")
SCORERS = ("dense", "late")


def power(plan: Plan) -> list[Text | Rows]:
    """A table of groups by sizes, for a pair of trained methods; nothing where fewer than two are planned."""
    spec = next((one for one in plan.specs if one.trained and one.order == next(iter(plan.orders))), None)
    seeds = _seeds(plan)
    sizes = sorted(seeds)
    if spec is None or max((len(of_size) for of_size in seeds.values()), default=0) < 2:
        return []
    scorers = [name for name in SCORERS if any(name in facts(one.method).scorers for one in plan.specs if one.trained)]
    declared = plan.declared.comparison
    # Languages of each group, as `analysis.results.Plan.group` has them.
    codes, asked = spec.order_languages, set(spec.asked)
    counts = {
        "trained": {n: len(asked.intersection(codes[:n])) for n in sizes},
        "core": dict.fromkeys(sizes, len(asked.intersection(codes[: min(CORE, sizes[0])]))),
        "held-out": {n: len(asked.intersection(codes[n:])) for n in sizes},
        "guard": dict.fromkeys(sizes, len(asked.intersection(spec.guard))),
    }
    groups = (declared.groups or PRIMARY_GROUPS) if declared.primary else GROUPS
    chosen = [n for n in sizes if n in declared.sizes] or sizes
    tests = sum(_tests(plan, counts, chosen, *pair) for pair in _primary(plan))
    heads = ["group, scorer", *(f"N = {size}" for size in sizes)]
    heads += ["mean of sizes"] * (len(sizes) > 1) + [f"{tests} tests"] * (tests > 1)
    table = Rows(heads, right=range(1, len(heads)))
    for group in groups:
        for scorer in scorers:
            points = {n: (_asked(plan, scorer, count), _runs(seeds, n)) for n, count in counts[group].items() if count}
            if not points:
                continue
            cells = [forecast.smallest([points[n]], scorer) if n in points else math.nan for n in sizes]
            cells += [forecast.smallest(list(points.values()), scorer)] if len(sizes) > 1 else []
            tested = [points[n] for n in chosen if n in points]
            tested = tested if declared.over_sizes else tested[:1]
            if tests > 1:
                cells.append(forecast.smallest(tested, scorer, tests) if tested else math.nan)
            table.add(f"{group}, {scorer}", *(_shown(one) for one in cells))
    return [Text(""), Text(_title(tests)), table, *_notes(plan, sizes, seeds)]


def _primary(plan: Plan) -> list[tuple[str, str]]:
    """Declared pairs of which both methods are planned, as cells are named by them."""
    methods = {name: method for method, name in short_names(plan.declared).items()}
    pairs = [(methods.get(first, first), methods.get(second, second)) for first, second in primary_pairs(plan.declared)]
    return [pair for pair in pairs if set(pair) <= {spec.method for spec in plan.specs}]


def _tests(plan: Plan, counts: dict[str, dict[int, int]], chosen: list[int], first: str, second: str) -> int:
    """Primary tests of a pair: the rows that `Comparer.primary` makes of it once all is run."""
    declared, order = plan.declared.comparison, next(iter(plan.orders))
    planned = [{spec.size for spec in plan.specs if spec.method == name and spec.order == order} for name in (first, second)]
    # A cell that is not trained has size 0 and stands for all.
    sizes = [n for n in chosen if all({0, n} & own for own in planned)]
    untrained = all(own == {0} for own in planned)
    tests = 0
    for group in declared.groups or PRIMARY_GROUPS:
        asked = [n for n in sizes if counts[group][n]]
        if declared.over_sizes:
            tests += bool(asked)
            continue
        if group == "core" and "trained" in (declared.groups or PRIMARY_GROUPS):
            asked = [n for n in asked if counts["core"][n] != counts["trained"][n]]  # that is the row of the trained languages
        # The same answers of the same languages are one test.
        tests += len({counts[group][n] for n in asked}) if untrained else len(asked)
    scored = [name for name in declared.scorers if all(facts(one).scored_with(name) for one in (first, second))]
    spaces = 1 + len(plan.declared.space.others)
    common = set(facts(first).scorers) & set(facts(second).scorers)
    return tests * (len(scored) or sum(1 if name == SPARSE else spaces for name in common))


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}".removeprefix("0")


def _title(tests: int) -> str:
    corrected = f"; the last column with the first step of Holm's correction over {tests} primary tests" if tests > 1 else ""
    return (
        f"Smallest difference of two trained methods that this plan finds (nDCG@10, mean over tasks, power {POWER}, "
        f"two-sided {LEVEL}{corrected}):"
    )


def _seeds(plan: Plan) -> dict[int, dict[str, int]]:
    """Size -> method -> seeds that are planned, in the first order."""
    order = next(iter(plan.orders))
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for spec in plan.specs:
        if spec.trained and spec.order == order:
            found[spec.size][spec.method] += 1
    return {size: dict(of_size) for size, of_size in found.items()}


def _runs(seeds: dict[int, dict[str, int]], size: int) -> Runs:
    """Of the pair with the most seeds; other arms with several lend theirs, those of other sizes where none of its own does."""
    most = sorted(seeds[size].values(), reverse=True)[:2]
    own = 2 if min(most) > 1 else 0
    lent = _lent(sorted((n for n in seeds[size].values() if n > 1), reverse=True), own)
    others = sum(_lent([n for n in of_size.values() if n > 1], 0) for at, of_size in seeds.items() if at != size)
    return Runs(min(most), lent or others)


def _lent(several: list[int], own: int) -> int:
    """Degrees of freedom of arms with several seeds, without those of the pair itself."""
    lenders = several[own:]
    return max(0, len(lenders) if own else len(lenders) - 1) * (min(lenders) - 1) if lenders else 0


def _asked(plan: Plan, scorer: str, languages: int) -> list[Asked]:
    """Each task with its share of the languages. Who names languages names those that have one of the tasks: of these the share
    is larger."""
    evaluation, found = plan.profile.evaluated(), []
    order, named = next(iter(plan.orders.values())), plan.specs[0].asked if evaluation.languages else ()
    more = len(order) / max(1, len(set(order).intersection(named))) if named else 1.0
    for task in evaluation.tasks:
        row = forecast.row_of(task, scorer)
        limit = evaluation.queries_per_language.get(task)
        known = round(row["questions"])
        questions = min(limit or known, known) if row["every"] == 1 else limit or known
        found.append(Asked(task, questions, max(1, round(min(1.0, row["coverage"] * more) * languages))))
    return found


def _notes(plan: Plan, sizes: list[int], seeds: dict[int, dict[str, int]]) -> list[Text]:
    evaluation = plan.profile.evaluated()
    asked = [row for row in forecast.stored() if row["task"] in evaluation.tasks]
    sources = dict.fromkeys(row["source"] for row in asked or forecast.stored())
    lines = [f"Variances: {'; '.join(sources)}."]
    if unknown := [task for task in evaluation.tasks if not forecast.known(task)]:
        lines.append(f"None are stored for {', '.join(unknown)}: taken for a mean parallel task, each question "
                     "of which asks for a document of its own. Where several ask for one, the smallest difference is larger.")
    if alone := [size for size in sizes if _runs(seeds, size).seeds == 1 and not _runs(seeds, size).lenders]:
        listed = ", ".join(map(str, alone))
        alone_there = f"one seed at N = {listed}, and no two other arms with several"
        lines.append(f"-: {alone_there}: a verdict there is about these runs only.")
    return [Text(line) for line in lines]
