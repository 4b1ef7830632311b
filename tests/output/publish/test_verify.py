import gzip
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json
from bench.base.paths import REPOSITORY
from bench.cli import app
from bench.experiment.packed import FILES, QUESTIONS
from bench.output.publish import mteb
from bench.output.publish.verify import Checked, verify
from bench.output.publish.write import publish
from bench.output.tables import leaderboard
from tests.output.publish.conftest import Made

CELL = "contrastive@2#3"


def rehash(folder: Path, *names: str, change: Callable[[dict[str, Any]], Any] = lambda manifest: None) -> None:
    """What somebody does who changes a file and wants nobody to notice."""
    manifest = read_json(folder / "manifest.json")
    for name in names:
        manifest["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def said(found: Checked) -> str:
    return "\n".join(found.differences)


def replaced(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, count).encode())


def test_a_sound_folder(made: Made) -> None:
    found = verify(made.published)
    assert not found.differences and not found.notes
    assert found.cells == 4 and found.tables == 10 and found.files == len(read_json(made.published / "manifest.json")["files"])
    assert found.rankings == len(list((made.published / "runs").rglob("*.trec.gz")))
    done = CliRunner().invoke(app, ["verify", str(made.published)])
    assert done.exit_code == 0 and "are right: the tables are what the scores in this folder give" in done.output


def test_without_torch_and_without_data(made: Made, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'pytorch_lightning', 'faiss'): sys.modules[name] = None\n"
        f"sys.argv = ['bench', 'verify', {str(made.published)!r}]\n"
        "from bench.cli import main; main()"
    )
    environment = {**os.environ, "XLSD_CACHE": str(tmp_path / "empty"), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list((tmp_path / "empty").rglob("*.parquet"))


@pytest.mark.parametrize("name", ["leaderboard.csv", "README.md", "gain.png", QUESTIONS, "qrels", "profile.yaml"])
def test_a_missing_file(copy: Path, name: str) -> None:
    path = next((copy / name).rglob("*.gz")) if name == "qrels" else copy / name
    path.unlink()
    assert f"{path.relative_to(copy).as_posix()}: it is missing" in verify(copy).differences


@pytest.mark.parametrize("name", ["leaderboard.csv", "citation.bib", "difference.svg", "cells.parquet"])
def test_a_changed_hash(copy: Path, name: str) -> None:
    rehash(copy, change=lambda manifest: manifest["files"][name].update(sha256="0" * 64))
    found = verify(copy)
    assert found.differences == [f"{name}: its sha256 is not the one in manifest.json"] and found.tables == 10


def test_a_table_that_was_taken_out_with_its_hash(copy: Path) -> None:
    (copy / "slopes.csv").unlink()
    rehash(copy, change=lambda manifest: manifest["files"].pop("slopes.csv"))
    assert verify(copy).differences == ["slopes.csv: it is missing"]


def test_a_number_of_a_table(copy: Path) -> None:
    table = pd.read_csv(copy / "leaderboard.csv", dtype=str)
    row = table.index[(table["method"] == "contrastive") & (table["group"] == "trained")][0]
    before = table.loc[row, "ndcg@10"]
    table.loc[row, "ndcg@10"] = "0.987654"
    table.to_csv(copy / "leaderboard.csv", index=False, lineterminator="\n")
    rehash(copy, "leaderboard.csv")
    [line] = verify(copy).differences
    assert line.startswith(f"leaderboard.csv: ndcg@10 is '0.987654', the scores give {before!r}") and "method contrastive" in line
    done = CliRunner().invoke(app, ["verify", str(copy)])
    assert done.exit_code == 1 and "DIFFERS leaderboard.csv" in done.output and "1 differences" in done.output
    done = CliRunner().invoke(app, ["verify", str(copy), "--json"])
    content = json.loads(done.stdout)
    assert done.exit_code == 1 and content["differences"] == [line] and content["tables"] == 9 and content["cells"] == 4


def test_a_number_of_a_text(copy: Path) -> None:
    replaced(copy / "leaderboard.md", "4 of 4 cells", "5 of 5 cells")
    rehash(copy, "leaderboard.md")
    [line] = verify(copy).differences
    assert line.startswith("leaderboard.md: line ") and "5 of 5 cells" in line


def test_a_row_of_a_table(copy: Path) -> None:
    lines = (copy / "per_language.csv").read_text().splitlines(keepends=True)
    (copy / "per_language.csv").write_text("".join(lines[:-1]))
    rehash(copy, "per_language.csv")
    [line] = verify(copy).differences
    assert line == f"per_language.csv: it has {len(lines) - 2} rows, the scores give {len(lines) - 1}"


def test_a_time_of_a_cell(copy: Path) -> None:
    rehash(copy, change=lambda manifest: manifest["cells"][2]["seconds"].update(total=0.1))
    assert "leaderboard.csv: seconds is" in said(verify(copy))


def better(copy: Path, consistent: bool) -> None:
    """Another score of one question; with means and tables to match, if `consistent`."""
    table = pd.read_parquet(copy / QUESTIONS)
    own = table[(table["cell"] == CELL) & (table["scorer"] == "late") & (table["ndcg@10"] < 1)]
    table.loc[own.index[0], "ndcg@10"] = 1.0
    table.to_parquet(copy / QUESTIONS, index=False)
    names = [QUESTIONS]
    if consistent:
        rows = table[table["cell"] == CELL].groupby(["task", "scorer", "language"])
        means = rows[["ndcg@10", "mrr@10", "recall@100", "success@1"]].mean()
        means.insert(0, "queries", rows.size())
        files = pd.read_parquet(copy / FILES)
        text = means.reset_index().to_csv(index=False, float_format="%.6f")
        files.loc[(files["cell"] == CELL) & (files["file"] == "metrics.csv"), "content"] = text
        files.to_parquet(copy / FILES, index=False)
        leaderboard.write(copy, pictures=False)
        names += [FILES, *(path.name for path in copy.iterdir() if path.suffix in (".md", ".csv", ".tex"))]
        from bench.analysis.results import load

        (copy / mteb.FILE).write_bytes(mteb.packed(mteb.members(load(copy), read_json(copy / "manifest.json")["suites"])))
        names.append(mteb.FILE)
    rehash(copy, *names)


def test_a_score_of_a_question(copy: Path) -> None:
    better(copy, consistent=False)
    lines = verify(copy).differences
    assert any(CELL in line and "differ by" in line for line in lines)
    assert any(line.startswith("leaderboard.md: line") for line in lines)


def test_a_score_that_everything_else_agrees_with_is_not_what_its_ranking_gives(copy: Path) -> None:
    better(copy, consistent=True)
    [line] = verify(copy).differences
    assert line.startswith(f"questions.parquet: {CELL}, ") and "ndcg@10 is 1.000000, the ranking gives" in line


def test_a_ranking_and_a_judgement(copy: Path) -> None:
    run = copy / "runs" / CELL / "symbols.dense.swh_Latn.trec.gz"
    lines = gzip.decompress(run.read_bytes()).decode().splitlines(keepends=True)
    kept = [line for line in lines if int(line.split()[3]) > 10]  # no document of the first ten any more
    run.write_bytes(gzip.compress("".join(kept).encode(), mtime=0))
    rehash(copy, run.relative_to(copy).as_posix())
    assert f"questions.parquet: {CELL}, symbols, dense, swh_Latn: query" in said(verify(copy))
    run.write_bytes(b"no gzip")
    rehash(copy, run.relative_to(copy).as_posix())
    assert "is no whole TREC run" in said(verify(copy))
    [qrels] = [path for path in (copy / "qrels").rglob("symbols.hau_Latn.qrels.gz") if ".english" not in path.parent.name]
    judged = gzip.decompress(qrels.read_bytes()).decode().replace(" 2\n", " 1\n")
    qrels.write_bytes(gzip.compress(judged.encode(), mtime=0))
    rehash(copy, qrels.relative_to(copy).as_posix())
    assert "symbols, dense, hau_Latn: query" in said(verify(copy))


def test_a_setting_that_is_not_that_of_the_key(copy: Path) -> None:
    files = pd.read_parquet(copy / FILES)
    at = (files["cell"] == CELL) & (files["file"] == "identity.json")
    files.loc[at, "content"] = files.loc[at, "content"].str.replace('"pairs": 48', '"pairs": 9999')
    files.to_parquet(copy / FILES, index=False)
    rehash(copy, FILES)
    assert verify(copy).differences == [f"cells.parquet: the settings of {CELL} do not give its key"]


def test_a_key_that_the_profile_does_not_ask_for(copy: Path) -> None:
    rehash(copy, change=lambda manifest: manifest["cells"][0].update(key="0" * 64))
    assert "untrained@0#0: its settings, method or data changed since it ran" in verify(copy).differences


def test_the_scores_for_mteb(copy: Path) -> None:
    with zipfile.ZipFile(copy / mteb.FILE) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    name = next(name for name in texts if name.endswith("xlsd-faq.json"))
    texts[name] = texts[name].replace('"main_score":0.', '"main_score":1.', 1).replace('"main_score":1.', '"main_score":0.5', 1)
    (copy / mteb.FILE).write_bytes(mteb.packed(texts))
    rehash(copy, mteb.FILE)
    [line] = verify(copy).differences
    assert line == f"mteb.zip: 1 of its files are not what the scores give: {name}"
    (copy / mteb.FILE).write_bytes(b"no zip")
    rehash(copy, mteb.FILE)
    assert verify(copy).differences[0].startswith("mteb.zip: it cannot be read")


def test_a_zip_that_unpacks_to_too_much(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.output.publish.verify.MOST", 1000)
    assert verify(copy).differences == ["mteb.zip: it cannot be read: it unpacks to more than 0 MB"]


def test_a_cell_that_was_taken_out(copy: Path) -> None:
    rehash(copy, change=lambda manifest: manifest["cells"].pop(2))
    assert f"questions.parquet: {CELL} is planned, and its scores are missing" in verify(copy).differences


def test_part_of_a_grid_is_right_where_it_says_so(made: Made, tmp_path: Path) -> None:
    import shutil

    part = shutil.copytree(made.folder, tmp_path / "results" / "made")
    (part / "cells" / CELL / "manifest.json").unlink()
    publish(part, tmp_path / "part", partial=True, runs=False)
    found = verify(tmp_path / "part")
    assert not found.differences and found.cells == 3 and found.rankings == 0
    assert found.notes == ["it holds no rankings: scores of single questions are taken as they are"]


def test_files_of_somebody_else_are_said_and_not_looked_at(copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    (copy / ".DS_Store").write_text("nobody's")
    found = verify(copy)
    assert not found.differences and found.notes == ["not of this folder, and not looked at: notes.txt"]
    rehash(copy, change=lambda manifest: manifest["files"].update({"../outside": {"sha256": ""}}))
    assert verify(copy).differences == ["manifest.json: '../outside' leads out of the folder"]


def test_a_folder_that_is_not_finished_or_none_at_all(copy: Path, tmp_path: Path) -> None:
    rehash(copy, change=lambda manifest: manifest.pop("files"))
    assert verify(copy).differences == ["manifest.json: it lists no files: `bench publish` was broken off"]
    rehash(copy, change=lambda manifest: manifest.update(format=99))
    with pytest.raises(BenchError, match="has format 99"):
        verify(copy)
    rehash(copy, change=lambda manifest: manifest.pop("format"))
    with pytest.raises(BenchError, match="an earlier version wrote it"):
        verify(copy)
    with pytest.raises(BenchError, match="holds no manifest.json"):
        verify(tmp_path)
    (copy / "manifest.json").write_text(json.dumps({"format": 1, "files": {}}))
    (copy / "profile.yaml").write_text("name: [")
    assert "profile.yaml: " in said(verify(copy))
