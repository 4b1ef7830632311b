"""Tables of what there is: methods, languages, packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.errors import unknown
from bench.languages import SOURCES, Language, Languages
from bench.method_specs import method_spec
from methods import registry


def methods() -> RenderableType:
    """All methods: summary, parameters with their defaults, reference. One that cannot be used stands there with the reason."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("method", "kind", "summary, parameters, reference"):
        table.add_column(column, no_wrap=column == "method")
    for one in map(registry.declared, registry.names()):
        given = ", ".join(f"{key}={param.default}" for key, param in one.params.items())
        lines = [one.summary, f"({given})" if given else "", one.reference.strip("-"), one.source and f"from {one.source}"]
        first, *rest = filter(None, lines)
        table.add_row(Text(one.name), Text(one.kind), Text(first) + Text("".join(f"\n{line}" for line in rest), style="dim"))
    for name, reason in registry.failures().items():
        table.add_row(Text(name), Text("error", style="bold red"), Text(reason, style="red"))
    return table


def method(name: str) -> RenderableType:
    """One method with its parameters.

    Args:
        name: of a method, or `path/to/mine.py:MyLoss`.

    Raises:
        BenchError: no such method, or one that cannot be used.
    """
    if ".py" not in name and name not in registry.names() and name not in registry.failures():
        raise unknown("method", name, registry.names())
    declaration = registry.declaration(method_spec(name))
    rows = [
        (key, param.type, str(param.default), ", ".join(map(str, param.choices)), ", ".join(map(str, param.search)), param.help)
        for key, param in declaration.params.items()
    ]
    head = [
        Text(declaration.name, style="bold"),
        Text(declaration.summary),
        Text(f"reference: {declaration.reference}"),
    ]
    if not rows:
        return Group(*head, Text("no parameters"))
    return Group(*head, "", _table(("parameter", "type", "default", "allowed", "tuned over", "meaning"), rows))


def languages(names: Sequence[str], file: Path | None) -> RenderableType:
    """The languages called so (all without names), then orders and groups.

    Raises:
        BenchError: an unknown name, or a languages file that cannot be used.
    """
    known = Languages.load(file)
    rows = [_language_row(language) for language in (known.resolve(names) if names else known)]
    table = _table(("code", "name", "family", "class", "sources"), rows)
    if names:
        return table
    lists = [
        Text(f"{kind} {name} ({len(codes)}): {' '.join(codes)}")
        for kind, found in (("order", known.orders), ("group", known.groups))
        for name, codes in found.items()
    ]
    return Group(table, Text(f"{len(rows)} languages"), "", *lists)


def packages() -> RenderableType:
    """All data packages."""
    from bench.sources.packages import PACKAGES

    rows = [(p.name, p.requirement, f"{p.download_mb:.0f} MB", p.licence, p.note) for p in PACKAGES.values()]
    return _table(("package", "release", "size", "licence", "content"), rows)


def _language_row(language: Language) -> tuple[str, ...]:
    resource_class = "-" if language.joshi_class is None else str(language.joshi_class)
    sources = " ".join(source for source in sorted(SOURCES) if source in language.sources)
    return language.code, language.name, language.family, resource_class, sources


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
