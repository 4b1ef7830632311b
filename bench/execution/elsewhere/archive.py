"""The result of a cell on its way back: one archive, checked, taken over by the machine that holds the store."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.base.errors import BenchError
from bench.base.jsonfile import read_json, to_json
from bench.execution.base import Event, Failed, Finished
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store

STUDENT = "student/student.json"  # names the model that a kept student was trained from
OWN = ("key", "id", "files")  # of a manifest: written anew here


@dataclass(frozen=True)
class Archive:
    """A cell's folder as one file (tar.gz), and its sha256."""

    content: bytes
    sha256: str

    @classmethod
    def of(cls, folder: Path) -> Archive:
        """Of everything in a folder."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as tar:
            tar.add(folder, arcname=".", filter=_plain)
        content = stream.getvalue()
        return cls(content, hashlib.sha256(content).hexdigest())

    def unpack(self, folder: Path) -> None:
        """Its files into an existing folder.

        Raises:
            BenchError: it is not what was sent, or holds a link, or a name that leads elsewhere.
            OSError: a full disk.
        """
        if hashlib.sha256(self.content).hexdigest() != self.sha256:
            raise BenchError("the result of a cell came back damaged", "run again: finished cells are kept")
        with tarfile.open(fileobj=io.BytesIO(self.content), mode="r:gz") as tar:
            for member in tar:
                place = PurePosixPath(member.name)
                if member.isdir():
                    continue
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or place.is_absolute() or ".." in place.parts:
                    raise BenchError(f"the result of a cell holds {member.name!r}, which is no file of it", "look at that node")
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as stream:
                    shutil.copyfileobj(content, stream)


def take_over(spec: CellSpec, store: Store, folder: Path, moved: dict[str, str], reason: str = "") -> Event:
    """Turn a folder of `store.writing(spec)`, filled on another machine, into one that was filled here.

    Args:
        spec: as it was planned here.
        folder: what came back, with the manifest that was written there.
        moved: end of a path there -> path here, of the models that were sent.
        reason: of a cell that failed.

    Raises:
        BenchError: it is the result of another cell.
    """
    manifest: dict[str, Any] = read_json(folder / "manifest.json")
    if manifest.get("key") != spec.key or manifest.get("id") != spec.id:
        raise BenchError(f"the result that came back for {spec.id} is of another cell", "run again: finished cells are kept")
    about = read_json(folder / STUDENT)
    for end, here in moved.items():
        if str(about.get("start", "")).endswith(f"/{end}"):
            (folder / STUDENT).write_text(to_json(about | {"start": here}), encoding="utf-8")
    (folder / "manifest.json").unlink()
    manifest = store.finish(spec, folder, {name: value for name, value in manifest.items() if name not in OWN})
    if manifest["status"] == "done":
        return Finished(spec.id, manifest)
    return Failed(spec.id, reason)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without names of users."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
