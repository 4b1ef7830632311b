"""Tables and files of the Hugging Face hub: from a copy on disk where there is one, else through the library."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.base.errors import BenchError
from bench.base.paths import atomic_write, cache_dir

WAIT = 10  # seconds for an answer of the hub
EXTRA = "pip install 'xlsd-bench[hubs]'"


def copy_of(repository: str) -> Path:
    """Where a copy of a repository of the hub is looked for: with the files of the repository, README.md among them."""
    return cache_dir() / "hub" / repository


def library() -> ModuleType:
    """The package datasets; `BenchError` if it is not installed."""
    try:
        import datasets
    except ImportError as error:
        raise BenchError("data sets of the hub need the package datasets", f"install it: {EXTRA}") from error
    return datasets


def table(repository: str, config: str | None, split: str, revision: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows of one split, one after the other; nothing is held in memory.

    Raises:
        BenchError: the library is not installed, or the table cannot be had: says how to place it.
    """
    datasets, local = library(), copy_of(repository)
    try:
        if local.is_dir():
            rows = datasets.load_dataset(str(local), config, split=split, streaming=True)
        else:
            rows = datasets.load_dataset(repository, config, split=split, streaming=True, revision=revision)
        yield from rows
    except Exception as error:  # of the library, the network, a damaged file: they share no class
        which = ", ".join(filter(None, (config and f"configuration {config}", f"split {split}")))
        raise missing(repository, which, error, revision, copied=local.is_dir()) from error


def splits(repository: str, config: str | None, revision: str | None = None) -> list[str]:
    """Names of the splits of a table; as `table` for errors."""
    datasets, local = library(), copy_of(repository)
    try:
        if local.is_dir():
            return list(datasets.get_dataset_split_names(str(local), config))
        return list(datasets.get_dataset_split_names(repository, config, revision=revision))
    except Exception as error:  # as in `table`
        which = f"configuration {config}" if config else ""
        raise missing(repository, which, error, revision, copied=local.is_dir()) from error


def lines(repository: str, path: str, url: str = "", revision: str | None = None) -> Iterator[str]:
    """The lines of one file of a repository, without their ends; empty ones are left out.

    Args:
        path: inside the repository, and inside its copy on disk.
        url: where the file lies if not on the hub; it is then kept in the copy.
        revision: of the repository on the hub.
    """
    local = copy_of(repository) / path
    try:
        if not local.exists():
            local = _download(url, local) if url else _from_hub(repository, path, revision)
        with local.open(encoding="utf-8") as stream:
            yield from (line.rstrip("\r\n") for line in stream if line.strip())
    except BenchError:
        raise
    except Exception as error:  # as in `table`
        place = f"{url} to {copy_of(repository) / path}" if url else ""
        raise missing(repository, f"file {path}", error, revision, place) from error


@cache
def newest(repository: str, revision: str | None = None) -> str | None:
    """The commit that a repository has now, or that a revision of it is; None where the hub does not answer."""
    try:
        from huggingface_hub import HfApi

        return HfApi().dataset_info(repository, revision=revision, timeout=WAIT).sha
    except Exception:  # as in `table`; reading the tables then says what is wrong
        return None


def _from_hub(repository: str, path: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise BenchError("data sets of the hub need the package huggingface_hub", f"install it: {EXTRA}") from error
    return Path(hf_hub_download(repository, path, repo_type="dataset", revision=revision))


def _download(url: str, local: Path) -> Path:
    from urllib.request import urlopen

    with urlopen(url, timeout=float(os.environ.get("XLSD_TIMEOUT", "60"))) as answer:
        atomic_write(local, answer.read())
    return local


def reason_of(error: Exception) -> str:
    """What a library says of an error, in one line of bearable length."""
    said = str(error).split("\n")[0].split(" (Caused by ")[0]
    return textwrap.shorten(said, 200, placeholder=" ...") or type(error).__name__


def missing(
    repository: str, which: str, error: Exception, revision: str | None = None, place: str = "", copied: bool = False
) -> BenchError:
    """What could not be read, why, and how to place it by hand.

    Args:
        place: `ADDRESS to PATH` of a file that is not on the hub.
        copied: it was looked for in the copy on disk alone.
    """
    local = copy_of(repository)
    said = f"cannot read {f'{which} of ' if which else ''}{repository}: {reason_of(error)}"
    pinned = f" --revision {revision}" if revision else ""
    by_hand = f"hf download {repository} --repo-type dataset{pinned} --local-dir {local}"
    if place:
        return BenchError(said, f"without network here, bring the file by hand:\n  {place}")
    if copied:
        return BenchError(said, f"the copy in {local} is used; complete it, or remove it. It is what this brings:\n  {by_hand}")
    return BenchError(said, f"without network here, do this on a machine that has one, and copy the folder:\n  {by_hand}")
