"""Every command of `bench` stands in one of four panels of the help, and the shell can complete its name."""

from __future__ import annotations

import pytest
import typer.main
from typer.testing import CliRunner

from bench.cli.app import app


def test_every_command_has_a_panel() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    panels = [command.rich_help_panel for command in commands.values()]
    assert list(dict.fromkeys(panels))[0] == "Run"
    assert set(panels) == {"Run", "Look", "Data", "Extend"}, dict(zip(commands, panels, strict=True))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_command_name_is_completed(shell: str) -> None:
    asked = {"_BENCH_COMPLETE": f"complete_{shell}", "COMP_WORDS": "bench lea", "COMP_CWORD": "1"}
    asked["_TYPER_COMPLETE_ARGS"] = "bench lea"
    answer = CliRunner().invoke(app, env=asked, prog_name="bench")
    assert "leaderboard" in answer.output
    assert "methods" not in answer.output
