"""Options that several commands have, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion

if TYPE_CHECKING:
    from bench.experiment.selection import Selection

ProfileName = Annotated[
    str,
    typer.Option("--profile", "-p", help="Name of a profile, or path of a YAML file.", autocompletion=completion.profile),
]
Stored = Annotated[
    str,
    typer.Option(
        "--profile", "-p", help="Name of an experiment under --results, or path of its folder.", autocompletion=completion.stored
    ),
]
Results = Annotated[Path, typer.Option("--results", help="Folder of experiments.")]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        "--methods", "--method", help="Comma list: optical,contrastive(form=dense),path/to/mine.py:MyLoss.",
        autocompletion=completion.methods,
    ),
]  # fmt: skip
Sizes = Annotated[list[str] | None, typer.Option("--sizes", help="Comma list of numbers of trained languages.")]
Seeds = Annotated[list[str] | None, typer.Option("--seeds", help="Comma list of seeds.")]
Orders = Annotated[
    list[str] | None,
    typer.Option("--order", help="Comma list of orders in languages.yaml.", autocompletion=completion.orders),
]
LanguageNames = Annotated[
    list[str] | None,
    typer.Option(
        "--languages", help="Comma list that serves as the order: sw,am,Hausa.", autocompletion=completion.language_names
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", help="Comma list of sources to leave out.", autocompletion=completion.sources),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a value of the profile: training.pairs=3000.", autocompletion=completion.setting),
]
KeepStudents = Annotated[bool, typer.Option("--keep-students", help="Store the trained students, for `bench export`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead; messages go to standard error.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Cells at the same time.")]
On = Annotated[
    str | None,
    typer.Option(
        "--on", help="A cluster: ray, ray://host:port or slurm. Default: this machine.", autocompletion=completion.place
    ),
]
Assume = Annotated[
    list[str] | None, typer.Option("--assume", help="Plan for hardware that is not there: pairs_per_second=2000,memory_gb=24.")
]

RESULTS = Path("results")


def selection(*axes: list[str] | None) -> Selection:
    """The part of a grid that is asked for: methods, sizes, seeds, orders, languages."""
    from bench.experiment.selection import Selection

    return Selection(*(split(axis) for axis in axes))


def split(values: list[str] | None) -> tuple[str, ...]:
    """Comma lists as single values."""
    from bench.experiment.selection import split_list

    return split_list(values)
