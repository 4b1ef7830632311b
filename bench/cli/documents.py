"""What commands print with `--json`: one document each, of plain values (docs/json.md). Nothing else goes to standard output."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.jsonfile import to_json

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.comparison import Comparison, Found, SlopeComparison
    from bench.analysis.results import CellName
    from bench.cli.data_check import Checked
    from bench.execution.elsewhere.resources import Machine
    from bench.experiment.plan import Plan
    from methods.declaration import Declaration

Document = dict[str, Any]


def emit(document: Document) -> None:
    """Print a document. Its letters are ASCII, so that it is JSON in every encoding."""
    sys.stdout.write(to_json(document, ascii_only=True))


def rows(frame: pd.DataFrame) -> list[Document]:
    """One object a row; what is missing in a table is null."""
    plain = frame.astype(object)
    return plain.where(frame.notna(), None).to_dict("records")  # type: ignore[return-value]


def table(path: Path) -> list[Document]:
    """The rows of a CSV file that a command has just written, whole numbers as such; none where there is no file."""
    import pandas as pd

    if not path.is_file():
        return []
    return rows(pd.read_csv(path, float_precision="round_trip").convert_dtypes())


def plan(made: Plan, machines: Sequence[Machine] = ()) -> Document:
    """`bench plan`: every cell with its state, its key, and the seconds that it takes or took; what all of them need."""
    from bench.execution.elsewhere.needs import Needs

    todo = made.to_run()
    cells = []
    for spec in made.specs:
        done = made.states[spec.id] == "done"
        seconds = made.store.manifest(spec).get("seconds", {}).get("total") if done else made.costs.seconds(spec)
        cells.append({
            "cell": spec.id, "method": spec.method, "size": spec.size, "seed": spec.seed, "order": spec.order,
            "state": made.states[spec.id], "key": spec.key, "pairs": spec.matched_pairs,
            "seconds": seconds, "measured": done or made.costs.is_measured(spec),
        })  # fmt: skip
    return {
        "experiment": made.profile.name, "summary": made.profile.summary, "results": str(made.store.root),
        "orders": made.orders, "guard": sorted({code for spec in made.specs for code in spec.guard}),
        "asked": made.asked,
        "without": made.profile.data.without, "workers": made.workers, "threads": made.specs[0].threads,
        "states": Counter(made.states.values()), "to_run": len(todo), "seconds": made.seconds(todo) if todo else 0,
        "cells": cells, "needs": asdict(Needs.of(made)), "machines": [asdict(one) for one in machines],
    }  # fmt: skip


def methods(name: str | None) -> Document:
    """`bench methods`: all methods or one, with parameters; `failures` are those that cannot be used, with the reason."""
    from bench.cli import listings
    from methods import registry

    found = [listings.declaration(name)] if name else [registry.declared(one) for one in registry.names()]
    return {"methods": [_method(one) for one in found], "failures": {} if name else registry.failures()}


def _method(one: Declaration) -> Document:
    facts = ("name", "kind", "summary", "reference", "source", "version", "role", "scorers", "trained")
    return {fact: getattr(one, fact) for fact in facts} | {"params": {name: asdict(param) for name, param in one.params.items()}}


def languages(names: Sequence[str], file: Path | None) -> Document:
    """`bench languages`: languages with their codes, and orders and groups."""
    from bench.data.languages import Languages

    known = Languages.load(file)
    fields = ("code", "name", "family", "script", "joshi_class", "iso639_1", "iso639_3", "aliases", "sources")
    found = known.resolve(names) if names else known
    return {
        "languages": [{field: getattr(one, field) for field in fields} for one in found],
        "orders": known.orders, "groups": known.groups,
    }  # fmt: skip


def packages() -> Document:
    """`bench data list`: packages and data sets of the hubs."""
    from bench.data.languages import Languages
    from bench.data.sources.hubs.catalogue import HUB_DATA
    from bench.data.sources.hubs.languages import own_codes
    from bench.data.sources.hubs.revisions import revision_said
    from bench.data.sources.packages.catalogue import PACKAGES

    known = Languages.load()
    own = ("name", "requirement", "download_mb", "licence", "note", "shareable")
    of_hubs = ("name", "kind", "usable", "library", "id", "size", "licence", "citation", "note", "direction")
    return {
        "packages": [{field: getattr(one, field) for field in own} for one in PACKAGES.values()],
        "hubs": [
            {field: getattr(one, field) for field in of_hubs}
            | {"revision": revision_said(one) if one.library == "datasets" else "", "languages": own_codes(one, known)}
            for one in HUB_DATA.values()
        ],
    }  # fmt: skip


def leaderboard(folder: Path) -> Document:
    """`bench leaderboard`: state of every cell, and the rows of the leaderboard.csv that was just written."""
    from bench.execution.watch import Watch

    experiment = Watch(folder)
    states = Counter(one.state for one in experiment.look()[1])
    name = experiment.plan.name
    return {"experiment": name, "results": str(folder), "states": states, "rows": table(folder / "leaderboard.csv")}


def scaling(folder: Path) -> Document:
    """`bench scaling`: the tables behind scaling.md."""
    names = ("scaling", "slopes", "transfer", "covariates")
    return {"results": str(folder), **{name: table(folder / f"{name}.csv") for name in names}}


def comparison(found: Comparison) -> Document:
    """`bench compare`: the rows of `--csv`, what was left out, the answer in one sentence, and what it is not about."""
    from bench.output.tables.comparison_text import sentence

    about = {"settings": found.settings, "primary_tests": found.primary}
    return {"first": found.first, "second": found.second} | about | _told(found, sentence(found))


def slopes(found: SlopeComparison) -> Document:
    """`bench compare --slopes`: the rows of `--csv`, what was left out, the answer, and what it is not about."""
    from bench.output.tables.slopes_text import sentence

    first, second = found.first, found.second
    return {"first": first, "second": second} | _told(found, sentence(found.rows, first, second))


def _told(found: Found, sentence: str) -> Document:
    from bench.output.tables.comparison_text import remark

    return {
        "sentence": sentence, "remark": remark(found.first, found.second), "notes": found.notes, "mixed": found.mixed,
        "rows": rows(found.rows),
    }  # fmt: skip


def watched(folder: Path) -> Document:
    """`bench watch`: every cell with its state, and the run at work, if there is one."""
    from bench.execution.watch import Watch

    experiment = Watch(folder)
    run, states = experiment.look()
    about = ("state", "seconds", "dev_loss", "note")
    cells = [_cell(one.name) | {name: getattr(one, name) for name in about} for one in states]
    return {
        "experiment": experiment.plan.name, "results": str(folder), "run": asdict(run) if run else None,
        "states": Counter(one.state for one in states), "cells": cells,
    }  # fmt: skip


def _cell(name: CellName) -> Document:
    return {"cell": name.id, "method": name.method, "size": name.size, "seed": name.seed, "order": name.order}


def checked(found: Checked, path: Path) -> Document:
    """`bench data check`: problems with file and line, and what will be used of the data (null while there are errors)."""
    from bench.data.sources.local.problems import WARNING

    problems = found.problems
    return {
        "path": str(path), "usable": not found.errors, "errors": found.errors, "warnings": problems.number(WARNING),
        "problems": [asdict(problem) for problem in problems.found],
        "counts": [
            {"level": level, "file": file, "kind": kind, "count": count} for (level, file, kind), count in problems.counts.items()
        ],
        "used": _used(found) if found.made else None,
    }  # fmt: skip


def _used(found: Checked) -> Document:
    from bench.cli.data_check import counts

    assert found.made is not None
    return {
        "languages": [
            {"language": code, "name": found.languages.get(code).name, **numbers} for code, numbers in counts(found.made).items()
        ],
        "tasks": {one.task.name: {"documents": one.documents} for one in found.contents},
        "notes": found.made.notes, "left_out": found.made.rejected,
    }  # fmt: skip


def conformance(name: str, outcomes: Iterable[Any]) -> Document:
    """`bench check-method`: every check, with what it found where it failed."""
    found = [asdict(one) for one in outcomes]
    return {"method": name, "passed": all(one["passed"] for one in found), "checks": found}
