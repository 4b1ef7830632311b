"""Where an experiment's numbers come from: runs, versions, machine, settings, and the licences of its data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from bench.analysis.results import Cell, Experiment
from bench.data.settings import SOURCES
from bench.data.sources.packages.catalogue import PACKAGES
from bench.data.suite.keys import SOURCE_PACKAGES
from bench.experiment.mixture import sentence
from bench.experiment.record import RUNS, read_runs
from bench.output.report.texts import data_sets, own_data


def provenance(experiment: Experiment) -> dict[str, Any]:
    """Runs, distinct versions, commits and machines of the done cells, and the profile without its cells."""
    profile = {name: value for name, value in experiment.plan.profile.items() if name != "resolved"}
    done = [cell for cell in experiment.cells if cell.done]
    return {
        "runs": [_run(entry) for entry in read_runs(experiment.path / RUNS)],
        "versions": _distinct(done, "versions"), "commits": _distinct(done, "git"), "hardware": _distinct(done, "hardware"),
        "precision": sorted({str(cell.manifest["precision"]) for cell in done if cell.manifest.get("precision")}),
        "mixed": [sentence(one) for one in experiment.mixtures()],
        "finished": max((str(cell.manifest.get("finished") or "") for cell in done), default=""),
        "unplanned": list(experiment.unplanned),
        "profile": yaml.safe_dump(profile, sort_keys=False, allow_unicode=True, width=100),
    }  # fmt: skip


def licences(experiment: Experiment) -> list[dict[str, str]]:
    """One record a package, or data set of a hub, that the experiment's data come from: source, package, licence, task, note.

    None of data on disk.
    """
    if own_data(experiment):
        return [
            {
                "source": one.name, "package": one.id, "licence": one.licence, "note": one.note,
                "task": "" if one.kind == "bitext" else one.name,
            }
            for one in data_sets(experiment).values()
        ]  # fmt: skip
    without = set((experiment.plan.profile.get("data") or {}).get("without") or ())
    return [
        {
            "source": source, "package": PACKAGES[name].requirement, "licence": PACKAGES[name].licence,
            "note": PACKAGES[name].note, "task": SOURCES[source] or "",
        }
        for source, names in SOURCE_PACKAGES.items() if source not in without for name in names
    ]  # fmt: skip


def available_pairs(experiment: Experiment) -> dict[str, int]:
    """Language -> training pairs that its sources have, as the last run counted them; empty if no run is on record."""
    found: dict[str, int] = {}
    for entry in read_runs(experiment.path / RUNS):
        for suite in (entry.get("prepare") or {}).get("suites") or ():
            for code, sources in ((suite.get("counts") or {}).get("pairs") or {}).items():
                found[code] = sum(int(split.get("train", 0)) for split in sources.values())
    return found


def _run(entry: dict[str, Any]) -> dict[str, Any]:
    cells = entry.get("cells") or {}
    prepare = (entry.get("prepare") or {}).get("seconds") or {}
    return {
        **{name: entry.get(name) for name in ("started", "finished", "seconds", "workers")},
        **{name: cells.get(name) for name in ("run", "failed", "kept")}, "prepare": round(sum(prepare.values()), 1),
    }  # fmt: skip


def _distinct(cells: Sequence[Cell], name: str) -> list[dict[str, Any]]:
    """The different values of a part of the manifests, each with the number of cells that have it."""
    counts: dict[str, int] = {}
    for cell in cells:
        if value := cell.manifest.get(name):
            text = json.dumps(value, sort_keys=True)
            counts[text] = counts.get(text, 0) + 1
    return [{"value": json.loads(text), "cells": count} for text, count in counts.items()]
