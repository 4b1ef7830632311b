import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from bench.analysis.results import load
from bench.base.errors import BenchError
from bench.cli import app
from bench.experiment.packed import FILES, QUESTIONS, Packed
from bench.experiment.record import RUNS, add_run, read_runs
from bench.output.publish.write import publish
from bench.output.report.content import content
from bench.output.tables import leaderboard
from tests.chaos.tables import contents
from tests.made_up import cell, plan
from tests.output.publish.conftest import Made

CELLS = ("untrained@0#0", "english@0#0", "optical@2#0", "optical@3#0")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures, which take most of the time."""
    monkeypatch.setattr(leaderboard, "_draw", lambda *_: None)


def score(cell_id: str, *_: str) -> float:
    return {"untrained": 0.1, "english": 0.9}.get(cell_id.partition("@")[0], 0.5)


@pytest.fixture
def up(tmp_path: Path) -> Path:
    """An experiment of made-up scores."""
    folder = plan(tmp_path / "results" / "up", CELLS)
    for name in CELLS:
        cell(folder, name, score, files={"metrics.csv": 10}, hardware={"cores": 2})
    return folder


def test_everything_that_was_asked_for_is_there(made: Made) -> None:
    names = {path.relative_to(made.published).as_posix() for path in made.published.rglob("*") if path.is_file()}
    tables = {"leaderboard.md", "leaderboard.csv", "leaderboard.tex", "per_language.csv", "lengths.csv", "scaling.md"}
    tables |= {"scaling.csv", "slopes.csv", "transfer.csv", "covariates.csv", "profile.yaml"}
    pictures = {f"{name}.{end}" for name in ("gain", "difference", "languages", "scaling") for end in ("svg", "png")}
    about = {"README.md", "data.md", "data.json", "CITATION.cff", "citation.bib", "mteb.zip", QUESTIONS, FILES, "manifest.json"}
    assert {name for name in names if "/" not in name} == tables | pictures | about
    runs, qrels = ([name for name in names if name.startswith(part)] for part in ("runs/", "qrels/"))
    assert len(runs) == len(list((made.folder / "cells").rglob("*.trec.gz"))) > 30 and len(qrels) == 10
    manifest = json.loads((made.published / "manifest.json").read_text())
    assert manifest["files"].keys() == names - {"manifest.json"} and manifest["complete"] and manifest["format"] == 1
    assert manifest["files"]["README.md"]["bytes"] == (made.published / "README.md").stat().st_size
    # Nothing of where it was made, of what it was made on, and of the texts that were asked.
    spoken = b"\n".join(_read(made.published / name) for name in names if not name.endswith("png"))
    assert str(made.profile.parent).encode() not in spoken
    asked = pd.read_parquet(made.profile.parent / "suite" / "queries.parquet")["text"]
    assert not any(text.encode() in spoken for text in asked)


def test_a_report_of_the_folder_shows_what_one_of_the_experiment_shows(made: Made) -> None:
    here, there = (content([load(folder)])[0]["views"][0] for folder in (made.folder, made.published))
    curves = {one["id"]: one["curve"] for one in here["cells"]}
    assert any(one and one["loss"] for one in curves.values()) and curves == {one["id"]: one["curve"] for one in there["cells"]}
    assert there["queries"]["note"] == here["queries"]["note"] == "", "the texts of the suite, where the cache has it"
    assert there["queries"] == here["queries"] and any(item[4] for item in here["queries"]["items"]), "with texts and lists"


def _read(path: Path) -> bytes:
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv().encode()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_the_tables_are_those_of_the_experiment(up: Path, tmp_path: Path) -> None:
    """Worked out from the packed scores they are the same, byte for byte."""
    leaderboard.write(up)
    publish(up, tmp_path / "paper")
    for name in ("leaderboard.md", "leaderboard.csv", "per_language.csv", "scaling.md", "slopes.csv", "gain.svg", "scaling.png"):
        assert (tmp_path / "paper" / name).read_bytes() == (up / name).read_bytes(), name
    found = load(tmp_path / "paper")
    assert [one.name.id for one in found.cells if one.done] == list(CELLS) and not found.unplanned
    with pytest.raises(BenchError, match="a published folder already"):
        publish(tmp_path / "paper", tmp_path / "again")


@pytest.mark.usefixtures("undrawn")
def test_one_record_of_runs_and_cells(up: Path, tmp_path: Path) -> None:
    add_run(up / RUNS, "2026-01-01T00:00:00Z", 12.34, 2, {"seconds": {"suite": 3.0}}, {"run": 4, "failed": 0})
    publish(up, tmp_path / "paper")
    content = json.loads((tmp_path / "paper" / "manifest.json").read_text())
    assert [one["id"] for one in content["cells"]] == list(CELLS)
    assert all("files" not in one and one["hardware"] == {"cores": 2} for one in content["cells"])
    [run] = content["runs"]
    assert run["seconds"] == 12.3 and run["cells"]["run"] == 4 and run["prepare"]["seconds"] == {"suite": 3.0}
    assert run["versions"]["python"] and run["hardware"]["cores"] > 0


def test_a_folder_that_is_written_again_holds_nothing_of_the_first(up: Path, made: Made, tmp_path: Path) -> None:
    target = tmp_path / "paper"
    publish(made.folder, target)
    (target / "notes.txt").write_text("mine")
    (target / ".gain.svg.12345678.tmp").write_text("of one that was killed")
    found = publish(up, target)
    names = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert names == {path.relative_to(target).as_posix() for path in found} | {"notes.txt"}
    assert not any(name.startswith(("runs/", "qrels/")) for name in names) and "difference.svg" not in names
    # A name in somebody's manifest leads nowhere else.
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    manifest = json.loads((target / "manifest.json").read_text())
    manifest["files"] |= {"../outside.txt": {}, str(outside): {}}
    (target / "manifest.json").write_text(json.dumps(manifest))
    publish(up, target)
    assert outside.is_file()


def test_the_same_results_are_the_same_bytes_but_for_times(made: Made, tmp_path: Path) -> None:
    slower = shutil.copytree(made.folder, tmp_path / "results" / "made")
    add_run(slower / RUNS, "2027-01-01T00:00:00Z", 99.0, 1, {}, {})
    for path in slower.rglob("manifest.json"):
        content = json.loads(path.read_text()) | {"started": "2030"}
        content["seconds"]["total"] += 1
        path.write_text(json.dumps(content))
    for path in slower.rglob("train.csv"):
        pd.read_csv(path).assign(seconds=9.0).to_csv(path, index=False)
    publish(slower, tmp_path / "second")
    for name in ("README.md", "data.json", "mteb.zip", QUESTIONS, "citation.bib", "runs/untrained@0#0/faq.late.swh_Latn.trec.gz"):
        assert (tmp_path / "second" / name).read_bytes() == (made.published / name).read_bytes(), name
    # What `make chaos` compares.
    first, second = (contents(folder) for folder in (made.published, tmp_path / "second"))
    assert first.keys() == second.keys() and "cells.parquet" in first
    assert [name for name in first if first[name] != second[name]] == []
    assert (made.published / "leaderboard.csv").read_bytes() != (tmp_path / "second" / "leaderboard.csv").read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_a_large_table_is_packed(up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "paper"
    publish(up, target)
    plain = pd.read_csv(target / "per_language.csv")
    size = (target / "per_language.csv").stat().st_size
    monkeypatch.setattr("bench.output.publish.write.LARGE", size - 1)
    found = publish(up, target)
    assert target / "per_language.csv.gz" in found and not (target / "per_language.csv").exists()
    pd.testing.assert_frame_equal(pd.read_csv(target / "per_language.csv.gz"), plain)
    assert (target / "scaling.csv").is_file() and "`per_language.csv.gz`" in (target / "README.md").read_text()
    monkeypatch.setattr("bench.output.publish.write.LARGE", size)
    publish(up, target)
    assert (target / "per_language.csv").is_file() and not (target / "per_language.csv.gz").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_grid_with_holes_is_published_only_when_asked(up: Path, tmp_path: Path) -> None:
    (up / "cells" / "optical@3#0" / "manifest.json").unlink()
    with pytest.raises(BenchError, match="1 of 4 cells have no result: optical@3#0") as said:
        publish(up, tmp_path / "paper")
    assert "--partial" in said.value.hint and not (tmp_path / "paper").exists()
    publish(up, tmp_path / "paper", partial=True)
    content = json.loads((tmp_path / "paper" / "manifest.json").read_text())
    assert not content["complete"] and len(content["cells"]) == 3
    assert "3 of 4 cells are done (1 not run)" in (tmp_path / "paper" / "leaderboard.md").read_text()
    assert "3 of 4 cells are done" in (tmp_path / "paper" / "README.md").read_text()
    for name in CELLS:
        (up / "cells" / name / "manifest.json").unlink(missing_ok=True)
    with pytest.raises(BenchError, match="4 of 4 cells have no result"):
        publish(up, tmp_path / "none", partial=True)


def test_results_are_not_written_over(up: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is the folder of an experiment"):
        publish(up, up)
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="is a file"):
        publish(up, tmp_path / "file")


@pytest.mark.usefixtures("undrawn")
def test_where_copies_of_hub_data_lay_is_nobody_s_business(up: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((up / "profile.yaml").read_text())
    content["data"] = (content.get("data") or {}) | {"hubs": ["ntrex"], "folder": "../../mine/copies"}
    (up / "profile.yaml").write_text(yaml.safe_dump(content))
    publish(up, tmp_path / "paper")
    written = (tmp_path / "paper" / "profile.yaml").read_text()
    assert "copies" not in written and yaml.safe_load(written)["data"]["hubs"] == ["ntrex"]


@pytest.mark.usefixtures("undrawn")
def test_a_languages_file_of_ones_own_travels_along(up: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine" / "languages.yaml"
    own.parent.mkdir()
    shutil.copyfile(Path(__file__).parents[3] / "languages.yaml", own)
    own.write_text(own.read_text(encoding="utf-8").replace("name: Swahili", "name: Kiswahili", 1), encoding="utf-8")
    content = yaml.safe_load((up / "profile.yaml").read_text()) | {"data": {"languages_file": "../../mine/languages.yaml"}}
    (up / "profile.yaml").write_text(yaml.safe_dump(content))
    publish(up, tmp_path / "paper")
    own.unlink()
    assert yaml.safe_load((tmp_path / "paper" / "profile.yaml").read_text())["data"]["languages_file"] == "languages.yaml"
    assert "Kiswahili" in set(pd.read_csv(tmp_path / "paper" / "per_language.csv")["name"])
    leaderboard.write(tmp_path / "paper")
    assert "Kiswahili" in set(pd.read_csv(tmp_path / "paper" / "per_language.csv")["name"])


def test_a_cell_says_what_its_key_is_made_of(made: Made) -> None:
    import hashlib

    packed = Packed(made.published)
    for name, manifest in packed.cells.items():
        identity = packed.files(name)["identity.json"]
        assert hashlib.sha256(identity.encode()).hexdigest() == manifest["key"] and json.loads(identity)["id"] == name


@pytest.mark.usefixtures("undrawn")
def test_run_files_that_are_many_stay_out_unless_asked(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.output.publish.write.RUNS_LIMIT", 1000)
    publish(made.folder, tmp_path / "small")
    assert not (tmp_path / "small" / "runs").exists() and not (tmp_path / "small" / "qrels").exists()
    assert "`bench publish --runs` adds them" in (tmp_path / "small" / "README.md").read_text()
    publish(made.folder, tmp_path / "large", runs=True)
    assert (tmp_path / "large" / "runs").is_dir()


def test_the_command(made: Made, tmp_path: Path) -> None:
    asked = ["publish", str(tmp_path / "out"), "-p", "made", "--results", str(made.results)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0 and "manifest.json" in done.output and (tmp_path / "out" / "scaling.png").exists()
    assert "runs: " in done.output and "trec.gz" not in done.output and "MB; check them with: bench verify" in done.output
    done = CliRunner().invoke(app, [*asked, "--no-runs"])
    assert done.exit_code == 0 and "runs: " not in done.output and not (tmp_path / "out" / "runs").exists()


def test_runs_add_up_and_a_damaged_record_starts_anew(tmp_path: Path) -> None:
    for seconds in (1.0, 2.0):
        add_run(tmp_path / RUNS, "2026-01-01T00:00:00Z", seconds, 1, {}, {})
    assert [run["seconds"] for run in read_runs(tmp_path / RUNS)] == [1.0, 2.0]
    (tmp_path / RUNS).write_text("{")
    assert read_runs(tmp_path / RUNS) == [] == read_runs(tmp_path / "none.json")
