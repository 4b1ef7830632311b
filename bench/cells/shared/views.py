"""The spaces in which a cell's queries are compared with documents: English means for all, or each language its own mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from bench.base.ragged import Ragged
from bench.cells.shared.context import Context
from bench.cells.shared.documents import Index
from bench.cells.shared.unlabelled import DEV_QUERIES, OwnTexts, own_texts
from bench.data.english import ENGLISH
from bench.encoders import settings
from bench.encoders.encoder import Encoded
from bench.encoders.space import Means
from bench.retrieval.large.index import LargeIndex


class Encodes(Protocol):
    """An encoder, or what encodes like one."""

    @property
    def device(self) -> torch.device: ...

    def encode(self, texts: Sequence[str], kind: str = "query", /) -> Encoded: ...


class Place(Protocol):
    """From raw vectors (..., d) to unit vectors; a `Space` is one."""

    def tokens(self, x: np.ndarray, /) -> np.ndarray: ...
    def pooled(self, x: np.ndarray, /) -> np.ndarray: ...


@dataclass(frozen=True)
class View:
    """One way of comparing queries with documents.

    Attributes:
        index: task -> the index that is searched.
        place: language of a query -> where its vectors go.
        suffixes: what scorers are called: `dense` and each of these. Several, where spaces come to the same.
        by_language: whether `place` looks at the language: equal texts of two languages are then two questions.
    """

    index: Callable[[str], Index | LargeIndex]
    place: Callable[[str], Place]
    suffixes: tuple[str, ...] = ("",)
    by_language: bool = False

    @classmethod
    def english(cls, context: Context, suffixes: tuple[str, ...] = ("",)) -> View:
        """The teacher's English means for everything."""
        return cls(context.documents.index, lambda _: context.teacher.space, suffixes)

    @classmethod
    def own(cls, context: Context, means: Mapping[str, Means], suffixes: tuple[str, ...] = ("",)) -> View:
        """The means of their own language for queries, as far as there are any; documents as in the English space."""
        space = context.teacher.space
        places = {language: space.centred_on(own) for language, own in means.items()}
        return cls(context.documents.index, lambda language: places.get(language, space), suffixes, by_language=True)

    def vectors(self, states: Encoded, rows: Sequence[int], languages: Sequence[str]) -> tuple[np.ndarray, Ragged]:
        """Unit vectors of some texts, one each and one a token.

        Args:
            states: raw ones.
            rows: of the texts in `states`.
            languages: of each of `rows`; not looked at unless `by_language`.
        """
        whole = len(rows) == len(states) and all(i == row for i, row in enumerate(rows))
        pooled = states.pooled if whole else states.pooled[np.asarray(rows, dtype=np.int64)]
        tokens = states.tokens if whole else states.tokens.take(rows)
        if not self.by_language:
            place = self.place("")
            return place.pooled(pooled), Ragged(place.tokens(tokens.vectors), tokens.offsets)
        parts: dict[str, list[int]] = {}
        for i, language in enumerate(languages):
            parts.setdefault(language, []).append(i)
        dense: np.ndarray | None = None
        late: np.ndarray | None = None
        for language, at in parts.items():
            place, own = self.place(language), tokens.take(at)
            one, many = place.pooled(pooled[at]), place.tokens(own.vectors)
            if dense is None or late is None:
                dense = np.empty((len(rows), one.shape[1]), dtype=one.dtype)
                late = np.empty((len(tokens.vectors), many.shape[1]), dtype=many.dtype)
            dense[at] = one
            late[np.concatenate([np.arange(*tokens.offsets[i : i + 2]) for i in at])] = many
        assert dense is not None and late is not None
        return dense, Ragged(late, tokens.offsets)


def suffixes(space: settings.Space) -> dict[str, str]:
    """Spaces that are scored in -> what their scorers end on: nothing for the primary one."""
    return {space.language_means: ""} | {name: f"_{name}" for name in space.others}


def views_of(space: settings.Space, context: Context, means: Mapping[str, Means]) -> list[View]:
    """The primary space, then the others that the profile asks for.

    Args:
        means: of the languages that have one of their own, with the encoder of the queries.
    """
    made = {"english": lambda suffix: View.english(context, (suffix,)), "own": lambda suffix: View.own(context, means, (suffix,))}
    return [made[name](suffix) for name, suffix in suffixes(space).items()]


def own_means(
    context: Context, encoder: Encodes, languages: Sequence[str], most: int, split: str
) -> tuple[dict[str, Means], dict[str, Any]]:
    """Means of languages by an encoder, as far as they have enough texts; and what the manifest says of them.

    English is never among them: its mean is the space's.

    Args:
        most: unlabelled texts of a language, at most.
        split: that is scored, see `own_texts`.
    """
    wanted = [language for language in dict.fromkeys(languages) if language != ENGLISH]
    texts = {language: own_texts(context.suite, context.texts.fits, language, most, split) for language in wanted}
    means: dict[str, Means] = {}
    for language, own in texts.items():
        if own.texts:
            states = encoder.encode(own.texts, "query")
            means[language] = Means.of(states.tokens.vectors, states.pooled)
    return means, used(texts) | {"offset": offsets(context, means)}


def used(texts: Mapping[str, OwnTexts]) -> dict[str, Any]:
    """Of unlabelled texts, for the manifest: how many by language, which have none, which are dev queries."""
    return {
        "texts": {name: len(own.texts) for name, own in texts.items()},
        "without": [name for name, own in texts.items() if not own.texts],
        "from_dev_queries": [name for name, own in texts.items() if own.origin == DEV_QUERIES],
    }


def offsets(context: Context, means: Mapping[str, Means]) -> dict[str, float]:
    """How far the pooled mean of each language lies from the English one, in the units of raw vectors."""
    english = context.teacher.space.pooled_mean
    return {name: round(float(np.linalg.norm(own.pooled - english)), 4) for name, own in means.items()}


def visited(views: Sequence[View], tasks: Sequence[str]) -> dict[str, Any]:
    """For the manifest: task -> how many inverted lists an approximate search visits, and how that was chosen.

    Nothing where no task is searched on disk. All views of a cell search the same index.
    """
    indexes = {task: index for task in dict.fromkeys(tasks) if isinstance(index := views[0].index(task), LargeIndex)}
    return {"probing": {task: index.probing.record() for task, index in indexes.items()}} if indexes else {}
