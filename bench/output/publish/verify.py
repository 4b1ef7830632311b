"""`bench verify`: the tables of a published folder, worked out again from the scores in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import bench
from bench.analysis.results import MEASURES, Cell, Experiment, load
from bench.base.errors import BenchError
from bench.base.progress import steps, under
from bench.experiment.packed import FILES, IDENTITY, MANIFEST, METRICS, QUESTIONS, Packed
from bench.output.publish import compare, mteb, trec
from bench.output.publish.write import FORMAT, LANGUAGES, TABLES, inside
from bench.output.tables import leaderboard
from bench.output.tables.leaderboard_text import TUNING
from bench.retrieval.scoring import summarise

# Phases of progress.
HASHING, LOADING, CHECKING, RANKING = "looking at files", "reading the folder", "checking cells", "checking rankings"
NEEDED = ("profile.yaml", QUESTIONS, FILES)
MOST = 10**9  # bytes that the scores for MTEB unpack to; 300 cells take 20 MB
SOURCES = (*NEEDED, MANIFEST, LANGUAGES, "texts.csv", TUNING)  # what tables are made from


@dataclass
class Checked:
    """What came of the check.

    Attributes:
        differences: one line each, file first; the folder is as its scores say only if there are none.
        notes: what could not be checked, and files that are none of the folder's.
        files, cells, tables, rankings: how many were found to be right.
    """

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    cells: int = 0
    tables: int = 0
    rankings: int = 0

    def summary(self) -> str:
        """The last line of the command."""
        counts = f"{self.files} files, {self.cells} cells, {self.tables} tables and {self.rankings} rankings"
        if self.differences:
            return f"{len(self.differences)} differences; {counts} are right"
        return f"{counts} are right: the tables are what the scores in this folder give"


def verify(folder: Path) -> Checked:
    """Check a published folder from itself alone: no data, no model, no cache.

    - Each file has the sha256 that manifest.json gives, and none is missing.
    - The key of each cell is the hash of the settings that the folder gives for it, and the one that profile.yaml asks for.
    - The means of each cell are those of its questions.
    - Scores of questions are those of rankings and judgements, where these are there.
    - All tables, and the scores for MTEB, are those that the scores of questions give. Pictures are not drawn again.

    Raises:
        BenchError: it is no published folder, or one of another version.
    """
    found = Checked()
    packed = Packed(folder)
    _check_kind(folder, packed)
    _files(folder, packed, found)
    if all((folder / name).is_file() for name in NEEDED):
        try:
            with under(LOADING):
                experiment = load(folder)
        except BenchError as error:
            found.differences.append(f"profile.yaml: {error.message}")
            return found
        _cells(experiment, packed, found)
        _rankings(experiment, packed, found)
        _tables(folder, found)
        _mteb(experiment, packed, found)
    _versions(packed, found)
    return found


def _check_kind(folder: Path, packed: Packed) -> None:
    if not packed.manifest:
        raise BenchError(f"{folder} holds no {MANIFEST} that can be read", "give a folder that `bench publish` wrote")
    kind = packed.manifest.get("format")
    if kind is None:
        raise BenchError(
            f"{folder} holds no scores of questions: an earlier version wrote it, so its tables cannot be worked out again",
            "whoever has the results behind it can publish it anew",
        )
    if kind != FORMAT:
        raise BenchError(f"{folder} has format {kind!r}, and this version reads {FORMAT}", "take the version that wrote it")


def _files(folder: Path, packed: Packed, found: Checked) -> None:
    listed = packed.manifest.get("files")
    if not isinstance(listed, dict):
        found.differences.append(f"{MANIFEST}: it lists no files: `bench publish` was broken off")
        return
    for name, stated in steps(HASHING, sorted(listed.items())):
        if not inside(name):
            found.differences.append(f"{MANIFEST}: {name!r} leads out of the folder")
        elif not (folder / name).is_file():
            found.differences.append(f"{name}: it is missing")
        elif not isinstance(stated, dict) or _sha256(folder / name) != stated.get("sha256"):
            found.differences.append(f"{name}: its sha256 is not the one in {MANIFEST}")
        else:
            found.files += 1
    found.differences += [f"{name}: it is not listed in {MANIFEST}" for name in NEEDED if name not in listed]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    others = sorted(name for name in there - set(listed) - {MANIFEST} if not Path(name).name.startswith("."))
    if others:
        found.notes.append(f"not of this folder, and not looked at: {', '.join(others[:5])}{', ...' if len(others) > 5 else ''}")


def _cells(experiment: Experiment, packed: Packed, found: Checked) -> None:
    unsaid = 0
    for cell in steps(CHECKING, experiment.cells):
        name = cell.name.id
        if cell.state == "missing":
            if packed.manifest.get("complete") is not False:
                found.differences.append(f"{QUESTIONS}: {name} is planned, and its scores are missing")
            continue
        wrong = f"{name}: {cell.reason}" if not cell.done else _means(cell, packed)
        identity = packed.files(name).get(IDENTITY) if cell.done else None
        if identity and (_sha256_of(identity) != cell.manifest.get("key") or _id_of(identity) != name):
            wrong = f"{FILES}: the settings of {name} do not give its key"
        unsaid += cell.done and identity is None
        if wrong:
            found.differences.append(wrong)
        else:
            found.cells += 1
    if experiment.unplanned:
        found.differences.append(f"{MANIFEST}: it has cells that profile.yaml does not: {', '.join(experiment.unplanned[:5])}")
    if unsaid:
        found.notes.append(f"{unsaid} cells do not say what their key is made of (made by another version)")


def _means(cell: Cell, packed: Packed) -> str:
    """What differs between the means of a cell and those of its questions."""
    assert cell.questions is not None  # a done cell has them
    asked = cell.questions[["task", "scorer", "language", "query_id", *MEASURES]]
    means = summarise(asked).to_csv(index=False, float_format="%.6f", lineterminator="\n")
    published = packed.files(cell.name.id)[METRICS].replace("\r\n", "\n")
    difference = compare.texts(METRICS, published, means)
    return f"{FILES}: means of {cell.name.id}: {difference}" if difference else ""


def _id_of(identity: str) -> str:
    try:
        return str(json.loads(identity).get("id"))
    except (ValueError, AttributeError):
        return ""


def _rankings(experiment: Experiment, packed: Packed, found: Checked) -> None:
    """Only cells whose suite is known and judged; a folder without any rankings says so in its README."""
    suites = packed.manifest.get("suites")
    judgements, unjudged = trec.Judgements(packed.folder), 0
    if not (packed.folder / trec.RUNS).is_dir():
        found.notes.append("it holds no rankings: scores of single questions are taken as they are")
        return
    for cell in steps(RANKING, experiment.cells):
        key = suites.get(cell.name.id) if isinstance(suites, dict) else None
        if not cell.done:
            continue
        if key is None:
            unjudged += 1
            continue
        unjudged += _rescored(judgements, cell, str(key), found)
    if unjudged:
        found.notes.append(f"{unjudged} cells lack rankings or judgements: scores of their questions are taken as they are")


def _rescored(judgements: trec.Judgements, cell: Cell, key: str, found: Checked) -> bool:
    """Whether something of the cell could not be checked."""
    assert cell.questions is not None
    lacking = False
    groups = {place: rows for place, rows in cell.questions.groupby(trec.PLACE, sort=False)}
    try:
        for place, scores in trec.rescored(judgements, cell, key):
            if scores is None:
                lacking = True
            elif difference := compare.frames(groups[place].reset_index(drop=True), scores):
                found.differences.append(f"{QUESTIONS}: {cell.name.id}, {', '.join(place)}: {difference}")
            else:
                found.rankings += 1
    except BenchError as error:
        found.differences.append(error.message)
    return lacking


def _tables(folder: Path, found: Checked) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary)
        for name in SOURCES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, own / name)
            elif (folder / f"{name}.gz").is_file():
                (own / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
        try:
            leaderboard.write(own, pictures=False)
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # what is in the files fits no table
            found.differences.append(f"the tables cannot be worked out: {type(error).__name__}: {error}")
            return
        for name in TABLES:
            expected = (own / name).read_text(encoding="utf-8") if (own / name).is_file() else None
            published = _text(folder, name, found)
            if published is None and expected is None:
                continue
            if published is None:
                if not any(line.startswith(f"{name}") for line in found.differences):
                    found.differences.append(f"{name}: it is missing")
            elif difference := compare.texts(name, published, expected or ""):
                found.differences.append(f"{name}: {difference}")
            else:
                found.tables += 1


def _text(folder: Path, name: str, found: Checked) -> str | None:
    """A table, packed or not; None where there is none that can be read."""
    plain, packed = folder / name, folder / f"{name}.gz"
    try:
        if plain.is_file():
            return plain.read_bytes().decode("utf-8")
        return gzip.decompress(packed.read_bytes()).decode("utf-8") if packed.is_file() else None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        found.differences.append(f"{name}: it cannot be read: {error}")
        return None


def _mteb(experiment: Experiment, packed: Packed, found: Checked) -> None:
    path = packed.folder / mteb.FILE
    if not path.is_file():
        return  # told with the files
    suites = packed.manifest.get("suites")
    expected = mteb.members(experiment, suites if isinstance(suites, dict) else {})
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST:
                raise ValueError(f"it unpacks to more than {MOST // 10**6} MB")
            there = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        found.differences.append(f"{mteb.FILE}: it cannot be read: {error}")
        return
    if wrong := sorted(name for name in {*there, *expected} if there.get(name) != expected.get(name)):
        found.differences.append(f"{mteb.FILE}: {len(wrong)} of its files are not what the scores give: {wrong[0]}")


def _versions(packed: Packed, found: Checked) -> None:
    wrote = packed.manifest.get("written_with")
    if found.differences and wrote != bench.__version__:
        found.notes.append(f"it was written with version {wrote}, and this is {bench.__version__}, whose tables may be others")


def _sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
