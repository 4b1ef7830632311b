"""What the command line narrows or replaces in a profile's grid: methods, sizes, seeds, orders, languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.experiment.grid import language_list
from bench.experiment.method_specs import files_of, method_spec
from bench.experiment.profile.schema import Grid, MethodEntry, Profile


@dataclass(frozen=True)
class Selection:
    """Values as given on the command line; an empty one leaves the profile's axis as it is.

    `languages` is an order of its own, written as a list; it excludes `orders`.
    """

    methods: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def apply(self, profile: Profile, languages: Languages) -> Profile:
        """`profile` with the selected grid.

        Raises:
            BenchError: an unknown method, order or language, a size or seed that is not a number, a size
                that was asked for and is larger than an order.
        """
        if self.orders and self.languages:
            raise BenchError(
                "--order and --languages were both given", "--languages is an order of its own: give one"
            )
        asked = tuple(_numbers("--sizes", self.sizes, least=1))
        seeds = tuple(_numbers("--seeds", self.seeds, least=0)) or profile.grid.seeds
        entries = [_narrowed(entry, asked, seeds, self) for entry in _chosen(profile, self.methods)]
        orders = (",".join(self.languages),) if self.languages else self.orders or profile.grid.orders
        sizes = asked or profile.grid.sizes
        if self.languages and not asked:
            # A list given by hand bounds the profile's sizes; the list itself is always one of them.
            length = len(language_list(orders[0], languages))
            sizes = tuple(size for size in sizes if size <= length) or (length,)
            entries = [
                entry.model_copy(update={"sizes": tuple(size for size in entry.sizes if size <= length)})
                if entry.sizes is not None
                else entry
                for entry in entries
            ]
        grid = Grid(methods=tuple(entries), sizes=sizes, seeds=seeds, orders=orders)
        return profile.model_copy(update={"grid": grid})


def split_list(values: Sequence[str] | None) -> tuple[str, ...]:
    """Comma lists, given once or several times, as single values; commas in parentheses do not separate.

    >>> split_list(["nmt,contrastive(form=dense,tau=0.1)", "optical"])
    ('nmt', 'contrastive(form=dense,tau=0.1)', 'optical')
    """
    parts = [part.strip() for value in values or () for part in re.split(r",(?![^(]*\))", value)]
    return tuple(part for part in parts if part)


def _numbers(option: str, values: Sequence[str], least: int) -> list[int]:
    for value in values:
        if not value.isdecimal() or int(value) < least:
            raise BenchError(
                f"{option}: {value!r} is not a whole number from {least} on", f"for example {option} 5,10"
            )
    return [int(value) for value in values]


def _chosen(profile: Profile, asked: Sequence[str]) -> list[MethodEntry]:
    """The entries of the profile that are asked for; a method that the profile does not have is added."""
    if not asked:
        return list(profile.grid.methods)
    known = [method_spec(entry.method) for entry in profile.grid.methods]
    by_spec: dict[str, list[MethodEntry]] = {}
    for spec, entry in zip(known, profile.grid.methods, strict=True):
        by_spec.setdefault(str(spec), []).append(entry)
    files = files_of(known)
    asked = [profile.names.get(text, text) for text in asked]
    specs = [method_spec(text, files) for text in asked]
    files_of([*known, *specs])
    chosen: dict[str, list[MethodEntry]] = {}
    for text, spec in zip(asked, specs, strict=True):
        # `contrastive` is that very method if the profile has it, otherwise each of its variants.
        variants = [name for name in by_spec if not text.endswith(")") and name.partition("(")[0] == str(spec)]
        for name in [str(spec)] if str(spec) in by_spec else variants or [str(spec)]:
            # A method in a file stays one: its name alone would not lead to it.
            chosen[name] = by_spec.get(name, [MethodEntry(method=spec.text)])
    return [entry for entries in chosen.values() for entry in entries]


def _narrowed(
    entry: MethodEntry, sizes: tuple[int, ...], seeds: tuple[int, ...], selection: Selection
) -> MethodEntry:
    """Sizes, seeds and orders of its own that an entry has bound what is asked for, unless it was asked for by name."""
    own_sizes, own_seeds, own_orders = entry.sizes, entry.seeds, entry.orders
    if selection.languages:
        own_orders = None
    elif own_orders is not None and selection.orders:
        own_orders = None if selection.methods else tuple(order for order in own_orders if order in selection.orders)
    if own_sizes is not None and sizes:
        own_sizes = None if selection.methods else tuple(size for size in own_sizes if size in sizes)
    if own_seeds is not None and selection.seeds:
        own_seeds = None if selection.methods else tuple(seed for seed in own_seeds if seed in seeds)
    return MethodEntry(method=entry.method, sizes=own_sizes, seeds=own_seeds, orders=own_orders)
