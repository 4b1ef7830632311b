"""`bench publish`: a folder that others can check, go on from, and give to other tools."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import bench
from bench.analysis.results import Experiment, load
from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.base.paths import atomic_write, remove_left_over
from bench.base.progress import steps, tell, under
from bench.base.yamltext import parsed
from bench.experiment.packed import FILES, IDENTITY, MANIFEST, QUESTIONS, SMALL, Packed, pack_files, pack_questions
from bench.experiment.record import RUNS, read_runs
from bench.experiment.spec import CellSpec
from bench.experiment.store import folder_name
from bench.output.publish import citation, mteb, readme, sheet, trec
from bench.output.tables import leaderboard
from bench.output.tables.leaderboard_text import TUNING

# Phases of progress; those of the tables are told between.
COLLECTING, PACKING, FORMS = "collecting results", "packing scores", "forms for other tools"
FORMAT = 1  # of a published folder
# Worked out from the scores, on both ends.
TABLES = (
    "leaderboard.md", "leaderboard.csv", "leaderboard.tex", "per_language.csv", "lengths.csv", "translation.csv",
    "scaling.md", "scaling.csv", "slopes.csv", "transfer.csv", "covariates.csv",
)  # fmt: skip
LANGUAGES = "languages.yaml"
TAKEN = ("texts.csv", TUNING, "agreement.csv")  # as they lie in the experiment
PICTURES = ("gain", "difference", "languages", "scaling*")
LARGE = 2_000_000  # bytes of a table that is packed
RUNS_LIMIT = 50_000_000  # bytes of run files that go in unless asked


def publish(experiment_dir: Path, target: Path, partial: bool = False, runs: bool | None = None) -> list[Path]:
    """Write a folder that tells all of an experiment that can be passed on: docs/publishing.md says what is in it.

    Nothing in it but manifest.json, the logs of training and columns of seconds is measured time: the same results give the same
    bytes. Tables are worked out from the scores in the folder; those above 2 MB are packed (per_language.csv.gz).

    Args:
        experiment_dir: `results/<experiment>`.
        target: folder, made if need be. Files of an earlier publication go, others stay.
        partial: also of a grid with cells that have no result.
        runs: with run files and judgements; None: if the run files take 50 MB or less.

    Returns:
        The files written, manifest.json last: without it, or without `files` in it, the folder is not finished.

    Raises:
        BenchError: there is no experiment or no result in it; a planned cell has none, and `partial` was not asked for; `target`
            holds an experiment.
    """
    with under(COLLECTING):
        experiment = load(experiment_dir)
    _check(experiment, target, partial)
    before = _start(target)
    done = [cell for cell in experiment.cells if cell.done]
    identities, suites = _identities(experiment)
    manifest: dict[str, Any] = {
        "format": FORMAT, "experiment": experiment.plan.name, "complete": len(done) == len(experiment.cells),
        "written_with": bench.__version__, "command": readme.command(experiment), "suites": suites,
        "runs": read_runs(experiment_dir / RUNS), "cells": [_short(cell.manifest) for cell in done],
    }  # fmt: skip
    atomic_write(target / MANIFEST, to_json(manifest))
    written = [*_inputs(experiment_dir, target), QUESTIONS, FILES]
    frames = {}
    for cell in steps(PACKING, done):
        frames[cell.name.id] = pd.read_parquet(_folder(experiment, cell.name.id) / "per_query.parquet")
    atomic_write(target / QUESTIONS, pack_questions(frames))
    atomic_write(target / FILES, pack_files(_small(experiment, identities)))
    leaderboard.write(target)  # from what lies there now: what can be checked is what is shown
    written += [_packed(target / name) for name in TABLES if (target / name).exists()]
    written += sorted(path.name for name in PICTURES for end in ("svg", "png") for path in target.glob(f"{name}.{end}"))
    tell(FORMS)
    facts = sheet.sheet(experiment, list(dict.fromkeys(suites.values())))
    rankings, left_out = _rankings(experiment, suites, runs, target)
    texts: dict[str, str | bytes] = {
        mteb.FILE: mteb.packed(mteb.members(experiment, suites)), "data.json": to_json(facts), "data.md": sheet.markdown(facts),
        "CITATION.cff": citation.cff(experiment.plan.name, str(experiment.plan.profile.get("summary") or "")),
        "citation.bib": citation.bibtex(experiment.plan.name, facts),
    }  # fmt: skip
    names = [*written, *texts, *rankings, MANIFEST]
    texts["README.md"] = readme.text(experiment, manifest, names, left_out)
    for name, content in texts.items():
        atomic_write(target / name, content)
    manifest["files"] = {name: _hashed(target / name) for name in sorted({*written, *texts, *rankings})}
    for name in set(before) - set(manifest["files"]):
        (target / name).unlink(missing_ok=True)
    atomic_write(target / MANIFEST, to_json(manifest))
    return [target / name for name in (*manifest["files"], MANIFEST)]


def _check(experiment: Experiment, target: Path, partial: bool) -> None:
    name = experiment.plan.name
    if Packed.there(experiment.path):
        raise BenchError(f"{experiment.path} is a published folder already", "copy it, or publish the experiment itself")
    if (target / "cells").is_dir() or target.is_file():
        raise BenchError(f"{target} is {'a file' if target.is_file() else 'the folder of an experiment'}", "name another folder")
    lacking = [cell.name.id for cell in experiment.cells if not cell.done]
    if lacking and (not partial or len(lacking) == len(experiment.cells)):
        raise BenchError(
            f"{len(lacking)} of {len(experiment.cells)} cells have no result: {', '.join(lacking[:5])}",
            f"run them first: bench run --profile {name}"
            + ("" if len(lacking) == len(experiment.cells) else "; or publish what there is with --partial"),
        )


def _start(target: Path) -> list[str]:
    """The files of an earlier publication; from now on until the end the folder says that it is not finished."""
    listed = read_json(target / MANIFEST).get("files")
    remove_left_over(target)
    for name in (trec.RUNS, trec.QRELS):
        shutil.rmtree(target / name, ignore_errors=True)
    (target / MANIFEST).unlink(missing_ok=True)
    return [name for name in listed if inside(name)] if isinstance(listed, dict) else []


def inside(name: str) -> bool:
    """Whether a name that somebody's manifest gives stays in the folder."""
    return ".." not in Path(name).parts and not Path(name).is_absolute()


def _identities(experiment: Experiment) -> tuple[dict[str, str], dict[str, str]]:
    """Cell id -> what its key is the hash of, where this version of the code still says the same; cell id -> key of its suite."""
    identities, suites = {}, {}
    for cell in experiment.cells:
        content = read_json(_folder(experiment, cell.name.id) / "spec.json") if cell.done else {}
        if key := content.get("data_key"):
            suites[cell.name.id] = str(key)
        try:
            identity = json.dumps(CellSpec.model_validate(content).identity(), sort_keys=True) if content else ""
        except ValueError:  # of an earlier version
            continue
        if identity and hashlib.sha256(identity.encode()).hexdigest() == cell.manifest.get("key"):
            identities[cell.name.id] = identity
    return identities, suites


def _small(experiment: Experiment, identities: Mapping[str, str]) -> dict[tuple[str, str], str]:
    found = {(name, IDENTITY): identity for name, identity in identities.items()}
    for cell in experiment.cells:
        for name in SMALL if cell.done else ():
            path = _folder(experiment, cell.name.id) / name
            if path.is_file():
                found[cell.name.id, name] = path.read_bytes().decode("utf-8")
    return found


def _inputs(experiment_dir: Path, target: Path) -> list[str]:
    """Copy what tables are made from beside the scores: the profile, a languages file of one's own, facts of texts, trials."""
    profile = (experiment_dir / "profile.yaml").read_text(encoding="utf-8")
    content, taken = parsed(profile), ["profile.yaml"]
    data = content.get("data") or {}
    named, copies = data.get("languages_file"), data.get("folder")
    if named and (experiment_dir / named).is_file():
        atomic_write(target / LANGUAGES, (experiment_dir / named).read_bytes())
        data["languages_file"] = LANGUAGES
        taken.append(LANGUAGES)
    if copies:  # where this machine had its copies of what `data.hubs` names: others have theirs elsewhere, or the hub
        data["folder"] = None
    if copies or LANGUAGES in taken:
        profile = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    atomic_write(target / "profile.yaml", profile)
    for name in TAKEN:
        if (experiment_dir / name).is_file():
            atomic_write(target / name, (experiment_dir / name).read_bytes())
            taken.append(_packed(target / name))
        else:
            (target / name).unlink(missing_ok=True)
    return taken


def _rankings(experiment: Experiment, suites: Mapping[str, str], asked: bool | None, target: Path) -> tuple[list[str], str]:
    """Names of run files and judgements that were written, and why some are not."""
    files = trec.run_files(experiment)
    size = sum(path.stat().st_size for path in files.values())
    if asked is False or not files:
        return [], "It holds no rankings, so that scores of single questions are taken as they are."
    if asked is None and size > RUNS_LIMIT:
        return [], (
            f"It holds no rankings, which take {size / 1e6:,.0f} MB (`bench publish --runs` adds them), so that scores of single "
            "questions are taken as they are."
        )
    trec.copy_runs(files, target)
    judged = trec.qrels_files(experiment, suites)
    for name, content in judged.items():
        atomic_write(target / name, content)
    lacking = sorted(set(suites.values()) - {name.split("/")[1].removesuffix(".english") for name in judged})
    if lacking or len(suites) < sum(cell.done for cell in experiment.cells):
        return [*files, *judged], (
            "The judgements of some cells are not in it, since the machine that wrote it did not have their suite; their scores "
            "of single questions are taken as they are."
        )
    return [*files, *judged], ""


def _packed(plain: Path) -> str:
    """Pack a file that is large as gzip, which pandas reads; the name that it has then. The other form goes."""
    content, packed = plain.read_bytes(), plain.with_name(f"{plain.name}.gz")
    if len(content) <= LARGE:
        packed.unlink(missing_ok=True)
        return plain.name
    atomic_write(packed, gzip.compress(content, mtime=0))
    plain.unlink()
    return packed.name


def _hashed(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _folder(experiment: Experiment, cell: str) -> Path:
    return experiment.path / "cells" / folder_name(cell)


def _short(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != "files"}


def tables_in(names: Iterable[str]) -> list[str]:
    """Those of TABLES that are among the files of a folder, packed or not."""
    there = {name.removesuffix(".gz") for name in names}
    return [name for name in TABLES if name in there]
