"""The commands for results that travel: publish, verify, restore. None of them imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import (
    RESULTS,
    AsJson,
    Changes,
    LanguageNames,
    Methods,
    Orders,
    Results,
    Seeds,
    Sizes,
    Stored,
    Without,
    selection,
    split,
)  # fmt: skip

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `bench publish` wrote.")]
SHOWN = 5  # ids of a list


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for command, panel in ((publish, "Look"), (verify, "Look"), (restore, "Run")):
        app.command(rich_help_panel=panel)(command)


def publish(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that is made, or made anew.")],
    profile: Stored = "default",
    results: Results = RESULTS,
    partial: Annotated[bool, typer.Option("--partial", help="Also when planned cells have no result yet.")] = False,
    runs: Annotated[
        bool | None,
        typer.Option("--runs/--no-runs", help="With rankings (TREC) and judgements; default: if they take 50 MB or less."),
    ] = None,
) -> None:
    """Write a folder that others can check without you: tables, scores of all questions, what made them, how to cite."""
    from bench.analysis.results import folder_of
    from bench.output.publish.write import publish as work
    from bench.output.terminal.meter import Meter

    with Meter():
        written = work(folder_of(profile, results), target, partial, runs)
    inner: dict[str, int] = {}
    for path in written:
        name = path.relative_to(target).as_posix()
        if "/" in name:
            inner[name.partition("/")[0]] = inner.get(name.partition("/")[0], 0) + 1
        else:
            typer.echo(path)
    for name, count in inner.items():
        typer.echo(f"{target / name}: {count} files")
    size = sum(path.stat().st_size for path in written)
    typer.echo(f"{len(written)} files, {size / 1e6:.1f} MB; check them with: bench verify {target}")


def restore(
    folder: Folder,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="Name of a profile, or path of a YAML file; default: the folder's own.")
    ] = None,
    results: Results = RESULTS,
    methods: Methods = None,
    sizes: Sizes = None,
    seeds: Seeds = None,
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
) -> None:
    """Put the cells of a published folder back, so that `bench run` of the same profile runs only what is missing."""
    from bench.experiment.plan import make_plan
    from bench.output.publish.restore import restore as work
    from bench.output.terminal.meter import Meter

    chosen = selection(methods, sizes, seeds, order, languages)
    with Meter():
        plan = make_plan(profile or str(folder / "profile.yaml"), results, chosen, changes or (), split(without))
        found = work(folder, plan)
    total = len(plan.specs)
    typer.echo(f"{len(found.put_back)} of {total} cells put back into {plan.store.root}")
    for said, ids in (
        ("kept as they are here", found.kept), ("not in the folder", found.absent),
        ("in the folder, not in the plan", found.others),
        ("will run again for their trained students, which no published folder holds", found.again),
    ):  # fmt: skip
        if ids:
            typer.echo(f"{len(ids)} {said}: {', '.join(ids[:SHOWN])}{', ...' if len(ids) > SHOWN else ''}")
    for said, reasons in (("of other settings", found.differ), ("damaged", found.unusable)):
        for name, why in list(reasons.items())[:SHOWN]:
            typer.echo(f"{said}: {name}: {why}")
        if len(reasons) > SHOWN:
            typer.echo(f"... and {len(reasons) - SHOWN} more {said}")
    left = sum(plan.store.state(spec) != "done" for spec in plan.specs)
    typer.echo("nothing is left to run" if not left else f"{left} cells are left for `bench run`")
    raise typer.Exit(1 if found.unusable else 0)


def verify(folder: Folder, as_json: AsJson = False) -> None:
    """Work out the tables of a published folder again from the scores in it, and say what differs (status 1)."""
    from bench.output.publish.verify import verify as work
    from bench.output.terminal.meter import Meter

    with Meter():
        found = work(folder)
    if as_json:
        from dataclasses import asdict

        from bench.cli import documents

        documents.emit(asdict(found))
        raise typer.Exit(1 if found.differences else 0)
    for line in found.differences:
        typer.echo(f"DIFFERS {line}")
    for line in found.notes:
        typer.echo(f"note: {line}")
    typer.echo(found.summary())
    raise typer.Exit(1 if found.differences else 0)
