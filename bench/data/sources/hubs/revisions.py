"""Which revision of a data set of the hub is read: pinned in the catalogue, named by the user, or looked up once a run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench.base.errors import BenchError, unknown
from bench.base.paths import atomic_write, cache_dir
from bench.data.sources.hubs.catalogue import HUB_DATA, HubData
from bench.data.sources.hubs.files import copy_of, newest

ELSEWHERE = frozenset(["afriqa"])  # read from another place than the repository that it is known by
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def data_set(text: str) -> HubData:
    """The data set that `name` or `name@revision` stands for; its revision is that of the text, if it has one.

    Raises:
        BenchError: no such data set, or one whose source has no revisions.
    """
    name, at, revision = text.partition("@")
    if name not in HUB_DATA:
        raise unknown("data set", name, HUB_DATA, "see `bench data list`")
    one = HUB_DATA[name]
    if not at:
        return one
    if one.library != "datasets" or name in ELSEWHERE:
        raise BenchError(f"{text!r}: {name} has no revisions that can be chosen, it is not read from the Hugging Face hub",
                         f"name it {name}")  # fmt: skip
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise BenchError(f"{text!r} names no revision", f"a commit, a tag or a branch: {name}@main")
    return replace(one, revision=revision)


def revision_said(one: HubData) -> str:
    """What a listing says of the revision."""
    if one.name in ELSEWHERE:
        return "branch main of its repository elsewhere"
    return one.revision or f"its newest commit, looked up once a run ({one.name}@COMMIT chooses one)"


def with_revisions(names: Iterable[str], ask: bool = False) -> tuple[str, ...]:
    """The names of `data.hubs`, each with the commit that it stands for: `mafand` becomes `mafand@0123...`.

    Names stay as they are where the catalogue pins that commit, where the source has no revisions, and where a copy lies on this
    machine, whose files count themselves.

    Args:
        ask: ask the hub; without it what it last answered counts, and a name of which nothing is known stays.

    Raises:
        BenchError: no such data set, or (with `ask`) no answer, and none known from before.
    """
    return tuple(_with_revision(text, ask) for text in names)


def _with_revision(text: str, ask: bool) -> str:
    one = data_set(text)
    if one.library != "datasets" or one.name in ELSEWHERE or copy_of(one.id).is_dir():
        return text
    commit = commit_of(one, ask)
    if commit is None or commit == HUB_DATA[one.name].revision:
        return one.name if commit else text
    return f"{one.name}@{commit}"


def commit_of(one: HubData, ask: bool) -> str | None:
    """The commit of a data set's revision (`main` where it has none), as the hub says or last said; None: nobody here knows.

    Raises:
        BenchError: with `ask`, for None.
    """
    if one.revision and _COMMIT.fullmatch(one.revision):
        return one.revision
    note = _note(one)
    if ask and (found := newest(one.id, one.revision)):
        atomic_write(note, found)
        return found
    try:
        known = note.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        known = ""
    if _COMMIT.fullmatch(known):
        return known
    if ask:
        where = f"revision {one.revision!r} of {one.id}" if one.revision else f"{one.id} (none is pinned)"
        raise BenchError(
            f"cannot look up the commit of {where}: the hub does not answer",
            f"name one (data.hubs: [{one.name}@COMMIT]), or bring a copy from a machine with network:\n"
            f"  hf download {one.id} --repo-type dataset --local-dir {copy_of(one.id)}",
        )
    return None


def _note(one: HubData) -> Path:
    return cache_dir() / "hub-revisions" / f"{one.id}@{one.revision or 'main'}".replace("/", "--")
