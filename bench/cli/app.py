"""The `bench` command. Thin: each command collects its options and calls the part that does the work.

Nothing here, nor what `--help`, `plan`, `leaderboard`, `methods` and `languages` load, imports torch. Completion in a shell
waits for this file too: rich and all that is larger is imported where it is used.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

from bench.base.errors import BenchError
from bench.cli import streams
from bench.cli.commands import data, extend, look, publish, run

BAD_INPUT = 2

app = typer.Typer(
    help="How methods of cross-lingual retrieval distillation scale with the number of languages.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for panel in (run, look, publish, extend, data):  # panels of the help stand in the order of first use
    panel.add(app)


def _version(asked: bool) -> None:
    if asked:
        from bench import __version__

        typer.echo(f"xlsd-bench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks (or set XLSD_DEBUG=1).")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """Options of every command."""
    if debug:
        os.environ["XLSD_DEBUG"] = "1"


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
        from bench.execution.base import where_full  # not before: a help text needs none of it

        if os.environ.get("XLSD_DEBUG"):
            raise
        if (place := where_full(error)) is not None:
            _fail(f"the disk{f' that holds {place}' if place else ''} is full\n  make room, then give the same command again")
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}\n  check the path, its permissions and the room on its disk")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()


def _fail(message: str) -> None:
    from rich.text import Text

    from bench.output.terminal.screen import screen, show

    show(screen(stderr=True), Text("error: ", style="bold red") + Text(message))
    sys.exit(BAD_INPUT)
