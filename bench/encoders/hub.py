"""Names of models: a directory, or a name on the hub with the revision that it stands for. Loads no torch."""

from __future__ import annotations

import re
from pathlib import Path

from bench.base.errors import BenchError
from bench.encoders.builtin.names import BUILTIN
from bench.encoders.directory.modules import MODULES, OWN

EXPORTED = "late"  # folder of an export
MAIN = "main"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WAIT = 10  # seconds for an answer of the hub


def directory_of(name: str) -> Path | None:
    """The directory that a name leads to on this machine, if it is one; of an export the part that the bench reads."""
    if name.startswith("builtin:") or not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return None
    if not (folder / MODULES).exists() and (folder / EXPORTED / OWN).exists():
        folder /= EXPORTED  # what `bench export` wrote; its two forms hold the same encoder
    return folder


def is_hub_name(name: str) -> bool:
    """Whether a model is one of the hub: neither built in nor a directory."""
    return bool(name) and name not in BUILTIN and not name.startswith(("builtin:", ".", "/", "~")) and directory_of(name) is None


def split(name: str) -> tuple[str, str]:
    """Repository and revision of `name` or `name@revision`; the revision is `main` where none is given.

    >>> split("acme/tiny@v1")
    ('acme/tiny', 'v1')
    """
    repository, _, revision = name.partition("@")
    return repository, revision or MAIN


def pinned(name: str, revision: str) -> str:
    """The name with a revision in the place of its own."""
    return f"{split(name)[0]}@{revision}"


def revision_of(name: str, ask: bool = False) -> str | None:
    """The commit that a name on the hub stands for; None where nobody here knows.

    Args:
        name: with or without `@revision`: a branch, a tag, a commit or the beginning of one.
        ask: ask the hub first; without it, or where it does not answer, what was last fetched counts.
    """
    repository, revision = split(name)
    if _COMMIT.fullmatch(revision):
        return revision
    if ask and (found := _asked(repository, revision)):
        return found
    return _fetched(repository, revision)


def check_resolved(name: str) -> BenchError:
    """The error of a name that stands for no known commit."""
    repository, revision = split(name)
    return BenchError(
        f"cannot get the model {name!r}: it is no directory here, the hub does not answer, and no copy of it is on this machine"
        + ("" if revision == MAIN else f" at the revision {revision!r}"),
        f"without network use {', '.join(BUILTIN)} or the directory of a model; with network check the name {repository}",
    )


def _asked(repository: str, revision: str) -> str | None:
    from huggingface_hub import HfApi

    try:
        return HfApi().model_info(repository, revision=revision, timeout=_WAIT).sha
    except Exception:  # the hub raises a dozen kinds; what is on this machine counts then
        return None


def _fetched(repository: str, revision: str) -> str | None:
    """From the library's own folder: refs/<revision> holds a commit, snapshots/<commit> its files."""
    from huggingface_hub import constants

    if ".." in Path(repository).parts or ".." in Path(revision).parts or Path(revision).is_absolute():
        return None
    place = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        found = (place / "refs" / revision).read_text(encoding="utf-8").strip()
        if _COMMIT.fullmatch(found):
            return found
    except (OSError, ValueError):
        pass
    begun = [path.name for path in place.glob("snapshots/*") if len(revision) >= 7 and path.name.startswith(revision)]
    return begun[0] if len(begun) == 1 and _COMMIT.fullmatch(begun[0]) else None
