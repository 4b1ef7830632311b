"""`bench restore`: the cells of a published folder, put back where `bench run` goes on from them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.analysis.results import CellName, read_packed
from bench.base.errors import BenchError
from bench.base.jsonfile import to_json
from bench.base.manifest import now
from bench.base.paths import atomic_write
from bench.base.progress import steps
from bench.data import text_facts
from bench.experiment.packed import FILES, IDENTITY, MANIFEST, QUESTIONS, SMALL, Packed
from bench.experiment.plan import Plan
from bench.experiment.record import RUNS, read_runs
from bench.experiment.spec import CellSpec
from bench.experiment.store import differences, folder_name
from bench.output.publish import trec
from bench.output.tables.leaderboard_text import TUNING

NEEDED = (QUESTIONS, FILES, "profile.yaml")


@dataclass
class Restored:
    """What became of the cells of a plan: ids.

    Attributes:
        put_back: from the folder, each checked.
        kept: they had a result here already, or a newer one of other settings.
        differ: the folder has them with another key: cell id -> in what they differ.
        unusable: the folder has them, but damaged: cell id -> how.
        absent: the folder does not have them.
        others: of the folder, not in the plan.
        again: of `put_back`, those that the plan will run all the same, since it asks for their trained students.
    """

    put_back: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    differ: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)


def restore(folder: Path, plan: Plan) -> Restored:
    """Put the cells of a published folder that a plan asks for into its store, with the record of their runs.

    A cell comes back only if the key that the plan works out here, from profile, data, models and code, is the one that the
    folder gives, and if its scores are those that the folder was published with. A result that is here stays, unless it is older
    and of other settings: then it moves to `replaced/`, as when `bench run` replaces it. Run files come back where the folder has
    them; trained students are never in it.

    Raises:
        BenchError: the folder is no published one or not finished, a file of it was changed, another run holds the store.
    """
    packed = _opened(folder)
    found = Restored(others=sorted(set(packed.cells) - {spec.id for spec in plan.specs}))
    mark = {"published": _sha256(folder / MANIFEST), "restored": now()}
    with plan.store.lock():
        for spec in steps("putting cells back", plan.specs):
            manifest = packed.cells.get(spec.id)
            if manifest is None:
                found.absent.append(spec.id)
            elif manifest.get("key") != spec.key:
                found.differ[spec.id] = _difference(packed, spec)
            elif _stays(plan, spec, manifest):
                found.kept.append(spec.id)
            elif damage := read_packed(CellName.parse(spec.id, spec.order), packed, spec.key).reason:
                found.unusable[spec.id] = damage
            else:
                _put_back(plan, spec, packed, manifest | {"restored": mark})
                found.put_back.append(spec.id)
                found.again += [spec.id] if plan.store.state(spec) != "done" else []
        if found.put_back:
            _records(folder, packed, plan)
            atomic_write(plan.store.root / "profile.yaml", plan.description())
    return found


def _opened(folder: Path) -> Packed:
    packed = Packed(folder)
    if not packed.manifest:
        raise BenchError(f"{folder} holds no {MANIFEST} that can be read", "give a folder that `bench publish` wrote")
    if not Packed.there(folder) or "format" not in packed.manifest:
        raise BenchError(f"{folder} holds no scores of questions (earlier versions left them out)", "publish it again")
    listed = packed.manifest.get("files")
    if not isinstance(listed, dict):
        raise BenchError(f"{folder} is not finished: `bench publish` was broken off", "publish the experiment again")
    for name in NEEDED:
        stated = (listed.get(name) or {}).get("sha256")
        if not (folder / name).is_file() or _sha256(folder / name) != stated:
            raise BenchError(f"{folder / name} is not the file that was published", f"see `bench verify {folder}`; get it again")
    return packed


def _difference(packed: Packed, spec: CellSpec) -> str:
    """In what settings a cell of the folder differs from the one that is planned here."""
    try:
        published = json.loads(packed.files(spec.id).get(IDENTITY, ""))
    except ValueError:
        return "the folder does not say in what"
    return "; ".join(differences(published, spec.identity())) or "nothing but its key"


def _stays(plan: Plan, spec: CellSpec, manifest: dict[str, Any]) -> bool:
    """Whether what lies in the store stays: the same result, or one that is not older."""
    if plan.store.state(spec) == "done":
        return True
    there = plan.store.manifest(spec)
    if there.get("status") != "done":
        return False
    if there.get("key") == spec.key:  # damaged, or without the student that is asked for: not to be mended with less
        return not plan.store.changes(spec)[0].startswith("damaged")
    return str(there.get("finished") or "") >= str(manifest.get("finished") or "")


def _put_back(plan: Plan, spec: CellSpec, packed: Packed, manifest: dict[str, Any]) -> None:
    with plan.store.writing(spec) as folder:
        packed.questions(spec.id).to_parquet(folder / "per_query.parquet", index=False)
        texts = packed.files(spec.id)
        for name in SMALL:  # what somebody else wrote names no other file
            if name in texts:
                (folder / name).write_bytes(texts[name].encode("utf-8"))
        runs = packed.folder / trec.RUNS / folder_name(spec.id)
        for path in sorted(runs.glob("*.trec.gz")) if runs.is_dir() else ():
            _check(packed, path)
            (folder / "runs").mkdir(exist_ok=True)
            (folder / "runs" / path.name).write_bytes(path.read_bytes())
        plan.store.finish(spec, folder, {**manifest, "status": "done"})


def _check(packed: Packed, path: Path) -> None:
    name = path.relative_to(packed.folder).as_posix()
    if (packed.manifest["files"].get(name) or {}).get("sha256") != _sha256(path):
        raise BenchError(f"{path} is not the file that was published", f"see `bench verify {packed.folder}`; get it again")


def _records(folder: Path, packed: Packed, plan: Plan) -> None:
    """Runs, facts of texts and trials of the folder; what is here already counts."""
    root = plan.store.root
    runs = read_runs(root / RUNS)
    older = [one for one in packed.manifest.get("runs") or () if one not in runs]
    atomic_write(root / RUNS, to_json(sorted([*older, *runs], key=lambda one: str(one.get("started")))))
    here = text_facts.read(root)
    rows = [{"language": code, **facts} for code, facts in text_facts.read(folder).items() if code not in here]
    if rows:
        text_facts.add(root, rows)
    if (folder / TUNING).is_file() and not (root / TUNING).exists():
        atomic_write(root / TUNING, (folder / TUNING).read_bytes())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
