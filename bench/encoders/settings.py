"""The sections `models` and `space` of a profile: what encodes, and where vectors are compared."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

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
    # Whose mean is subtracted from a text that is no English, in training and in the scorers dense and late: that of English,
    # or that of its own language. Documents keep the English mean.
    language_means: Literal["english", "own"] = "english"
    # Spaces to score in as well, with scorers dense_own and late_own (or dense_english and late_english).
    score_in: tuple[Literal["english", "own"], ...] = ()
    mean_texts: Annotated[int, Field(ge=1)] = 100  # unlabelled texts of a language that its mean is of, at most

    @model_validator(mode="after")
    def _centred(self) -> Space:
        if not self.centre and self.asks_own:
            raise ValueError("means of languages need space.centre: true (without it no mean is subtracted at all)")
        return self

    @property
    def others(self) -> tuple[str, ...]:
        """Spaces that are scored in beside the primary one."""
        return tuple(name for name in dict.fromkeys(self.score_in) if name != self.language_means)

    @property
    def asks_own(self) -> bool:
        """Whether the means of other languages than English are needed."""
        return "own" in (self.language_means, *self.others)

    def of_key(self) -> dict[str, Any]:
        """The values that decide results; without languages' means where none is asked for, as before there were any."""
        found = self.model_dump(include={"centre", "remove_directions"})
        if self.asks_own:
            found |= {"language_means": self.language_means, "others": list(self.others), "mean_texts": self.mean_texts}
        return found
