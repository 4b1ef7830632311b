"""The commands for results that travel: publish, verify, restore. None of them imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Experiment = Annotated[
    str, typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder.")
]
Results = Annotated[Path, typer.Option("--results", help="Folder of experiments.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `bench publish` wrote.")]
SHOWN = 5  # ids of a list


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for command, panel in ((publish, "Look"), (verify, "Look"), (restore, "Run")):
        app.command(rich_help_panel=panel)(command)


def publish(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that is made, or made anew.")],
    profile: Experiment = "default",
    results: Results = Path("results"),
    partial: Annotated[bool, typer.Option("--partial", help="Also when planned cells have no result yet.")] = False,
    runs: Annotated[
        bool | None,
        typer.Option("--runs/--no-runs", help="With rankings (TREC) and judgements; default: if they take 50 MB or less."),
    ] = None,
) -> None:
    """Write a folder that others can check without you: tables, scores of all questions, what made them, how to cite."""
    from bench.analysis.results import folder_of
    from bench.output.publish.write import publish as work

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
    results: Results = Path("results"),
    methods: Annotated[list[str] | None, typer.Option("--methods", "--method", help="As for `bench run`.")] = None,
    sizes: Annotated[list[str] | None, typer.Option("--sizes", help="As for `bench run`.")] = None,
    seeds: Annotated[list[str] | None, typer.Option("--seeds", help="As for `bench run`.")] = None,
    order: Annotated[list[str] | None, typer.Option("--order", help="As for `bench run`.")] = None,
    languages: Annotated[list[str] | None, typer.Option("--languages", help="As for `bench run`.")] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="As for `bench run`.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="As for `bench run`.")] = None,
) -> None:
    """Put the cells of a published folder back, so that `bench run` of the same profile runs only what is missing."""
    from bench.experiment.plan import make_plan
    from bench.experiment.selection import Selection, split_list
    from bench.output.publish.restore import restore as work

    chosen = Selection(*map(split_list, (methods, sizes, seeds, order, languages)))
    plan = make_plan(profile or str(folder / "profile.yaml"), results, chosen, changes or (), split_list(without))
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
    left = total - len(found.put_back) - len(found.kept) + len(found.again)
    typer.echo("nothing is left to run" if not left else f"{left} cells are left for `bench run`")
    raise typer.Exit(1 if found.unusable else 0)


def verify(folder: Folder) -> None:
    """Work out the tables of a published folder again from the scores in it, and say what differs (status 1)."""
    from bench.output.publish.verify import verify as work

    found = work(folder)
    for line in found.differences:
        typer.echo(f"DIFFERS {line}")
    for line in found.notes:
        typer.echo(f"note: {line}")
    typer.echo(found.summary())
    raise typer.Exit(1 if found.differences else 0)
