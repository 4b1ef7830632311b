"""The commands that look at stored results: compare, scaling, agreement, report, watch. None of them imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.base.errors import BenchError, unknown

Experiment = Annotated[
    str, typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder.")
]
Results = Annotated[Path, typer.Option("--results", help="Folder of experiments.")]


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for command in (compare, scaling, budget, agreement, report, watch):
        app.command(rich_help_panel="Look")(command)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A method, as the leaderboard names it.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The method that A is held against.")],
    profile: Experiment = "default",
    results: Results = Path("results"),
    size: Annotated[list[int] | None, typer.Option("--size", help="Only this number of trained languages.")] = None,
    scorer: Annotated[list[str] | None, typer.Option("--scorer", help="Only this scorer: dense, late or sparse.")] = None,
    task: Annotated[list[str] | None, typer.Option("--task", help="Only this task; default: the mean over tasks.")] = None,
    group: Annotated[list[str] | None, typer.Option("--group", help="Only these: trained, core, held-out, guard.")] = None,
    over_sizes: Annotated[bool, typer.Option("--over-sizes", help="One row a group, the mean over sizes: fewer tests.")] = False,
    margin: Annotated[
        float | None, typer.Option("--margin", min=0.0001, help="Smaller differences are of no interest; default: the profile's.")
    ] = None,
    slopes: Annotated[bool, typer.Option("--slopes", help="Compare how both grow with the number of languages.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the numbers to this file.")] = None,
) -> None:
    """Is A better than B, where, by how much, and could it be chance? From stored results alone."""
    from bench.analysis import comparison
    from bench.analysis.results import folder_of, load
    from bench.base.paths import atomic_write
    from bench.output.tables import comparison_text, slopes_text

    experiment = load(folder_of(profile, results))
    if slopes:
        rows = comparison.compare_slopes(experiment, first, second, size or (), scorer or (), task or (), group or (), margin)
        if csv:
            atomic_write(csv, rows.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
        _show(slopes_text.text(rows, first, second))
        return
    found = comparison.compare(experiment, first, second, size or (), scorer or (), task or (), group or (), over_sizes, margin)
    if csv:
        atomic_write(csv, found.rows.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    _show(comparison_text.text(found))


def scaling(profile: Experiment = "default", results: Results = Path("results")) -> None:
    """How scores grow with the number of languages, and what reaches languages that were not trained."""
    from bench.analysis.results import folder_of
    from bench.output.tables import leaderboard

    folder = folder_of(profile, results)
    leaderboard.write(folder)
    file = folder / leaderboard.SCALING
    if not file.is_file():
        raise BenchError(f"no cell of {folder} has a score yet", "run the experiment first: bench run")
    _show(file.read_text(encoding="utf-8"))


def budget(
    steps: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Experiments that differ in training.pairs.")],
    size: Annotated[int | None, typer.Option("--size", help="Trained languages; default: the most that all steps have.")] = None,
    group: Annotated[str, typer.Option("--group", help="Languages of the mean: trained, core, held-out, guard.")] = "trained",
    out: Annotated[Path, typer.Option("--out", help="Folder for budget.csv, .md, .svg and .png.")] = Path("."),
) -> None:
    """What more pairs buy: gains over the references at each budget, from several experiments. Writes a table and a picture."""
    from bench.analysis.results import load
    from bench.analysis.verdicts.budget import ladder
    from bench.analysis.verdicts.comparer import GROUPS
    from bench.output import budget as writing

    if group not in GROUPS:
        raise unknown("group", group, GROUPS)
    rows = ladder([load(step) for step in steps], size, group)
    if not len(rows):
        raise BenchError("no step has a trained method beside a floor", "run the profile with `untrained` among its methods")
    files = writing.write(rows, out)
    _show(files[1].read_text(encoding="utf-8"))


def agreement(
    profile: Experiment = "default",
    results: Results = Path("results"),
    depth: Annotated[int, typer.Option("--depth", min=2, help="k: documents of each list that are compared.")] = 10,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Pairs of languages drawn from each group.")] = 30,
) -> None:
    """Does the same question get the same ranking in every language? Reads the stored run files (MRC@k)."""
    from bench.analysis import agreement as work
    from bench.analysis.results import folder_of

    _show(work.write(folder_of(profile, results), depth, pairs))


def report(
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", "-p", help="Name of an experiment under --results, or path of its folder. Repeat for several."),
    ] = None,
    results: Results = Path("results"),
    out: Annotated[Path | None, typer.Option("--out", help="The HTML file; default: report.html in the experiment.")] = None,
    highlight: Annotated[
        list[str] | None, typer.Option("--highlight", help="Comma list of methods to show in colour at first, and to compare.")
    ] = None,
    texts: Annotated[
        str, typer.Option("--texts", help="Texts of queries and documents: shareable, none, or all (never pass that page on).")
    ] = "shareable",
    figures: Annotated[bool, typer.Option(help="Write figures/ (SVG, PNG) and leaderboard.tex beside the page.")] = True,
) -> None:
    """Write one HTML page of everything that is stored: answer, curves, tables, languages, costs, queries."""
    from bench.analysis.results import folder_of
    from bench.experiment.selection import split_list
    from bench.output.report.texts import WHICH
    from bench.output.report.write import write

    if texts not in WHICH:
        raise unknown("choice of --texts", texts, WHICH)
    folders = [folder_of(name, results) for name in profile or ["default"]]
    page, *others = write(folders, out or folders[0] / "report.html", split_list(highlight), texts, figures)  # type: ignore[arg-type]
    typer.echo(page)
    if others:
        typer.echo(f"{len(others)} files for a paper in {others[0].parent} and {others[-1]}")


def watch(
    profile: Experiment = "default",
    results: Results = Path("results"),
    once: Annotated[bool, typer.Option("--once", help="Look once, in place of until the run ends.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="One line a cell: state, time, loss on dev pairs.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Show all cells of an experiment, and how far those at work are, from another terminal than that of the run."""
    from bench.analysis.results import folder_of
    from bench.execution.watch import watch as look

    look(folder_of(profile, results), Console(), once, every, cells)


def _show(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
