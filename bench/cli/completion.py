"""What a shell offers after options and arguments. Each function gets what was typed and says what it may become.

A shell waits for it at every press of the key: nothing here loads torch or pandas, and nothing may fail or print.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

Offered = list[tuple[str, str]]  # value, and what it is
Completer = Callable[[typer.Context, str], Offered]
# Those of `bench.experiment.profile.comparison` and `bench.output.report.texts`, which load pydantic and pandas.
GROUPS = ("trained", "core", "held-out", "guard")
TEXTS = ("shareable", "all", "none")


def offered(find: Callable[[typer.Context, str], Iterable[tuple[str, str]]]) -> Completer:
    """`find` as typer wants it: a mistake in a file offers nothing."""

    @functools.wraps(find)
    def complete(ctx: typer.Context, incomplete: str) -> Offered:
        try:
            return list(find(ctx, incomplete))
        except Exception:  # a shell can do nothing with it, and the command itself will say what is wrong
            return []

    return complete


def listed(find: Callable[[typer.Context, str], Iterable[tuple[str, str]]]) -> Completer:
    """For comma lists: what stands before the last comma stays, and is not offered again."""

    def whole(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
        before, comma, last = incomplete.rpartition(",")
        if last.count(")") > last.count("("):  # the comma stands between parameters of a method
            return
        given = before.split(",")
        yield from ((before + comma + value, about) for value, about in find(ctx, last) if value not in given)

    return offered(whole)


def _profiles(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.experiment.profile.file import profile_names

    yield from ((name, "shipped profile") for name in profile_names())
    yield from _files(incomplete, (".yaml", ".yml"))


def _stored(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    results = Path(ctx.params.get("results") or "results")
    yield from ((path.parent.name, "experiment") for path in sorted(results.glob("*/profile.yaml")))
    yield from _files(incomplete, ())


def _methods(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from methods import registry

    yield from ((name, registry.declared(name).summary) for name in registry.names())
    yield from _files(incomplete, (".py",))


def _languages(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.languages import Languages

    known = Languages.load(ctx.params.get("file"))
    for language in known:
        yield language.code, language.name
        # Other spellings only where one was begun: a bare list would name each language three times.
        for other in (language.iso639_1, language.name, *language.aliases) if incomplete else ():
            if other and " " not in other:
                yield other, f"{language.code} {language.name}"


def _orders(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.languages import Languages

    known = Languages.load()
    yield from ((name, f"order of {len(codes)} languages") for name, codes in known.orders.items())
    yield from ((name, f"group of {len(codes)} languages") for name, codes in known.groups.items())


def _languages_and_orders(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from _orders(ctx, incomplete)
    yield from _languages(ctx, incomplete)


def _settings(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Keys of a profile; of the one that is left, the values that it may have, so that the shell adds no space behind a key."""
    keys = dict(settings())
    begun = [key for key in keys if key.startswith(incomplete.partition("=")[0])]
    exact = [key for key in begun if "=" in incomplete and key == incomplete.partition("=")[0]]
    if len(begun) > 1 and not exact:
        yield from ((key, keys[key][0]) for key in begun)
    for key in exact or (begun if len(begun) == 1 else ()):
        yield from ((f"{key}={value}", keys[key][0]) for value in keys[key][1])


def settings() -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Dotted key of a profile -> what it is (its default), and the values that it may have: at least the default."""
    from pydantic_core import PydanticUndefined

    from bench.base.settings import Settings
    from bench.experiment.profile.schema import Profile

    waiting: list[tuple[str, type[Settings]]] = [("", Profile)]
    while waiting:
        prefix, model = waiting.pop(0)
        for name, field in model.model_fields.items():
            inner, key = field.annotation, prefix + name
            if isinstance(inner, type) and issubclass(inner, Settings):
                waiting.append((f"{key}.", inner))
                continue
            default = field.get_default(call_default_factory=True)
            written = "" if default is PydanticUndefined else _written(default)
            yield key, (f"default: {written or 'none'}", _choices(inner) or [written])


def _choices(kind: Any) -> list[str]:
    """The values of a type that has few."""
    if kind is bool:
        return ["true", "false"]
    return [str(one) for one in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []


def _written(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(str, value)) + "]"
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if not isinstance(value, dict) else "{}"


def _resolved(ctx: typer.Context) -> dict[str, Any]:
    """What the profile of the experiment in hand came to; read without the tables behind it."""
    from bench.base.yamltext import parsed

    given, results = ctx.params.get("profile") or "default", Path(ctx.params.get("results") or "results")
    name = given if isinstance(given, str) else given[0]  # of several experiments the first
    folder = results / name if (results / name).is_dir() else Path(name)
    return dict(parsed((folder / "profile.yaml").read_text(encoding="utf-8"))["resolved"])


def _stored_methods(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    resolved = _resolved(ctx)
    short = resolved.get("names") or {}
    methods = dict.fromkeys(cell.rpartition("@")[0] for cell in resolved["cells"])
    yield from ((short.get(method, method), method) for method in methods)


def _cells(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from ((cell, "cell") for cell in _resolved(ctx)["cells"])


def _scorers(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from methods.declaration import ENCODED, SPARSE

    yield from ((name, "scorer") for name in (*ENCODED, SPARSE))


def _tasks(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.settings import TASKS

    try:
        names = _resolved(ctx).get("tasks") or TASKS
    except (OSError, ValueError, KeyError, TypeError):  # no experiment yet
        names = TASKS
    yield from ((name, "task") for name in names)


def _sources(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.settings import SOURCES

    yield from ((name, f"source of the task {task}" if task else "source of bitext") for name, task in SOURCES.items())


def _loggers(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.cells.loggers import PACKAGES

    yield from ((name, "logger") for name in PACKAGES)


def _packages(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.sources.packages.catalogue import PACKAGES

    yield from ((name, one.note) for name, one in PACKAGES.items())


def _hubs(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.data.sources.hubs.catalogue import HUB_DATA

    yield from ((name, one.direction) for name, one in HUB_DATA.items())


def _files(incomplete: str, endings: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Files with these endings that begin so, and folders where a path was begun."""
    place, slash, name = incomplete.rpartition("/")
    for path in sorted(Path(place + slash or ".").expanduser().glob(f"{name}*" if name else "*")):
        if path.is_dir() and incomplete and not path.name.startswith("."):
            yield f"{place}{slash}{path.name}/", "folder"
        elif path.suffix in endings:
            yield f"{place}{slash}{path.name}", "file"


def _places(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from bench.execution.elsewhere.places import PLACES

    yield from ((name, "cluster") for name in PLACES)


def _groups(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from ((name, "group of languages") for name in GROUPS)


def _texts(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from ((name, "texts") for name in TEXTS)


profile, stored, setting = offered(_profiles), offered(_stored), offered(_settings)
method, methods, stored_method = offered(_methods), listed(_methods), offered(_stored_methods)
highlight, cell, group, texts = listed(_stored_methods), offered(_cells), offered(_groups), offered(_texts)
languages, orders, language_names = listed(_languages), listed(_orders), listed(_languages_and_orders)
scorer, task, sources, loggers = offered(_scorers), offered(_tasks), listed(_sources), listed(_loggers)
packages, hub, place = listed(_packages), offered(_hubs), offered(_places)
