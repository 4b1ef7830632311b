"""Ids of millions of documents in a few bytes each: which occur twice?"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.flaws import Flaws, blank

if TYPE_CHECKING:
    import numpy as np

Row = tuple[int, str, str]  # line, id, text
_NUMBER = re.compile(r"0*(\d+)(?:\.0*)?", re.ASCII)


class Ids:
    """Ids of one kind in the order in which they come, with the text that they stand for; 26 bytes an id.

    Equal ids are told by 64 bits of a hash: among ten million, two different ones meet with a chance of 3 in a million.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.files: list[Path] = []
        self._id, self._text, self._line, self._file = array("Q"), array("Q"), array("Q"), array("H")

    def __len__(self) -> int:
        return len(self._id)

    def add(self, identifier: str, text: str, file: Path, line: int) -> None:
        """Note one; its number is the length before."""
        if not self.files or self.files[-1] != file:
            self.files.append(file)
        self._id.append(_hash(identifier))
        self._text.append(_hash(" ".join(text.split())))
        self._line.append(line)
        self._file.append(len(self.files) - 1)

    @property
    def ids(self) -> np.ndarray:
        """(n,) uint64 hashes of the ids."""
        import numpy as np  # only here: plans look at files, and read none

        return np.frombuffer(self._id, np.uint64)

    @property
    def texts(self) -> np.ndarray:
        """(n,) uint64 hashes of the texts, whatever their white space."""
        import numpy as np

        return np.frombuffer(self._text, np.uint64)

    def place(self, number: int) -> tuple[Path, int]:
        """File and line of one."""
        return self.files[self._file[number]], self._line[number]

    @staticmethod
    def hashes(names: Sequence[str]) -> np.ndarray:
        """(n,) uint64: what `ids` or `texts` hold of these."""
        import numpy as np

        return np.array([_hash(" ".join(name.split())) for name in names], dtype=np.uint64)

    def repeats(self, problems: Problems) -> list[int]:
        """Numbers of those whose id came before.

        With another text they are an error. With the same text they are left out, which is reported if it happens within one
        file: subsets of several languages may hold the same documents.
        """
        import numpy as np

        ids, texts = self.ids, self.texts
        order = np.argsort(ids, kind="stable")
        same = np.flatnonzero(ids[order][1:] == ids[order][:-1]) + 1
        found = []
        first = 0
        for at in same.tolist():
            if ids[order[at]] != ids[order[first]]:
                first = at - 1
            found.append((int(order[at]), int(order[first])))
        for number, before in sorted(found):
            file, line = self.files[self._file[number]], self._line[number]
            there = self.files[self._file[before]]
            place = f"line {self._line[before]}" if there == file else f"{problems.name(there)}:{self._line[before]}"
            if texts[number] != texts[before]:
                problems.error(file, line, "duplicate id", f"has the {self.kind} id of {place}, with another text")
            elif there == file:
                problems.warning(file, line, "repeated row", f"repeats the {self.kind} of {place}: left out")
        return sorted(number for number, _ in found)


def plain(identifier: str) -> str:
    """What ids of one thing have in common that programs wrote differently: `D7`, `d7`; `007`, `7.0`; é in one sign or two."""
    if not identifier.isascii():
        identifier = unicodedata.normalize("NFC", identifier)
    found = _NUMBER.fullmatch(identifier)
    return found[1] if found else identifier.casefold()


def differing(one: str, other: str) -> tuple[str, str]:
    """Two ids of one plain form as a message shows them: where they look alike, with escapes."""
    alike = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    return (ascii(one), ascii(other)) if alike else (repr(one), repr(other))


def flaw(identifier: str) -> str:
    """Why this cannot be an id; "" if it can."""
    if not identifier:
        return "has an empty id"
    if not identifier.isprintable() and not any(map(str.isspace, identifier)):
        return f"has an invisible or control character in its id {identifier!a}"
    if any(map(str.isspace, identifier)):
        return f"has white space in its id {identifier!r}: run files cannot hold that"
    return ""


def usable(rows: Iterable[Row], path: Path, kind: str, problems: Problems) -> Iterator[Row]:
    """The (line, id, text) rows that have an id and a text; the others are reported.

    Args:
        kind: what a row is, in messages: `document` or `query`.
    """
    flaws = Flaws(path, "queries" if kind == "query" else f"{kind}s", problems)
    for line, identifier, text in rows:
        if why := flaw(identifier):
            problems.error(path, line, f"bad {kind} id", why)
        elif blank(text):
            what = "an empty text" if not text.strip() else "nothing to see in its text, invisible characters alone"
            problems.warning(path, line, f"empty {kind}", f"has {what} ({kind} {identifier!r}): left out")
        else:
            yield line, identifier, flaws.seen(text, line)
    flaws.tell()


def kept(items: Sequence[object], dropped: Sequence[int]) -> list:  # type: ignore[type-arg]
    """`items` without those at these places."""
    gone = set(dropped)
    return [item for number, item in enumerate(items) if number not in gone] if gone else list(items)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
