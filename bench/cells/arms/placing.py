"""Arms without training: the student as it starts, its vectors corrected in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bench.base.errors import BenchError
from bench.cells.pairs import dev_rows, pairs_record, training_rows
from bench.cells.shared.context import Context
from bench.cells.shared.unlabelled import own_texts
from bench.cells.shared.views import Encodes, View, own_means, suffixes, used
from bench.data.english import ENGLISH
from bench.encoders.encoder import Encoded
from bench.encoders.maps import alignment
from bench.encoders.maps.alignment import Affine, Side
from bench.encoders.maps.linear_map import token_means
from bench.encoders.space import Centring, Means, Space, first_directions
from bench.experiment.spec import CellSpec
from methods.base import Method

# (spec, context, method, the student as it starts, languages that are asked, found) -> where queries are compared; what the
# manifest says goes into `found`.
Placing = Callable[[CellSpec, Context, Method, Encodes, Sequence[str], dict[str, Any]], View]


def own_mean(
    spec: CellSpec, context: Context, method: Method, encoder: Encodes, languages: Sequence[str], found: dict[str, Any]
) -> View:
    """`centred`: each language on its own mean, documents too where the parameter says so."""
    means, found["language_means"] = own_means(context, encoder, languages, method.params.texts, spec.evaluation.split)
    view = View.own(context, means, ends(spec))
    if method.params.documents == "bitext":
        return view

    @cache
    def index(task: str) -> Any:
        states = context.documents.states(task)
        own = Means.of(states.tokens.vectors, np.asarray(states.pooled))
        return context.documents.index_in(task, context.teacher.space.centred_on(own))

    return View(index, view.place, view.suffixes, view.by_language)


def directions(
    spec: CellSpec, context: Context, method: Method, encoder: Encodes, languages: Sequence[str], found: dict[str, Any]
) -> View:
    """`lir`: without the first directions of each language; documents without those of English."""
    texts = {
        name: own_texts(context.suite, context.texts.fits, name, method.params.texts, spec.evaluation.split)
        for name in dict.fromkeys(languages) if name != ENGLISH
    }  # fmt: skip
    found["language_means"] = used(texts)
    rows = context.texts.training_rows
    k, known = method.params.directions, context.teacher.english
    english = without(known.tokens.take(rows).vectors, np.asarray(known.pooled)[rows], k)
    places = {}
    for name, own in texts.items():
        if own.texts:
            states = encoder.encode(own.texts, "query")
            places[name] = without(states.tokens.vectors, states.pooled, k)
    index = cache(lambda task: context.documents.index_in(task, english))
    return View(index, lambda language: places.get(language, english), ends(spec), by_language=True)


def without(tokens: np.ndarray, pooled: np.ndarray, k: int) -> Space:
    """The space without the first k directions of raw token states and pooled states; no mean is subtracted."""
    token, whole = (Centring(np.zeros(x.shape[1], np.float32), first_directions(x, k)) for x in (tokens, pooled))
    return Space(token, whole)


@dataclass(frozen=True)
class Mapped:
    """Through an affine map into the space of the teacher."""

    token_map: Affine
    pooled_map: Affine
    space: Space

    def tokens(self, x: np.ndarray) -> np.ndarray:
        """Raw token states (..., d) -> unit vectors."""
        return self.space.tokens(self.token_map(x))

    def pooled(self, x: np.ndarray) -> np.ndarray:
        """Raw pooled states (..., d) -> unit vectors."""
        return self.space.pooled(self.pooled_map(x))


def linear_map(
    spec: CellSpec, context: Context, method: Method, encoder: Encodes, languages: Sequence[str], found: dict[str, Any]
) -> View:
    """`linear_map`: the pairs of the cell decide the map, dev pairs its penalty."""
    drawn, held = training_rows(spec, context, method), dev_rows(spec, context)
    found |= pairs_record(drawn)
    rows = drawn.drop_duplicates(["language", "text", "english"])
    sides = []
    for part in (rows, held):
        if part.empty:
            raise BenchError(f"{spec.id} has no dev pairs to choose the penalty of its map on", "take more bitext")
        states = encoder.encode(part["text"].tolist(), "query")
        english = context.teacher.english_of(part["english"].tolist())
        sides.append([Side.by(part["language"].tolist(), *both) for both in _both(states, english)])
    params, maps, said = method.params, [], {}
    for name, pairs, dev in zip(("tokens", "pooled"), *sides, strict=True):
        fitted, said[name] = alignment.fit(pairs, dev, params.form, params.scope)
        maps.append(fitted)
    found["linear_map"] = said
    space = context.teacher.space
    places = {name: Mapped(maps[0][name], maps[1][name], space) for name in maps[0]}
    by_language = params.scope == "each"
    return View(
        context.documents.index, lambda language: places.get(language, places[""]), ends(spec), by_language=by_language
    )


def _both(states: Encoded, english: Encoded) -> list[tuple[np.ndarray, np.ndarray]]:
    """Means of tokens and pooled vectors, of both sides of pairs."""
    return [(token_means(states), token_means(english)), (states.pooled, np.asarray(english.pooled))]


def ends(spec: CellSpec) -> tuple[str, ...]:
    """An arm with a space of its own has one score, whichever space is asked for."""
    return tuple(suffixes(spec.space).values())


# `placing` of a method -> what it stands for.
PLACINGS: dict[str, Placing] = {"own_mean": own_mean, "directions": directions, "linear_map": linear_map}
