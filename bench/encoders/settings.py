"""The sections `models` and `space` of a profile: what encodes, and where vectors are compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bench.base.settings import Settings
from bench.encoders.hub import pinned


class Models(Settings):
    """Encoders: `builtin:multilingual-e5-small`, a `transformers` directory, or a hub name, perhaps with `@revision`."""

    teacher: str = "builtin:multilingual-e5-small"
    student: str = "builtin:multilingual-e5-small"
    # linear: the student reaches the teacher's space through a map fitted in closed form on English, which then stays as it is
    head: Literal["none", "linear"] = "none"
    # What names stand for, filled in when a run begins: a hub name for its commit, a folder that a method names for its path.
    places: dict[str, str] = Field(default_factory=dict)

    def place(self, name: str) -> str:
        """What `load_encoder` is given for a name: a folder, or a hub name at its commit."""
        found = self.places.get(name)
        return name if found is None else found if "/" in found else pinned(name, found)


class Space(Settings):
    """The space in which every method is trained and scored; fitted on the teacher's English bitext."""

    centre: bool = True  # subtract the mean vector: raw ones all point the same way
    remove_directions: Annotated[int, Field(ge=0)] = 0  # so many leading directions are taken out as well
