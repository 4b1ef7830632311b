"""From a profile to cells: its axes, multiplied and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.own import reader_of
from bench.encoders.builtin.names import check_name
from bench.experiment import own_fit
from bench.experiment.identity import lexicon_key, model_keys, own_model_key, suite_key
from bench.experiment.method_specs import code_key, files_of, method_spec
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.training.settings import Training
from methods import registry
from methods.facts import facts


def cells(profile: Profile, languages: Languages, threads: int = 1) -> list[CellSpec]:
    """All cells of the profile's grid: floor and ceiling first, then by seed and size, each id once.

    Methods that are not trained depend neither on size nor on seed and occur once an order (`untrained@0#0`).

    Raises:
        BenchError: unknown method, order or language; a size larger than an order; settings for a method
            that are not training settings, two methods of one name.
    """
    specs = [method_spec(entry.method) for entry in profile.grid.methods]
    files = files_of(specs)
    settings = {str(method_spec(name, files)): (name, values) for name, values in profile.method_settings.items()}
    data, evaluation = _Data(profile, languages), profile.evaluated()
    found: dict[str, tuple[tuple[int, ...], CellSpec]] = {}
    for rank_order, expression in enumerate(profile.orders()):
        order, codes, guard, key = data.order(expression)
        asked = evaluation.model_copy(update={"languages": _asked(evaluation.languages, (*codes, *guard), languages)})
        for rank, (entry, spec) in enumerate(zip(profile.grid.methods, specs, strict=True)):
            if expression not in (profile.grid_orders() if entry.orders is None else entry.orders):
                continue
            declaration = registry.declaration(spec)
            own_keys = own_model_key(spec, profile.models) | code_key(spec)
            training = _training(profile, spec, settings)
            if data.outline is not None and facts(str(spec)).asks_english:
                own_fit.check_english(data.outline, str(spec), evaluation.tasks, languages)
            sizes = entry.sizes if entry.sizes is not None else profile.grid.sizes
            seeds = entry.seeds if entry.seeds is not None else profile.grid.seeds
            points = [(size, seed) for size in sizes for seed in seeds] if declaration.trained else [(0, 0)]
            for size, seed in points:
                _check_size(size, declaration.trained, expression, order, codes)
                if data.outline is not None and declaration.trained:
                    own_fit.check_trained(data.outline, codes[:size], languages)
                suffix = "" if expression == profile.data.order else f"~{order}"
                cell = CellSpec(
                    id=f"{spec}@{size}#{seed}{suffix}",
                    method=str(spec),
                    method_source=spec.source,
                    method_version=declaration.version,
                    params=registry.all_params(spec),
                    trained=declaration.trained,
                    size=size,
                    seed=seed,
                    order=order,
                    languages=codes[:size],
                    order_languages=codes,
                    guard=guard,
                    models=profile.models,
                    data=profile.data,
                    data_key=key,
                    model_keys=data.model_keys | own_keys | data.lexicon(spec, codes[:size]),
                    training=training,
                    space=profile.space,
                    evaluation=asked,
                    retrieval=profile.retrieval,
                    precision=profile.hardware.precision,
                    threads=threads,
                    keep_student=profile.store.students and declaration.kind == "distil",
                    devices=profile.hardware.devices,
                    states_gb=profile.hardware.states_gb,
                    checkpoint_minutes=profile.hardware.checkpoint_minutes,
                )
                found.setdefault(cell.id, ((rank_order, seed, size, rank), cell))
    return [cell for _, cell in sorted(found.values(), key=lambda item: item[0])]


def language_list(expression: str, languages: Languages) -> tuple[str, ...]:
    """Codes of an order, a group, or a list of languages, each once, in order."""
    names = [part.strip() for part in expression.split(",") if part.strip()]
    return tuple(dict.fromkeys(language.code for language in languages.resolve(names)))


def _asked(expression: str | None, suite: tuple[str, ...], languages: Languages) -> str | None:
    """Codes of `evaluation.languages` that a suite has, in its order, however they were written. None: all are asked."""
    if expression is None:
        return None
    named = set(language_list(expression, languages))
    return ",".join(code for code in suite if code in named)


def check_asked(profile: Profile, specs: Iterable[CellSpec], languages: Languages) -> None:
    """`evaluation.languages` of the profile fits the cells.

    Raises:
        BenchError: it has a language that is in no order of the profile or of the cells, and not in the guard; a cell is left
            without one.
    """
    if profile.evaluation.languages is None:
        return
    known = {code for spec in specs for code in spec.suite_languages}
    known.update(code for order in profile.orders() for code in language_list(order, languages))
    known.update(language_list(profile.data.guard, languages) if profile.data.guard else ())
    named = language_list(profile.evaluation.languages, languages)
    if absent := [code for code in named if code not in known]:
        raise BenchError(
            f"evaluation.languages has {absent[0]} ({languages.get(absent[0]).name}), which is in no order and not in the guard",
            f"questions can be asked in these: {' '.join(sorted(known))}",
        )
    for spec in specs:
        if not spec.asked:
            raise BenchError(
                f"evaluation.languages has no language of the order {spec.order} or of the guard: {spec.id} would ask nothing",
                "name some that it has, or leave this order out",
            )


def order_name(expression: str, languages: Languages) -> str:
    """Name of an order or a group; a list of languages is called `list-<hash of its codes>`."""
    if expression in languages.orders or expression in languages.groups:
        return expression
    digest = hashlib.sha256(",".join(language_list(expression, languages)).encode()).hexdigest()
    return f"list-{digest[:8]}"


class _Data:
    """Language lists and content keys of a profile, each computed once."""

    def __init__(self, profile: Profile, languages: Languages) -> None:
        self.profile, self.languages = profile, languages
        for name in (profile.models.teacher, profile.models.student):
            check_name(name)
        self.model_keys = model_keys(profile.models)
        self.guard = language_list(profile.data.guard, languages) if profile.data.guard else ()
        self.reader = reader_of(profile.data, languages) if profile.data.own else None
        self.outline = self.reader.outline() if self.reader is not None else None
        self._lexicons: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}

    def lexicon(self, spec: registry.MethodSpec, codes: tuple[str, ...]) -> dict[str, str]:
        """`lexicon_key` of a method that trains on these languages."""
        key = str(spec), codes
        if key not in self._lexicons:
            self._lexicons[key] = lexicon_key(spec, self.profile.data, self.languages, codes)
        return self._lexicons[key]

    def order(self, expression: str) -> tuple[str, tuple[str, ...], tuple[str, ...], str]:
        """Name, codes, guard and data key of an order."""
        codes = language_list(expression, self.languages)
        guard = tuple(code for code in self.guard if code not in codes)
        if self.outline is not None:
            own_fit.check_languages(self.outline, codes + guard, self.languages)
        key = suite_key(self.profile, self.languages, codes + guard)
        return order_name(expression, self.languages), codes, guard, key


def suites(specs: Iterable[CellSpec]) -> list[tuple[tuple[str, ...], Data]]:
    """The suites that cells need: languages and data, each once."""
    return list({spec.data_key: (spec.suite_languages, spec.data) for spec in specs}.values())


def _training(
    profile: Profile, spec: registry.MethodSpec, settings: dict[str, tuple[str, dict[str, Any]]]
) -> Training:
    """The profile's training settings, then those for the method, then those for this very spec.

    A control that trains another method (`shuffled`) starts from that method's settings.
    """
    from bench.experiment.profile.file import profile_error

    content = profile.training.model_dump()
    for target in dict.fromkeys(name for one in (*registry.inner(spec), spec) for name in (one.name, str(one))):
        written, values = settings.get(target, ("", {}))
        try:
            content = Training.model_validate(content | values).model_dump()
        except ValidationError as error:
            raise profile_error(error, f"method_settings.{written}", Training) from error
    return Training.model_validate(content)


def _check_size(size: int, trained: bool, expression: str, order: str, codes: tuple[str, ...]) -> None:
    if trained and size > len(codes):
        shown = f"the order {order!r}" if order == expression else f"the list {expression}"
        raise BenchError(
            f"size {size} is larger than {shown}, which has {len(codes)} languages",
            f"give sizes up to {len(codes)} (--sizes), or a longer order (--order, --languages)",
        )
