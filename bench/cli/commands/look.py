"""The panel Look: stored results, in every form. None of these commands imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.base.errors import BenchError, unknown
from bench.cli import completion
from bench.cli.options import RESULTS, AsJson, Results, Stored


def add(app: typer.Typer) -> None:
    """Give `app` the commands of this file."""
    for command in (leaderboard, compare, scaling, budget, agreement, report, watch):
        app.command(rich_help_panel="Look")(command)


def leaderboard(profile: Stored = "default", results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Rebuild tables and plots of an experiment from its files."""
    from bench.analysis.results import folder_of
    from bench.cli import documents
    from bench.output.tables.leaderboard import PHASES, write
    from bench.output.terminal.meter import Meter

    folder = folder_of(profile, results)
    with Meter(PHASES):
        text = write(folder)
    if as_json:
        documents.emit(documents.leaderboard(folder))
    else:
        _show(text)


def compare(
    first: Annotated[
        str,
        typer.Argument(metavar="A", help="A method, as the leaderboard names it.", autocompletion=completion.stored_method),
    ],
    second: Annotated[
        str, typer.Argument(metavar="B", help="The method that A is held against.", autocompletion=completion.stored_method)
    ],
    profile: Stored = "default",
    results: Results = RESULTS,
    size: Annotated[list[int] | None, typer.Option("--size", help="Only this number of trained languages.")] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option("--scorer", help="Only this scorer: dense, late or sparse.", autocompletion=completion.scorer),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", help="Only this task; default: the mean over tasks.", autocompletion=completion.task),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="Only these: trained, core, held-out, guard.", autocompletion=completion.group),
    ] = None,
    over_sizes: Annotated[bool, typer.Option("--over-sizes", help="One row a group, the mean over sizes: fewer tests.")] = False,
    margin: Annotated[
        float | None, typer.Option("--margin", min=0.0001, help="Smaller differences are of no interest; default: the profile's.")
    ] = None,
    slopes: Annotated[bool, typer.Option("--slopes", help="Compare how both grow with the number of languages.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the numbers to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Is A better than B, where, by how much, and could it be chance? From stored results alone."""
    from bench.analysis import comparison
    from bench.analysis.results import READING, folder_of, load
    from bench.analysis.verdicts.comparer import COMPARING
    from bench.base.paths import atomic_write
    from bench.cli import documents
    from bench.output.tables import comparison_text, slopes_text
    from bench.output.terminal.meter import Meter

    chosen = (size or (), scorer or (), task or (), group or ())
    with Meter({READING: 1, COMPARING: 1}):
        experiment = load(folder_of(profile, results))
        if slopes:
            moved = comparison.compare_slopes(experiment, first, second, *chosen, margin)
        else:
            found = comparison.compare(experiment, first, second, *chosen, over_sizes, margin)
    if slopes:
        rows, document, text = moved.rows, documents.slopes(moved), slopes_text.text(moved)
    else:
        rows, document, text = found.rows, documents.comparison(found), comparison_text.text(found)
    if csv:
        atomic_write(csv, rows.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    if as_json:
        documents.emit(document)
    else:
        _show(text)


def scaling(profile: Stored = "default", results: Results = RESULTS, as_json: AsJson = False) -> None:
    """How scores grow with the number of languages, and what reaches languages that were not trained."""
    from bench.analysis.results import folder_of
    from bench.cli import documents
    from bench.output.tables.leaderboard import PHASES, SCALING, write
    from bench.output.terminal.meter import Meter

    folder = folder_of(profile, results)
    with Meter(PHASES):
        write(folder)
    file = folder / SCALING
    if not file.is_file():
        raise BenchError(f"no cell of {folder} has a score yet", "run the experiment first: bench run")
    if as_json:
        documents.emit(documents.scaling(folder))
    else:
        _show(file.read_text(encoding="utf-8"))


def budget(
    steps: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Experiments that differ in training.pairs.")],
    size: Annotated[int | None, typer.Option("--size", help="Trained languages; default: the most that all steps have.")] = None,
    group: Annotated[
        str,
        typer.Option(
            "--group", help="Languages of the mean: trained, core, held-out, guard.", autocompletion=completion.group
        ),
    ] = "trained",
    out: Annotated[Path, typer.Option("--out", help="Folder for budget.csv, .md, .svg and .png.")] = Path("."),
    as_json: AsJson = False,
) -> None:
    """What more pairs buy: gains over the references at each budget, from several experiments. Writes a table and a picture."""
    from bench.analysis.results import load
    from bench.analysis.verdicts.budget import ladder
    from bench.base.progress import parts, tell
    from bench.cli import documents
    from bench.experiment.profile.comparison import GROUPS
    from bench.output import budget as writing
    from bench.output.terminal.meter import Meter

    if group not in GROUPS:
        raise unknown("group", group, GROUPS)
    with Meter():
        rows = ladder([load(step) for step in parts(steps)], size, group)
        if not len(rows):
            raise BenchError("no step has a trained method beside a floor", "run the profile with `untrained` among its methods")
        tell("drawing")
        files = writing.write(rows, out)
    if as_json:
        documents.emit({"size": int(rows["size"].iloc[0]), "group": group, "rows": documents.table(files[0])})
    else:
        _show(files[1].read_text(encoding="utf-8"))


def agreement(
    profile: Stored = "default",
    results: Results = RESULTS,
    depth: Annotated[int, typer.Option("--depth", min=2, help="k: documents of each list that are compared.")] = 10,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Pairs of languages drawn from each group.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Does the same question get the same ranking in every language? Reads the stored run files (MRC@k)."""
    from bench.analysis import agreement as work
    from bench.analysis.results import folder_of
    from bench.cli import documents
    from bench.output.terminal.meter import Meter

    folder = folder_of(profile, results)
    with Meter():
        text = work.write(folder, depth, pairs)
    if as_json:
        documents.emit({"results": str(folder), "rows": documents.table(folder / "agreement.csv")})
    else:
        _show(text)


def report(
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", "-p", help="Name of an experiment under --results, or path of its folder. Repeat for several.",
            autocompletion=completion.stored,
        ),
    ] = None,
    results: Results = RESULTS,
    out: Annotated[Path | None, typer.Option("--out", help="The HTML file; default: report.html in the experiment.")] = None,
    highlight: Annotated[
        list[str] | None,
        typer.Option(
            "--highlight", help="Comma list of methods to show in colour at first, and to compare.",
            autocompletion=completion.highlight,
        ),
    ] = None,  # fmt: skip
    texts: Annotated[
        str,
        typer.Option(
            "--texts", help="Texts of queries and documents: shareable, none, or all (never pass that page on).",
            autocompletion=completion.texts,
        ),
    ] = "shareable",  # fmt: skip
    figures: Annotated[bool, typer.Option(help="Write figures/ (SVG, PNG) and leaderboard.tex beside the page.")] = True,
) -> None:
    """Write one HTML page of everything that is stored: answer, curves, tables, languages, costs, queries."""
    from bench.analysis.results import folder_of
    from bench.experiment.selection import split_list
    from bench.output.report.texts import WHICH
    from bench.output.report.write import PHASES, WITHOUT_FIGURES, write
    from bench.output.terminal.meter import Meter

    if texts not in WHICH:
        raise unknown("choice of --texts", texts, WHICH)
    folders = [folder_of(name, results) for name in profile or ["default"]]
    shares = PHASES if figures else WITHOUT_FIGURES
    with Meter(shares):
        page, *others = write(folders, out or folders[0] / "report.html", split_list(highlight), texts, figures)  # type: ignore
    typer.echo(page)
    if others:
        typer.echo(f"{len(others)} files for a paper in {others[0].parent} and {others[-1]}")


def watch(
    profile: Stored = "default",
    results: Results = RESULTS,
    once: Annotated[bool, typer.Option("--once", help="Look once, in place of until the run ends.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="One line a cell: state, time, loss on dev pairs.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Show all cells of an experiment, and how far those at work are, from another terminal than that of the run."""
    from bench.analysis.results import folder_of
    from bench.cli import documents
    from bench.execution.watch import watch as look
    from bench.output.terminal.screen import screen

    folder = folder_of(profile, results)
    if as_json:  # once: a script asks again when it wants to
        documents.emit(documents.watched(folder))
    else:
        look(folder, screen(), once, every, cells)


def _show(text: str) -> None:
    from bench.output.terminal.screen import screen, show_markdown

    show_markdown(screen(), text)
