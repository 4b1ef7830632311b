"""Data sets of the hubs that lie on disk, in the layout of one's own data: `data.folder`."""

from __future__ import annotations

from pathlib import Path

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import BitextEntry, Data, TaskEntry
from bench.data.sources.hubs.reader import HubReader


def placed(data: Data, languages: Languages) -> Data:
    """The section with what `data.hubs` names as folders under `data.folder`, or as it is where that is not given.

    A data set `tico-19` is looked for as `bitext/tico-19`, `bitext/tico19` and so on, a task `xorqa-in` as `tasks/xorqa_in`;
    it keeps its name. Nothing is read from the hubs then, and nothing else in the folder is used.

    Raises:
        BenchError: what `HubReader` refuses, a folder that does not exist, a data set that is not in it.
    """
    if data.folder is None:
        return data
    root = Path(data.folder).expanduser()
    if not root.is_dir():
        raise BenchError(f"data.folder: {data.folder!r} is no folder", "it holds bitext/ and tasks/ (docs/hubs.md)")
    bitext, tasks = list(data.bitext), list(data.tasks)
    for one in HubReader(data.hubs, languages).data:
        kind = "tasks" if one.kind == "task" else "bitext"
        path = _folder_of(one.name, root / kind)
        if one.kind == "task":
            tasks.append(TaskEntry(path=str(path), name=one.name))
        else:
            bitext.append(BitextEntry(path=str(path), source=one.name))
    return data.model_copy(update={"bitext": tuple(bitext), "tasks": tuple(tasks), "hubs": (), "folder": None})


def _folder_of(name: str, parent: Path) -> Path:
    there = {_plain(path.name): path for path in sorted(parent.iterdir()) if path.is_dir()} if parent.is_dir() else {}
    if _plain(name) not in there:
        raise BenchError(
            f"data.folder has no {parent.name}/{name}",
            f"put it into {parent}, or leave {name} out of data.hubs; there are: "
            f"{', '.join(path.name for path in there.values()) or 'none'}",
        )
    return there[_plain(name)]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
