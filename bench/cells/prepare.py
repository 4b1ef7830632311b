"""What is made once before any cell: packages, converted encoder, suite, teacher states, indexes' vectors."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bench.base.progress import Report, listening
from bench.base.used import noting
from bench.cells.asking import cut
from bench.cells.asking.queries import nothing_asked, query_sets
from bench.cells.probe import english_ceiling, english_start
from bench.cells.shared.context import Context, context_of
from bench.cells.shared.own_retriever import own_retriever
from bench.cells.translation.run import TRANSLATIONS
from bench.data.languages import Languages
from bench.data.text_facts import measure
from bench.encoders.device import precision_of
from bench.encoders.load import load_encoder
from bench.experiment.grid import cells
from bench.experiment.method_specs import load_method, method_spec
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from methods.base import Method

NOTED = 0.01  # share of pairs left out from which on a run says so


def prepare(profile: Profile, report: Report) -> dict[str, Any]:
    """Fill the cache with everything that the profile's cells share; what is there already is only read.

    Args:
        profile: the experiment.
        report: called with phase and fraction done.

    Returns:
        Seconds of each phase, what was found (hash and counts of the suite), `notes` for whoever runs it, `texts`:
        `text_facts.measure` of every language with the student's tokenizer, and `used`: files and folders of the caches that
        cells on another machine need.

    Raises:
        BenchError: a package, a model or a text is missing; the message says which.
    """
    torch.set_num_threads(max(1, profile.hardware.threads or torch.get_num_threads()))
    languages = Languages.load(Path(profile.data.languages_file) if profile.data.languages_file else None)
    _methods(profile)  # parameters that do not go together are told now, not after minutes
    first = {context_of(spec).key: spec for spec in reversed(cells(profile, languages))}  # one cell of each context
    seconds: dict[str, float] = {}
    suites = []
    notes: list[str] = []
    texts: dict[str, dict[str, Any]] = {}
    with noting() as used:
        for spec in first.values():
            context = context_of(spec)
            for name, step in STEPS.items():
                report(name, 0.0)
                start = time.monotonic()
                with listening(partial(_within, report, name)):
                    step(context, profile, spec, partial(report, name))
                seconds[name] = round(seconds.get(name, 0.0) + time.monotonic() - start, 2)
            notes += long_pairs(context, spec) + cut.warnings(cut.cut_record(context, spec))
            suites.append({"hash": context.suite.hash, "counts": context.suite.info.get("counts", {})})
            report("count tokens", 0.0)
            start = time.monotonic()
            texts |= {row["language"]: row for row in _text_facts(context, profile)}
            seconds["count tokens"] = round(seconds.get("count tokens", 0.0) + time.monotonic() - start, 2)
    return {
        "seconds": seconds, "suites": suites, "texts": list(texts.values()), "notes": list(dict.fromkeys(notes)),
        "used": sorted(map(str, used)),
    }  # fmt: skip


def _methods(profile: Profile) -> list[Method]:
    """Each method of the grid once, sorted by what it is called.

    Specs are kept as they are: the name of a method that lies in a file says nothing without the file.
    """
    specs = {str(spec): spec for spec in (method_spec(entry.method) for entry in profile.grid.methods)}
    return [load_method(specs[name]) for name in sorted(specs)]


def _within(report: Report, name: str, phase: str, fraction: float) -> None:
    """What a step says of its own parts."""
    report(f"{name}: {phase}", fraction)


def long_pairs(context: Context, spec: CellSpec) -> list[str]:
    """A line for each source of which more than one pair in a hundred is too long to be trained on."""
    length = context.key.max_length
    return [
        f"{source}: {count['too_long']:,} of {count['pairs']:,} training pairs ({count['too_long'] / count['pairs']:.0%}) "
        f"have more than {length} tokens and are left out (training.max_length)"
        for source, count in context.texts.left_out(spec.order_languages).items()
        if count["too_long"] > NOTED * count["pairs"]
    ]


def _text_facts(context: Context, profile: Profile) -> list[dict[str, Any]]:
    encoder = context.teacher.encoder if context.key.same_model else load_encoder(context.key.student, "cpu")
    return measure(context.suite, encoder.tokenizer, profile.evaluation.tasks, profile.evaluation.split)


def _suite(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    evaluation = profile.evaluated()
    if not query_sets(context, evaluation.tasks, {}, evaluation.split, spec.asked):
        raise nothing_asked(spec)


def _encoder(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    _ = context.teacher.encoder
    _ = context.texts.fits


def _english(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    if context.teacher.keeps_english:
        context.teacher.make_english(done)
    _ = context.teacher.space


def _student(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    if context.key.head == "linear":
        context.student.linear_map(done)
    _ = context.student.start(), context.student.lengths("text")


def _documents(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    tasks = [name for name in profile.evaluation.tasks if name in context.suite.tasks]
    for name in tasks:
        context.documents.encode(name, done, profile.evaluation.late_mode == "approximate")


def _ceiling(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    _ = english_ceiling(context, spec), english_start(context, spec)


def _retrievers(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    methods = _methods(profile)
    for encoder in sorted({profile.models.place(method.params.encoder) for method in methods if method.kind == "retriever"}):
        other = own_retriever(context, encoder)
        for step in (_english, _documents):
            step(other, profile, spec, done)


def _translators(context: Context, profile: Profile, spec: CellSpec, done: Callable[[float], None]) -> None:
    for method in (one.translation for one in _methods(profile)):
        if method.translator and (share := TRANSLATIONS[method.translator].prepare):
            share(context, method, precision_of(profile.hardware.precision), lambda _, fraction, *__: done(fraction))


# In this order: each needs the ones before it.
STEPS: dict[str, Callable[[Context, Profile, CellSpec, Callable[[float], None]], None]] = {
    "suite": _suite, "encoder": _encoder, "english states": _english, "student": _student, "document states": _documents,
    "ceiling": _ceiling, "other retrievers": _retrievers, "english decoder": _translators,
}  # fmt: skip
