import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json
from bench.cli import app
from bench.data import text_facts
from bench.experiment.packed import QUESTIONS
from bench.experiment.record import RUNS, add_run, read_runs
from bench.output.publish.restore import restore
from bench.output.publish.write import publish
from tests.output.publish.conftest import Made

CELLS = ["untrained@0#0", "english@0#0", "contrastive@2#3", "contrastive(form=dense)@2#3"]


def test_lost_results_come_back_as_they_were(made: Made, copy: Path, tmp_path: Path) -> None:
    plan = made.plan(tmp_path / "results")
    found = restore(copy, plan)
    assert found.put_back == CELLS and not (found.kept or found.differ or found.absent or found.others or found.again)
    again = made.plan(tmp_path / "results")
    assert set(again.states.values()) == {"done"} and not again.to_run()
    for spec in plan.specs:
        here, there = plan.store.folder(spec), made.folder / "cells" / plan.store.folder(spec).name
        names = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
        assert names == {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
        assert {"metrics.csv", "spec.json", "runs/faq.late.swh_Latn.trec.gz"} <= names
        for name in names - {"manifest.json", "per_query.parquet"}:
            assert (here / name).read_bytes() == (there / name).read_bytes(), (spec.id, name)
        tables = [pd.read_parquet(folder / "per_query.parquet") for folder in (here, there)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)
        own, original = (read_json(folder / "manifest.json") for folder in (here, there))
        assert own.pop("restored")["published"] and own.pop("files").keys() == original.pop("files").keys()
        assert own == original
    assert read_runs(plan.store.root / RUNS) == read_runs(made.folder / RUNS)
    publish(plan.store.root, tmp_path / "second")
    for path in made.published.rglob("*"):
        if path.is_file() and path.name not in ("manifest.json", "profile.yaml"):  # times; the way to the encoder
            assert path.read_bytes() == (tmp_path / "second" / path.relative_to(made.published)).read_bytes(), path.name


def test_only_cells_of_the_same_key_come_back(made: Made, copy: Path, tmp_path: Path) -> None:
    found = restore(copy, made.plan(tmp_path / "results", "training.pairs=40", "grid.seeds=[3, 4]"))
    assert found.put_back == ["untrained@0#0", "english@0#0"]
    assert found.differ["contrastive@2#3"] == "training.pairs: 48 -> 40"
    assert found.absent == ["contrastive@2#4", "contrastive(form=dense)@2#4"]
    found = restore(copy, made.plan(tmp_path / "results", "grid.methods=[untrained]"))
    assert found.kept == ["untrained@0#0"] and found.others == sorted(CELLS[1:])


def test_a_result_that_is_there_stays(made: Made, copy: Path, tmp_path: Path) -> None:
    plan = made.plan(tmp_path / "results")
    shutil.copytree(made.folder / "cells", plan.store.cells)
    untrained, _, newer, older = plan.specs
    mine = plan.store.folder(untrained) / "mine.txt"
    mine.write_text("the same key, so that there is nothing to put back")
    for spec, finished in ((newer, "2999-01-01T00:00:00Z"), (older, "1999-01-01T00:00:00Z")):
        path = plan.store.folder(spec) / "manifest.json"
        path.write_text(json.dumps(read_json(path) | {"key": "another", "finished": finished}))
    found = restore(copy, plan)
    assert found.kept == [CELLS[0], CELLS[1], newer.id] and found.put_back == [older.id]
    assert mine.is_file() and plan.store.manifest(newer)["key"] == "another"
    assert [path.name for path in (plan.store.root / "replaced").iterdir()] == [f"{plan.store.folder(older).name}.another"]


def test_a_damaged_or_failed_cell_is_mended(made: Made, copy: Path, tmp_path: Path) -> None:
    plan = made.plan(tmp_path / "results")
    shutil.copytree(made.folder / "cells", plan.store.cells)
    first, second, *_ = plan.specs
    (plan.store.folder(first) / "per_query.parquet").write_bytes(b"half")
    path = plan.store.folder(second) / "manifest.json"
    path.write_text(json.dumps(read_json(path) | {"status": "failed"}))
    assert restore(copy, plan).put_back == [first.id, second.id]
    assert {plan.store.state(spec) for spec in plan.specs} == {"done"}


def test_students_that_are_asked_for_are_said_to_be_trained_again(made: Made, copy: Path, tmp_path: Path) -> None:
    plan = made.plan(tmp_path / "results", "store.students=true")
    found = restore(copy, plan)
    assert found.put_back == CELLS and found.again == CELLS[2:]
    # With what is there, less is not put in its place.
    assert restore(copy, plan).kept == CELLS


def test_records_here_count_more_than_those_of_the_folder(made: Made, copy: Path, tmp_path: Path) -> None:
    plan = made.plan(tmp_path / "results")
    add_run(plan.store.root / RUNS, "2025-01-01T00:00:00Z", 1.0, 1, {}, {})
    text_facts.add(plan.store.root, [{"language": "swh_Latn", "fertility": 9.0}])
    (copy / "texts.csv").write_text("language,fertility,token_premium,unknown_rate\nswh_Latn,1.0,,\nhau_Latn,2.0,,\n")
    (copy / "tuning.csv").write_text("arm\n")
    restore(copy, plan)
    assert [run["started"][:4] for run in read_runs(plan.store.root / RUNS)] == ["2025", "2026"]
    known = text_facts.read(plan.store.root)
    assert known["swh_Latn"]["fertility"] == 9.0 and known["hau_Latn"]["fertility"] == 2.0
    assert (plan.store.root / "tuning.csv").read_text() == "arm\n"
    (plan.store.root / "tuning.csv").write_text("mine\n")
    (made.plan(tmp_path / "results").store.folder(plan.specs[0]) / "manifest.json").unlink()
    assert restore(copy, plan).put_back == CELLS[:1] and (plan.store.root / "tuning.csv").read_text() == "mine\n"
    assert len(read_runs(plan.store.root / RUNS)) == 2


@pytest.mark.parametrize("name", [QUESTIONS, "cells.parquet", "runs/untrained@0#0/faq.late.swh_Latn.trec.gz"])
def test_a_file_that_was_changed_is_not_believed(made: Made, copy: Path, tmp_path: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    plan = made.plan(tmp_path / "results")
    with pytest.raises(BenchError, match="is not the file that was published"):
        restore(copy, plan)
    assert not any(path.is_dir() for path in plan.store.cells.glob("untrained*")) and not list(plan.store.cells.glob(".*"))


def test_scores_that_do_not_give_the_means_are_not_put_back(made: Made, copy: Path, tmp_path: Path) -> None:
    """Whoever changes scores and hash alike is found out by the means of the cell."""
    import hashlib

    table = pd.read_parquet(copy / QUESTIONS)
    table.loc[table["cell"] == CELLS[2], "ndcg@10"] = 1.0
    table.to_parquet(copy / QUESTIONS, index=False)
    manifest = read_json(copy / "manifest.json")
    manifest["files"][QUESTIONS]["sha256"] = hashlib.sha256((copy / QUESTIONS).read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    found = restore(copy, made.plan(tmp_path / "results"))
    assert found.put_back == [CELLS[0], CELLS[1], CELLS[3]] and "differ by" in found.unusable[CELLS[2]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "holds no manifest.json"),
        (lambda folder: (folder / QUESTIONS).unlink(), "holds no scores of questions"),
        (lambda folder: (folder / "manifest.json").write_text(json.dumps({"format": 1})), "is not finished"),
    ],
)
def test_a_folder_that_is_none_says_so(made: Made, copy: Path, tmp_path: Path, change, said: str) -> None:
    change(copy)
    with pytest.raises(BenchError, match=said):
        restore(copy, made.plan(tmp_path / "results"))


def test_the_command(made: Made, copy: Path, tmp_path: Path) -> None:
    asked = ["restore", str(copy), "--profile", str(made.profile), "--results", str(tmp_path / "results")]
    done = CliRunner().invoke(app, [*asked, "--methods", "untrained,contrastive", "--seeds", "3,4"])
    assert done.exit_code == 0, done.output
    assert "2 of 3 cells put back into" in done.output and "1 not in the folder: contrastive@2#4" in done.output
    assert "2 in the folder, not in the plan" in done.output and "1 cells are left" in done.output
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0 and "2 of 4 cells put back" in done.output and "2 kept as they are here" in done.output
    assert "nothing is left to run" in done.output
    # What is newer here and of other settings is kept, and left to run.
    path = tmp_path / "results" / "made" / "cells" / "untrained@0#0" / "manifest.json"
    path.write_text(json.dumps(read_json(path) | {"key": "another", "finished": "2999"}))
    done = CliRunner().invoke(app, asked)
    assert "4 kept as they are here" in done.output and "1 cells are left" in done.output


def test_the_folder_brings_its_own_profile(made: Made, copy: Path, tmp_path: Path) -> None:
    """Of the built-in data; own data and models lie elsewhere on another machine, so that one names one's own profile."""
    done = CliRunner().invoke(app, ["restore", str(copy), "--results", str(tmp_path / "results"), "--set",
                                    f"models.teacher={made.profile.parent}/encoder", "--set",
                                    f"models.student={made.profile.parent}/encoder"])  # fmt: skip
    assert done.exit_code == 0 and "4 of 4 cells put back" in done.output, done.output


def test_names_in_a_folder_lead_nowhere_else(made: Made, copy: Path, tmp_path: Path) -> None:
    """Whoever makes a folder up can hash it too: what it names beside the files that every cell has is left alone."""
    import hashlib

    files = pd.read_parquet(copy / "cells.parquet")
    more = pd.DataFrame({"cell": CELLS[0], "file": ["../../../evil.txt", "evil.txt", str(tmp_path / "evil.txt")], "content": "x"})
    pd.concat([files, more]).to_parquet(copy / "cells.parquet", index=False)
    manifest = read_json(copy / "manifest.json")
    manifest["files"]["cells.parquet"]["sha256"] = hashlib.sha256((copy / "cells.parquet").read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert restore(copy, made.plan(tmp_path / "results")).put_back == CELLS
    assert not list(tmp_path.rglob("evil.txt"))
