"""Results on disk: `results/<experiment>/cells/<id>/`, complete or absent, mergeable by copying folders."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from bench.base.jsonfile import read_json, to_json
from bench.base.lock import experiment_lock
from bench.base.manifest import versions
from bench.base.paths import remove_left_over
from bench.experiment.spec import CellSpec

State = Literal["done", "failed", "stale", "missing"]
REQUIRED = ("metrics.csv", "per_query.parquet")
LOGS = "logs"  # what loggers write of a cell
UNFINISHED = "unfinished"  # checkpoints of cells at work
STUDENT = "student/student.safetensors"  # only of cells that were asked to keep it


class Store:
    """The results of one experiment.

    A cell is done only if its manifest is whole, names every file with its size, and carries the key of the
    spec that is asked for. Whatever else lies in its folder is `stale` (other settings, other data, another
    version of the method, damaged, or without the student that is asked for) and is computed again; the old
    folder moves to `replaced/` unless it has the same key.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cells = root / "cells"

    def folder(self, spec: CellSpec) -> Path:
        """Final folder of a cell."""
        return self.cells / folder_name(spec.id)

    def state(self, spec: CellSpec) -> State:
        """What is stored for `spec`."""
        folder = self.folder(spec)
        if not folder.is_dir():
            return "missing"
        manifest = self.manifest(spec)
        if manifest.get("key") != spec.key:
            return "stale"
        if manifest.get("status") == "failed":
            return "failed"
        if manifest.get("status") != "done" or not _complete(folder, manifest):
            return "stale"
        return "stale" if spec.keep_student and STUDENT not in manifest["files"] else "done"

    def manifest(self, spec: CellSpec) -> dict[str, Any]:
        """The stored manifest, whatever its key; empty if there is none that can be read."""
        return read_json(self.folder(spec) / "manifest.json")

    def manifests(self) -> list[dict[str, Any]]:
        """Manifests of all cells that lie in the folder."""
        return [found for path in sorted(self.cells.glob("*/manifest.json")) if (found := read_json(path))]

    def changes(self, spec: CellSpec) -> list[str]:
        """Settings in which a stale cell differs from `spec`, as `training.pairs: 6000 -> 100`."""
        try:
            old = CellSpec.model_validate(read_json(self.folder(spec) / "spec.json")).identity()
        except ValueError:
            return ["written by another version of the program, or damaged"]
        if found := differences(old, spec.identity()):
            return found
        lacking = spec.keep_student and STUDENT not in (self.manifest(spec).get("files") or {})
        return ["their students are not stored" if lacking else "damaged or incomplete files"]

    @contextmanager
    def writing(self, spec: CellSpec) -> Iterator[Path]:
        """A folder beside the final one; moved in on success, removed on an exception."""
        final = self.folder(spec)
        beside = self._beside(spec)
        try:
            yield beside
            self._move_in(spec, beside, final)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def finish(self, spec: CellSpec, folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write spec and manifest into a folder from `writing`; the manifest lists the files with their sizes.

        Raises:
            FileNotFoundError: the runner left out a file that every cell has.
        """
        (folder / "spec.json").write_text(spec.model_dump_json(indent=1) + "\n", encoding="utf-8")
        for name in REQUIRED if manifest["status"] == "done" else ():
            if not (folder / name).is_file():
                raise FileNotFoundError(f"cell {spec.id} ended without {name}")
        files = {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        complete = {"key": spec.key, "id": spec.id, **manifest, "files": files}
        (folder / "manifest.json").write_text(to_json(complete), encoding="utf-8")
        return complete

    def finish_failed(
        self, spec: CellSpec, folder: Path, error: str, manifest: dict[str, Any], log: Path | None = None
    ) -> None:
        """Turn a folder from `writing` into the record of a failure: error.txt, and the logs that explain it."""
        for path in folder.iterdir():
            if path.is_dir():
                if path.name != LOGS:
                    shutil.rmtree(path)
            elif path.name != "train.csv":
                path.unlink()
        if log is not None and log.is_file():
            shutil.copyfile(log, folder / "log.txt")
        (folder / "error.txt").write_text(error, encoding="utf-8")
        self.finish(spec, folder, {**manifest, "status": "failed"})

    def unfinished(self, spec: CellSpec) -> Path:
        """Folder of what an unfinished cell goes on from; another version of the libraries does not go on from it."""
        several = f"-{spec.devices}" if spec.devices > 1 else ""  # what one process keeps of a word table is another thing
        return self.root / UNFINISHED / f"{spec.key[:32]}-{hashlib.sha256(to_json(versions()).encode()).hexdigest()[:8]}{several}"

    def scratch(self, spec: CellSpec) -> Path:
        """A new folder beside the cell's own, for this run only."""
        return self._beside(spec)

    def sweep(self, spec: CellSpec | None = None) -> None:
        """Remove what killed processes left of one cell, or of all and of the tables. Only for the holder of the lock."""
        remove_left_over(self.cells, self.folder(spec).name if spec else "")
        if spec is None:
            remove_left_over(self.root)

    def settle(self, spec: CellSpec) -> None:
        """Remove what a cell would go on from, under any version of the libraries: it lies in its place now."""
        for left in (self.root / UNFINISHED).glob(f"{spec.key[:32]}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def settle_all(self, specs: Iterable[CellSpec]) -> None:
        """The same for cells that are done: a process may have been killed before it came to it. Only while no cell runs."""
        for spec in specs:
            self.settle(spec)
        with suppress(OSError):  # it is not there, or another cell is unfinished
            (self.root / UNFINISHED).rmdir()

    def lock(self) -> Any:
        """Context manager: this process alone writes here. Left-overs of a killed run are removed."""
        return experiment_lock(self.root, self.sweep)

    def _beside(self, spec: CellSpec) -> Path:
        folder = self.folder(spec)
        beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
        beside.mkdir(parents=True)
        return beside

    def _move_in(self, spec: CellSpec, beside: Path, final: Path) -> None:
        if final.exists():
            # Finished results are kept where others take their place; a failure or a damaged folder is not worth it.
            old, new = (read_json(folder / "manifest.json") for folder in (final, beside))
            if old.get("status") == "done" and (old.get("key") != spec.key or new.get("status") == "failed"):
                target = self.root / "replaced" / f"{final.name}.{str(old.get('key'))[:8]}"
                target.parent.mkdir(exist_ok=True)
            else:
                target = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.tmp")
            shutil.rmtree(target, ignore_errors=True)
            os.replace(final, target)
            os.replace(beside, final)
            if target.name.startswith("."):
                shutil.rmtree(target, ignore_errors=True)
        else:
            os.replace(beside, final)


def folder_name(cell_id: str) -> str:
    """The name of a cell's folder: its id, as far as file systems allow."""
    name = quote(cell_id, safe="@#~()=,+.-_")
    if len(name) > 200:  # file systems stop at 255, and a folder beside has a longer name
        name = f"{name[:180]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return name


def _complete(folder: Path, manifest: dict[str, Any]) -> bool:
    files = manifest.get("files")
    if not isinstance(files, dict) or any(name not in files for name in REQUIRED):
        return False
    try:
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except OSError:
        return False


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two `CellSpec.identity` differ, as `training.pairs: 6000 -> 100`."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys([*old, *new])
        return [
            line
            for key in keys
            for line in differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        ]
    if old == new:
        return []
    if len(str(old)) + len(str(new)) > 80:
        return [f"{path} changed"]
    return [f"{path}: {old} -> {new}"]
