"""Tables of what there is: methods, languages, packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from bench.base.errors import BenchError, unknown
from bench.data.languages import SOURCES, Language, Languages
from bench.experiment.method_specs import method_spec
from bench.output.terminal.rows import Rows
from methods import registry
from methods.declaration import Declaration


def methods() -> RenderableType:
    """All methods: summary, parameters with their defaults, reference. One that cannot be used stands there with the reason."""
    table = Rows(("method", "kind", "summary, parameters, reference"))
    for one in map(registry.declared, registry.names()):
        given = ", ".join(f"{key}={param.default}" for key, param in one.params.items())
        lines = [one.summary, f"({given})" if given else "", one.reference.strip("-"), one.source and f"from {one.source}"]
        first, *rest = filter(None, lines)
        table.add(Text(one.name), Text(one.kind), Text(first) + Text("".join(f"\n{line}" for line in rest), style="dim"))
    for name, reason in registry.failures().items():
        table.add(Text(name), Text("error", style="bold red"), Text(reason, style="red"))
    return table


def method(name: str) -> RenderableType:
    """One method with its parameters.

    Args:
        name: of a method, or `path/to/mine.py:MyLoss`.

    Raises:
        BenchError: no such method, or one that cannot be used.
    """
    one = declaration(name)
    rows = [
        (key, param.type, str(param.default), ", ".join(map(str, param.choices)), ", ".join(map(str, param.search)), param.help)
        for key, param in one.params.items()
    ]
    head = [
        Text(one.name, style="bold"),
        Text(one.summary),
        Text(f"reference: {one.reference}"),
    ]
    if not rows:
        return Group(*head, Text("no parameters"))
    return Group(*head, "", _table(("parameter", "type", "default", "allowed", "tuned over", "meaning"), rows))


def declaration(name: str) -> Declaration:
    """What a method says of itself. Raises `BenchError` as `method` does."""
    if ".py" not in name and name not in registry.names() and name not in registry.failures():
        raise unknown("method", name, registry.names())
    return registry.declaration(method_spec(name))


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
    from bench.data.sources.packages.releases import PACKAGES

    rows = [(p.name, p.requirement, f"{p.download_mb:.0f} MB", p.licence, p.note) for p in PACKAGES.values()]
    return _table(("package", "release", "size", "licence", "content"), rows)


def hub_data() -> Rows:
    """All data sets of the hubs."""
    from bench.data.sources.hubs.catalogue import HUB_DATA
    from bench.data.sources.hubs.languages import own_codes
    from bench.data.sources.hubs.revisions import revision_said

    known = Languages.load()

    table = Rows(("data set", "kind", "languages, size, licence, source"))
    for one in HUB_DATA.values():
        kind = one.kind if one.usable else f"{one.kind}, read only"
        there = f"{len(own_codes(one, known))} of the {len(known)} languages of languages.yaml" if one.codes else ""
        source = f"{one.library}: {one.id}" + (f" at {revision_said(one)}" if one.library == "datasets" else "")
        lines = (one.size, there, f"licence: {one.licence}; {one.citation}", source, one.note)
        rest = "".join(f"\n{line}" for line in lines if line)
        table.add(Text(one.name), Text(kind), Text(one.direction) + Text(rest, style="dim"))
    return table


def hub_preview(name: str, language: str | None, shown: int, file: Path | None = None) -> RenderableType:
    """What one data set of the hubs holds in one language, read from its source.

    Args:
        language: any name of it; None: the data set's first, or English where it has no other.

    Raises:
        BenchError: no such data set or language, or data that cannot be had.
    """
    from bench.data.sources.hubs.languages import own_codes
    from bench.data.sources.hubs.reader import preview
    from bench.data.sources.hubs.revisions import data_set

    one = data_set(name)
    known = Languages.load(file)
    codes = own_codes(one, known)
    code = known.get(language).code if language else next(iter(codes), "")
    if code and code not in codes:
        raise BenchError(f"{name} has no {known.get(code).name} ({code})", f"it has: {', '.join(codes) or 'English alone'}")
    lines = [Text(f"{name}, {code or 'English'}: {one.direction}", style="bold")]
    for kind, count, examples in preview(name, codes.get(code, ""), shown):
        lines += [Text(f"{kind}: {count:,}" + ("" if kind in ("queries", "judgements") else " looked at"))]
        lines += [Text(f"  {example[:200]}", style="dim") for example in examples]
    return Group(*lines)


def _language_row(language: Language) -> tuple[str, ...]:
    resource_class = "-" if language.joshi_class is None else str(language.joshi_class)
    sources = " ".join(source for source in sorted(SOURCES) if source in language.sources)
    return language.code, language.name, language.family, resource_class, sources


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Rows:
    found = Rows(columns)
    for row in rows:
        found.add(*row)
    return found
