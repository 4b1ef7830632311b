"""One cell on another machine: its parcel is brought there, it runs in a process of its own as at home, its result goes back."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.once import one_at_a_time
from bench.base.paths import atomic_write, cache_dir
from bench.execution.base import DiskFull, Failed, Progress, where_full
from bench.execution.elsewhere.archive import Archive
from bench.execution.elsewhere.parcel import CACHE, HUB, Item, receive, relocated
from bench.execution.local import LocalProcesses, call_in_child
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import UNFINISHED, Store

Letter = dict[str, Any]
Checkpoint = tuple[str, str, bytes]  # name of its folder, name of the file, content


@dataclass(frozen=True)
class Order:
    """What a machine is told of a cell.

    Attributes:
        spec: the cell, as JSON has it.
        runner: import path of `run_cell(spec, out_dir, report) -> dict`.
        sender: name of the cache folder that the parcel comes from.
        seen: a file of the sender and its content: who can read it shares the sender's disk.
        unfinished: folder of checkpoints at the sender, for who shares its disk.
        moved: as in `Parcel`.
        environment: variables for the cell.
    """

    spec: dict[str, Any]
    runner: str
    sender: str
    seen: tuple[str, str]
    unfinished: str
    moved: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """As text; a machine with other code can say so before it reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        """What `to_json` wrote."""
        content = json.loads(text)
        return cls(**content | {"seen": tuple(content["seen"])})


def run_order(
    order: Order, items: Sequence[Item], fetch: Callable[[Item, int], bytes], tell: Callable[[Letter], None],
    checkpoint: Checkpoint | None = None,
) -> Letter:  # fmt: skip
    """Run a cell and pack what came of it.

    Args:
        items: of the parcel.
        fetch: gives a piece of a file; not called where the sender's disk is seen.
        tell: takes letters on how far it is: `started`, `progress`, `checkpoint`.
        checkpoint: what an earlier try on another machine left to go on from.

    Returns:
        `{"event": "ended", "archive": Archive, "reason": why it failed}`, or `{"event": "full", "where": str}` if this disk is.

    Raises:
        BenchError: the parcel did not come whole.
    """
    tell({"event": "started"})
    before, own = dict(os.environ), cache_dir().absolute()
    os.environ.update(order.environment)
    try:
        return _run_here(order, items, own, fetch, tell, checkpoint)
    except (DiskFull, OSError) as error:
        if isinstance(error, DiskFull) or where_full(error) is not None:
            return {"event": "full", "where": str(own)}
        raise
    finally:
        # The process may be given another cell.
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Call:
    """A function that a machine is to run once, before any cell: it fills the cache that all machines see.

    Attributes:
        function: import path of `function(profile, report)`.
        profile: as JSON has it.
        threads: that it may use.
        seen: as in `Order`.
        environment: as in `Order`.
    """

    function: str
    profile: dict[str, Any]
    threads: int
    seen: tuple[str, str]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, tell: Callable[[Letter], None]) -> Letter:
        """Run it in a process of its own.

        Returns:
            `{"event": "returned", "result": ...}`.

        Raises:
            BenchError: the function does, or this machine does not see the cache.
        """
        if not sees(self.seen):
            raise unseen(self.seen[0])
        before = dict(os.environ)
        os.environ.update(self.environment | {"XLSD_CACHE": str(Path(self.seen[0]).parent.parent)})
        try:
            profile = Profile.model_validate(self.profile)
            result = call_in_child(self.function, profile, self.threads, lambda *at: tell(_progress(*at)))
            return {"event": "returned", "result": result}
        finally:
            os.environ.clear()
            os.environ.update(before)


def passed_on() -> dict[str, str]:
    """Variables of this process that cells elsewhere get too; no key and no password is among them."""
    names = [name for name in os.environ if name.startswith("XLSD_")] + ["WANDB_MODE", "MLFLOW_TRACKING_URI"]
    return {name: os.environ[name] for name in names if name in os.environ and name != "XLSD_CACHE"}


def seen_file(cache: Path) -> tuple[Path, str]:
    """A new file in a cache folder and its content, by which another machine sees whether the folder is there as well."""
    file, content = cache.absolute() / "elsewhere" / f"seen-{uuid.uuid4().hex}", uuid.uuid4().hex
    atomic_write(file, content)
    return file, content


def shares_disk(order: Order) -> bool:
    """Whether this machine sees the sender's cache and all that is named in the spec."""
    return sees(order.seen) and all(Path(path).expanduser().exists() for path in order.moved)


def sees(seen: tuple[str, str]) -> bool:
    """Whether a file is there with this content."""
    try:
        return Path(seen[0]).read_text(encoding="utf-8") == seen[1]
    except OSError:
        return False


def unseen(file: str) -> BenchError:
    """The error of a machine that must share a disk with this one, and does not."""
    return BenchError(
        f"a node of the cluster does not see {file}", "point XLSD_CACHE and --results to a disk that all nodes share"
    )


@contextmanager
def workplace(parent: Path, kept: Path) -> Iterator[Store]:
    """A store for one cell, removed in the end; what killed processes left of theirs goes as well.

    Args:
        parent: of this machine alone: its locks need not hold for others.
        kept: where checkpoints stay.
    """
    parent.mkdir(parents=True, exist_ok=True)
    place = parent / uuid.uuid4().hex[:12]
    with one_at_a_time(parent / ".lock"):
        for left in (path for path in parent.iterdir() if path.is_dir()):
            if not _busy(left):
                shutil.rmtree(left, ignore_errors=True)
        place.mkdir()
        stream = (place / ".lock").open("a")
        fcntl.flock(stream, fcntl.LOCK_EX)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        (place / UNFINISHED).symlink_to(kept)
        yield Store(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
        stream.close()


def _busy(place: Path) -> bool:
    """Whether a living process holds it."""
    with (place / ".lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _run_here(
    order: Order, items: Sequence[Item], own: Path, fetch: Callable[[Item, int], bytes], tell: Callable[[Letter], None],
    checkpoint: Checkpoint | None,
) -> Letter:  # fmt: skip
    """`run_order`, with `own` as the folder for what belongs to this machine."""
    spec, kept, shared = CellSpec.model_validate(order.spec), Path(order.unfinished), shares_disk(order)
    if shared:
        os.environ["XLSD_CACHE"] = str(Path(order.seen[0]).parent.parent)
    else:
        root = own / "elsewhere" / order.sender
        os.environ["XLSD_CACHE"] = str(root / CACHE)
        if any(item.entry.startswith(f"{HUB}/") for item in items):
            os.environ.update({"HF_HUB_CACHE": str(root / HUB), "HF_HUB_OFFLINE": "1"})
        came = receive(items, root, fetch, lambda share: tell(_progress("fetch", share)))
        if came:
            tell({"event": "fetched", "bytes": came})
        spec, kept = relocated(spec, order.moved, root), root / UNFINISHED
        if checkpoint is not None:
            folder, name, content = checkpoint
            if not (kept / folder / name).exists():
                atomic_write(kept / folder / name, content)
    with workplace(own / "elsewhere" / "at-work" / platform.node(), kept) as store:
        reason = _run(spec, store, order.runner, tell, None if shared else store.unfinished(spec))
        return {"event": "ended", "archive": Archive.of(store.folder(spec)), "reason": reason}


def _run(spec: CellSpec, store: Store, runner: str, tell: Callable[[Letter], None], watched: Path | None) -> str:
    """Run a cell in its own process; a checkpoint that is newly written into `watched` is told with its content.

    Returns:
        Why it failed, if it did.
    """
    before, reason = _newest(watched), ""
    with closing(LocalProcesses(store, 1, runner).run([spec])) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Progress):
                tell(_progress(event.phase, event.fraction, event.dev_loss))
            elif isinstance(event, Failed):
                reason = event.reason
            found = _newest(watched)
            if found is not None and found != before:
                before = found
                tell({"event": "checkpoint", "checkpoint": (found[0].parent.name, found[0].name, found[0].read_bytes())})
    return reason


def _newest(folder: Path | None) -> tuple[Path, int] | None:
    """The whole file in a folder of checkpoints, with the time at which it was written."""
    try:
        files = [] if folder is None else [path for path in folder.iterdir() if not path.name.startswith(".")]
        return max(((path, path.stat().st_mtime_ns) for path in files), key=lambda one: one[1], default=None)
    except OSError:
        return None


def _progress(phase: str, fraction: float, dev_loss: float | None = None) -> Letter:
    return {"event": "progress", "phase": phase, "fraction": fraction, "dev_loss": dev_loss}
