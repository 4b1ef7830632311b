"""What cells need on a machine that shares no disk with this one: files, told by their content and sent in pieces."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.base.content import content_hash
from bench.base.errors import BenchError
from bench.base.once import one_at_a_time
from bench.base.paths import atomic_write, cache_dir
from bench.experiment.spec import CellSpec

PIECE = 16 * 2**20  # bytes
CACHE, HUB, INPUTS = "cache", "hub", "inputs"  # folders of the place where a parcel lies
PASSING = (".lock", ".tmp", ".old")  # endings of what is there for a moment only


@dataclass(frozen=True)
class Item:
    """One file.

    Attributes:
        place: its path in the parcel, with `/`.
        entry: the part of `place` that appears whole or not at all: a suite, a list of states.
    """

    place: str
    entry: str
    size: int
    sha256: str

    @property
    def pieces(self) -> int:
        """Number of pieces that it is sent in; an empty file has none."""
        return -(-self.size // PIECE)


@dataclass(frozen=True)
class Parcel:
    """What a run's cells need.

    Attributes:
        items: the files.
        moved: path as a spec has it -> its place in the parcel.
        sources: sha256 -> where the file lies here.
    """

    items: tuple[Item, ...] = ()
    moved: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(item.size for item in self.items)

    def listed(self) -> str:
        """The files as text, for other machines."""
        return json.dumps([asdict(item) for item in self.items])

    def piece(self, sha256: str, number: int) -> bytes:
        """Bytes of one piece of a file; numbers begin with 0."""
        with Path(self.sources[sha256]).open("rb") as stream:
            stream.seek(number * PIECE)
            return stream.read(PIECE)


def pack(used: Iterable[str], specs: Sequence[CellSpec]) -> Parcel:
    """The parcel of these cells.

    Args:
        used: files and folders of the caches, as `prepare` tells them.
        specs: name models, a languages file and methods that lie in folders of the user.
    """
    from huggingface_hub import constants

    roots = {CACHE: cache_dir().absolute(), HUB: Path(constants.HF_HUB_CACHE).absolute()}
    found: dict[str, tuple[str, Path]] = {}  # place -> entry, file
    for path in map(Path, used):
        for name, root in roots.items():
            if path.is_relative_to(root):
                entry = f"{name}/{path.relative_to(root).as_posix()}"
                found |= {f"{entry}{end}": (entry, file) for end, file in _files(path)}
                break
    moved: dict[str, str] = {}
    for name in dict.fromkeys(name for spec in specs for name in _inputs(spec)):
        path = Path(name).expanduser()
        files = [(end, file) for end, file in _files(path) if not any(part.startswith(".") for part in end.split("/"))]
        digest = hashlib.sha256("".join(f"{end}\0{content_hash(file)}\0" for end, file in files).encode()).hexdigest()[:16]
        moved[name] = f"{INPUTS}/{digest}/{path.absolute().name}"
        found |= {f"{moved[name]}{end}": (moved[name], file) for end, file in files}
    items = tuple(
        Item(place, entry, file.stat().st_size, content_hash(file)) for place, (entry, file) in sorted(found.items())
    )
    return Parcel(items, moved, {item.sha256: str(found[item.place][1]) for item in items})


def items_of(listed: str) -> list[Item]:
    """What `Parcel.listed` wrote."""
    return [Item(**one) for one in json.loads(listed)]


def missing(items: Iterable[Item], root: Path) -> list[Item]:
    """Those that do not lie in `root` with their content."""
    return [item for item in items if not _held(root / item.place, item)]


def receive(
    items: Sequence[Item], root: Path, fetch: Callable[[Item, int], bytes], report: Callable[[float], None] = lambda share: None
) -> int:
    """Bring what is missing of a parcel into `root`; one process of a machine does, the others wait.

    Args:
        fetch: gives a piece of a file.
        report: is told of the share that has come.

    Returns:
        Bytes that were fetched.

    Raises:
        BenchError: a file has other content than it was announced with.
        OSError: a full disk.
    """
    root.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(root / ".lock"):
        wanted, incoming = missing(items, root), root / ".incoming"
        total = sum(item.size for item in wanted)
        come = fetched = 0
        for item in wanted:
            target = incoming / item.place
            if not _held(target, item):  # it may have come before a run that was broken off
                _write(item, target, fetch)
                fetched += item.size
            come += item.size
            report(come / max(1, total))
        for entry in dict.fromkeys(item.entry for item in wanted):
            _move_in(incoming / entry, root / entry)
        return fetched


def relocated(spec: CellSpec, moved: dict[str, str], root: Path) -> CellSpec:
    """`spec` with the paths that it has on another machine, where the parcel lies in `root`; its key stays."""
    there = {here: str(root / place) for here, place in moved.items()}
    content = spec.model_dump(mode="json")
    models, data = content["models"], content["data"]
    for side in ("teacher", "student"):
        models[side] = there.get(models[side], models[side])
    models["places"] = {name: there.get(path, path) for name, path in models["places"].items()}
    data["languages_file"] = there.get(data["languages_file"], data["languages_file"])
    path, colon, cls = spec.method_source.rpartition(":")
    content["method_source"] = f"{there.get(path, path)}{colon}{cls}"
    return CellSpec.model_validate(content)


def sender() -> str:
    """A name for this machine's cache folder that no other has, the same as long as the folder lives."""
    file = cache_dir() / "elsewhere" / "id"
    if not file.is_file():
        atomic_write(file, uuid.uuid4().hex[:12])
    return file.read_text(encoding="utf-8")


def _inputs(spec: CellSpec) -> list[str]:
    """Folders and files of the user that a cell reads, as its spec has them."""
    models = spec.models
    names = [models.teacher, models.student, *models.places.values(), spec.data.languages_file or ""]
    names.append(spec.method_source.rpartition(":")[0])
    return [name for name in names if name and not name.startswith("builtin:") and Path(name).expanduser().exists()]


def _files(path: Path) -> list[tuple[str, Path]]:
    """(end of its place, file) of a file, or of all in a folder."""
    if path.is_file():
        return [("", path)]
    return [
        (f"/{file.relative_to(path).as_posix()}", file)
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(part.endswith(PASSING) for part in file.relative_to(path).parts)
    ]


def _held(path: Path, item: Item) -> bool:
    try:
        return path.stat().st_size == item.size and content_hash(path) == item.sha256
    except OSError:
        return False


def _write(item: Item, target: Path, fetch: Callable[[Item, int], bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as stream:
        for number in range(item.pieces):
            piece = fetch(item, number)
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() != item.sha256:
        target.unlink()
        raise BenchError(f"{item.place} came with other content than it was sent with", "was it changed meanwhile? Run again")


def _move_in(arrived: Path, final: Path) -> None:
    """Whole where nothing was there; file by file into a folder that has something."""
    final.parent.mkdir(parents=True, exist_ok=True)
    if not final.exists() or arrived.is_file():
        os.replace(arrived, final)
        return
    for file in sorted(path for path in arrived.rglob("*") if path.is_file()):
        target = final / file.relative_to(arrived)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
