"""The files of a folder. Links are followed as long as they stay inside; every other one is named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from bench.data.sources.local.problems import Problems, printable, true_name

NOT_DATA = re.compile(r"(readme|licen[cs]e|copying|citation|notice|changelog)\b.*|.*\.(md|py|sh|yaml|yml)", re.IGNORECASE)


def walk(folder: Path, boundary: Path, problems: Problems) -> list[Path]:
    """All files under `folder`, sorted; hidden ones are left out.

    Args:
        boundary: the data folder, which links must not leave.
    """
    return sorted(_files(folder, boundary.resolve(), problems, ()))


def entries(folder: Path, boundary: Path, problems: Problems) -> list[Path]:
    """What lies in `folder` itself and can be used, sorted; a link may not leave `boundary`."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        problems.error(folder, 0, "cannot be read", f"cannot be read: {error.strerror}")
        return []
    return [path for path in found if not path.name.startswith(".") and _usable(path, boundary.resolve(), problems)]


def _files(folder: Path, boundary: Path, problems: Problems, above: tuple[str, ...]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        problems.error(folder, 0, "symbolic link", "is a symbolic link to a folder that it lies in")
        return
    for path in entries(folder, boundary, problems):
        if path.is_dir():
            yield from _files(path, boundary, problems, (*above, real))
        elif path.is_file():
            yield path
        else:
            problems.error(path, 0, "no file", "is no file but a pipe, a socket or a device")


def _usable(path: Path, boundary: Path, problems: Problems) -> bool:
    name = true_name(path.name)
    if name is None or not name.isprintable():
        what = "is not UTF-8" if name is None else "holds a control or invisible character"
        problems.error(path, 0, "file name", f"has a name that {what}: rename it")
        return False
    if not path.is_symlink():
        return True
    report = problems.warning if NOT_DATA.fullmatch(name) else problems.error
    to = printable(os.readlink(path))
    if not path.exists():
        report(path, 0, "symbolic link", f"is a symbolic link that leads nowhere (to {to})")
        return False
    if not Path(os.path.realpath(path)).is_relative_to(boundary):
        how = "copy what it leads to, or name that in a profile (data.bitext, data.tasks)"
        report(path, 0, "symbolic link", f"is a symbolic link that leaves the data folder (to {to}): {how}")
        return False
    return True
