"""An experiment as asked for: its cells, what is stored of them, what is left and what that will cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bench.base.errors import BenchError
from bench.base.manifest import cores
from bench.base.paths import in_utf8
from bench.base.yamltext import parsed
from bench.data.languages import Languages
from bench.experiment.costs import Assumed, Costs, makespan
from bench.experiment.grid import cells, check_asked, language_list, order_name
from bench.experiment.method_specs import method_spec
from bench.experiment.mixture import Mixture, facts_here, facts_of, mixtures
from bench.experiment.names import primary_pairs, short_names
from bench.experiment.profile.data import seen_from, with_paths
from bench.experiment.profile.file import load_profile
from bench.experiment.profile.models import check_models, with_folders, with_places, with_revisions
from bench.experiment.profile.schema import Profile, Storing
from bench.experiment.selection import Selection
from bench.experiment.spec import CORE, CellSpec
from bench.experiment.store import State, Store, folder_name


@dataclass(frozen=True)
class Plan:
    """What a command is about: `declared` is the whole profile, `profile` the part that is asked for."""

    declared: Profile
    profile: Profile
    languages: Languages
    specs: tuple[CellSpec, ...]
    store: Store
    assumed: Assumed = Assumed()
    slots: int = 0  # cells at the same time on a cluster; 0: this machine's workers

    @cached_property
    def states(self) -> dict[str, State]:
        """State of each cell when it was first asked for, by id."""
        return {spec.id: self.store.state(spec) for spec in self.specs}

    @cached_property
    def costs(self) -> Costs:
        """Expected times, from this experiment's manifests and the profile."""
        return Costs(self.profile, self.store.manifests(), self.assumed)

    @property
    def workers(self) -> int:
        """Cells at the same time."""
        return self.slots or self.profile.hardware.workers

    def mixtures(self) -> list[Mixture]:
        """In what cells would differ if those without a result were made on this machine; nothing where none is to be run."""
        left = self.to_run()
        stored = ((spec.id, facts_of(self.store.manifest(spec))) for spec in self.specs if self.states[spec.id] == "done")
        return mixtures([*stored, *((spec.id, facts_here(spec.precision)) for spec in left)]) if left else []

    def to_run(self, retry_failed: bool = True) -> list[CellSpec]:
        """Cells without a valid result, in order."""
        skip = {"done"} if retry_failed else {"done", "failed"}
        return [spec for spec in self.specs if self.states[spec.id] not in skip]

    def part(self, specs: Sequence[CellSpec]) -> Profile:
        """`profile` with the methods of these cells alone: nothing is prepared for methods that have no cell left.

        Methods from files stay: settings of the profile may call them by a name that is known from there alone.
        """
        methods = {spec.method for spec in specs}
        known = [(entry, method_spec(entry.method)) for entry in self.profile.grid.methods]
        left = tuple(entry for entry, spec in known if str(spec) in methods or spec.source)
        return self.profile.model_copy(update={"grid": self.profile.grid.model_copy(update={"methods": left})})

    def seconds(self, specs: Sequence[CellSpec]) -> float | None:
        """Expected time of running `specs` with their preparation; None while a cell's cost is unknown."""
        known = [seconds for spec in specs if (seconds := self.costs.seconds(spec)) is not None]
        if len(known) < len(specs):
            return None
        # The preparation is done once: when cells are stored already, its results are in the cache.
        first = "done" not in self.states.values()
        return makespan(known, self.workers) + (self.costs.prepare_seconds() if first and specs else 0.0)

    @property
    def orders(self) -> dict[str, tuple[str, ...]]:
        """Languages of each order that is asked for, by the order's name."""
        return {spec.order: spec.order_languages for spec in self.specs}

    @property
    def guard(self) -> tuple[str, ...]:
        """Languages of the guard group."""
        return language_list(self.declared.data.guard, self.languages) if self.declared.data.guard else ()

    @property
    def asked(self) -> tuple[str, ...] | None:
        """The only languages that questions are asked in, where the profile names some: those of the order first."""
        if self.declared.evaluation.languages is None:
            return None
        named = language_list(self.declared.evaluation.languages, self.languages)
        known = (*language_list(self.declared.data.order, self.languages), *self.guard)
        return (*(code for code in known if code in named), *(code for code in named if code not in known))

    def description(self) -> str:
        """Text of the experiment's profile.yaml: the profile, and under `resolved` what it comes to.

        The tables are made from it. Cells that an earlier run of the same folder asked for stay in it as
        long as the profile has them, or as long as their results are there.
        """
        before = _resolved(self.store.root / "profile.yaml")
        full = {spec.id: spec for spec in cells(self.declared, self.languages)}
        keys = {
            name: full[name].key if name in full else key
            for name, key in (before.get("keys") or {}).items()
            if name in full or (self.store.cells / folder_name(name)).is_dir()
        }
        keys |= {spec.id: spec.key for spec in self.specs}
        own = order_name(self.declared.data.order, self.languages)
        own_codes = language_list(self.declared.data.order, self.languages)
        orders = {own: own_codes} | (before.get("orders") or {}) | self.orders
        used = {name.partition("~")[2] or own for name in keys} | {own}
        ids = [name for name in full if name in keys] + [name for name in keys if name not in full]
        resolved = {
            "orders": {name: list(codes) for name, codes in orders.items() if name in used},
            "guard": list(self.guard),
            "core": list(own_codes[:CORE]),
            **({"asked": list(self.asked)} if self.asked is not None else {}),
            "tasks": list(self.profile.evaluated().tasks),
            "names": short_names(self.declared),
            "primary": [list(pair) for pair in primary_pairs(self.declared)],
            "cells": ids,
            "keys": {name: keys[name] for name in ids},
        }
        content = self.declared.model_dump(mode="json") | {"resolved": resolved}
        content["data"] = with_paths(content["data"], seen_from(self.store.root)) | {"hubs": list(self.profile.data.hubs)}
        content["models"] = content["models"] | {"places": self.profile.models.places}
        with_folders(content, seen_from(self.store.root))
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def make_plan(
    profile: str,
    results: Path,
    selection: Selection | None = None,
    changes: Sequence[str] = (),
    without: Sequence[str] = (),
    workers: int | None = None,
    keep_students: bool = False,
    ask: bool = False,
) -> Plan:
    """Read a profile and resolve it against languages, methods and stored results. Loads no torch.

    Args:
        ask: models and data sets of the hub stand for the commits that it names now; without it for those that were last
            fetched or asked for.
        keep_students: the cells of this plan store their students, whatever the profile says.

    Raises:
        BenchError: anything in it is unknown or does not fit together.
    """
    declared = load_profile(profile, changes)
    in_utf8(results)
    if without:
        sources = (*declared.data.without, *without)
        data = type(declared.data).model_validate(declared.data.model_dump() | {"without": sources})
        declared = declared.model_copy(update={"data": data})
    if workers is not None:
        declared = declared.model_copy(
            update={"hardware": declared.hardware.model_copy(update={"workers": workers})}
        )
    primary_pairs(declared)  # a wrong name, here or among short ones, is told before anything runs
    languages = Languages.load(declared.data.languages_file)
    narrowed = (selection or Selection()).apply(declared, languages)
    narrowed = with_places(narrowed, (entry.method for entry in narrowed.grid.methods), Path())
    narrowed = with_revisions(narrowed, ask)
    check_models(narrowed, Path(profile).parent if profile.endswith((".yaml", ".yml")) else Path())
    if keep_students:
        narrowed = narrowed.model_copy(update={"store": Storing(students=True)})
    hardware = declared.hardware
    threads = hardware.threads or max(1, cores() // (hardware.workers * hardware.devices))
    specs = cells(narrowed, languages, threads)
    check_asked(declared, specs, languages)
    if not specs:
        raise BenchError(
            "the grid is empty: no cell has these methods, sizes and seeds", "widen the selection"
        )
    return Plan(declared, narrowed, languages, tuple(specs), Store(results / declared.name))


def _resolved(path: Path) -> dict[str, Any]:
    try:
        content = parsed(path.read_text(encoding="utf-8"))
        return dict(content["resolved"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return {}
