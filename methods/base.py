"""What a method is: a declaration, typed parameters and, for distillation, a loss on token states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor


@dataclass
class TokenStates:
    """Texts of a batch as their encoder sees them, in the space in which they will be scored.

    Attributes:
        vectors: (B, L, d) unit token vectors; rows outside the mask are arbitrary but finite.
        mask: (B, L) bool, true on content tokens (no padding, no prefix, no special token).
        pooled: (B, d) unit vector of the whole text.
        idf: (B, L) inverse document frequencies of the tokens, positive on content tokens; None unless needed.
    """

    vectors: Tensor
    mask: Tensor
    pooled: Tensor
    idf: Tensor | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def detach(self) -> TokenStates:
        """The same states as constants."""
        return TokenStates(self.vectors.detach(), self.mask, self.pooled.detach(), self.idf)


@dataclass
class NoParams:
    """Parameters of a method that has none."""


def option(default: Any, help: str, choices: Sequence[Any] = (), search: Sequence[Any] = (), later: bool = False) -> Any:
    """A parameter of a method.

    Args:
        default: its value unless given.
        help: one line.
        choices: the values allowed; empty: any.
        search: the values among which `bench tune` draws; empty: it is not tuned.
        later: it came after results had been stored, and its default is what the method did before: it is in a cell's key only
            if it has another value. A change of that default needs another `version` of the method.
    """
    return field(default=default, metadata={"help": help, "choices": tuple(choices), "search": tuple(search), "later": later})


class Method:
    """Base class. A subclass declares itself with plain literals, which are read without importing it.

    Attributes:
        name: how it is called everywhere.
        summary: one line for lists and tables.
        reference: where it comes from.
        kind: `distil` (a loss trains the student), `translate` (query to English, searched by the
            teacher), `none` (the student as it starts), `map` (the same, corrected in closed form from the pairs of the
            cell), `english` (the English query, the ceiling), `retriever` (queries and documents by another encoder, in an
            index of its own; not trained).
        version: raised when results change; stored results of another version are stale.
        needs: what the loss gets beyond the usual. `english`: a fourth argument, the English sides as the
            student encodes them, which costs a second pass through it. `idf`: student and teacher have `idf`.
        shuffle_pairs: train on pairs whose English sides are exchanged for wrong ones (a control).
        code_switched: train on English texts of which words are replaced by their translations, in place of the texts in
            other languages; `Params` has a `share` of words and the `rounds` of the lexicon for it.
        english_only: train on English texts in place of their translations: the text side is the English side (a control).
        own_targets: the targets are the teacher's states of the text itself in place of its English side (a control).
        train_on: `order` (the first N languages) or `guard` (the first N of the guard languages, a control).
        placing: of kind `none` or `map`, how vectors are corrected: a name in `bench.cells.spaces.arms.PLACINGS`.
        scorers: what it is scored with, of `dense`, `late` (vectors of an encoder) and `sparse` (words).
        role: `floor`, `ceiling`, `its own ceiling`, `no training` or `not budget-matched` of a method that is shown beside the
            others and does not compete.
        asks: whose queries it answers: `own` language or `english`.
        when: facts that a parameter's value changes: `{"form=structured": {"scorers": ("sparse",)}}`; `{"model": ...}`: any
            value but the default.
        highlight: 1, 2 ...: place among the methods of the question, which pictures show in colour first; 0: none.
        translator: of kind `translate`, which translator of `bench.cells.translation` it is.
        Params: dataclass of `option`s.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    reference: ClassVar[str]
    kind: ClassVar[str] = "distil"
    version: ClassVar[int] = 1
    shuffle_pairs: ClassVar[bool] = False
    code_switched: ClassVar[bool] = False
    english_only: ClassVar[bool] = False
    own_targets: ClassVar[bool] = False
    train_on: ClassVar[str] = "order"
    placing: ClassVar[str] = ""
    scorers: ClassVar[tuple[str, ...]] = ("dense", "late")
    role: ClassVar[str] = ""
    asks: ClassVar[str] = "own"
    when: ClassVar[dict[str, dict[str, Any]]] = {}
    highlight: ClassVar[int] = 0
    translator: ClassVar[str] = ""
    Params: ClassVar[type] = NoParams
    needs: tuple[str, ...] = ()  # a literal of the class; an instance may replace it where its parameters decide

    def __init__(self, **params: Any) -> None:
        self.params = self.Params(**params)

    @property
    def translation(self) -> Method:
        """Of kind `translate`, the method that translates: itself, or the one whose translations it uses."""
        return self

    def loss(
        self, student: TokenStates, teacher: TokenStates, pair_ids: Tensor, *args: Any, **needed: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch of bitext pairs, and named scalars to log.

        Args:
            student: states of the texts in other languages; carries gradients.
            teacher: states of their English sides, B of them in the same order; no gradients.
            pair_ids: (B,) int64, equal where the English text is equal.
            needed: `english=`, if `needs` names it (else there are three arguments): states of the English sides
                by the student, B of them in the same order, in the same space; they carry gradients, and their
                tokens need not be the teacher's.

        Returns:
            Scalar loss (mean over pairs) and detached scalars.
        """
        raise TypeError(f"method {self.name!r} of kind {self.kind!r} has no loss")

    def state(self) -> dict[str, Any]:
        """What the loss remembers of earlier batches, for a checkpoint: tensors, numbers, texts, and dicts and lists of them.

        `bench check-method` tells where a loss remembers something that is not here.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""


REGISTERED: dict[str, type[Method]] = {}
M = TypeVar("M", bound=type[Method])


def register(cls: M) -> M:
    """Class decorator that makes a method known under its `name`."""
    known = REGISTERED.get(cls.name)
    if known is not None and known.__qualname__ != cls.__qualname__:
        raise ValueError(f"two methods are named {cls.name!r}: {known.__qualname__} and {cls.__qualname__}")
    REGISTERED[cls.name] = cls
    return cls


def late_similarity(student: TokenStates, teacher: TokenStates) -> Tensor:
    """MaxSim of every student text with every teacher text, as a mean over the student's tokens.

    `s(i, j) = 1/n_i sum_a max_b <S_ia, T_jb>`, the score by which late interaction ranks.

    Returns:
        (B, B') similarities in [-1, 1].
    """
    B, L, d = student.vectors.shape
    similarity = student.vectors.reshape(B * L, d) @ teacher.vectors.reshape(-1, d).T
    similarity = similarity.view(B * L, len(teacher), -1).masked_fill(~teacher.mask, -torch.inf)
    best = similarity.amax(-1).view(B, L, len(teacher))
    weight = student.mask.to(best.dtype) / student.mask.sum(1, keepdim=True)
    return torch.einsum("blj,bl->bj", best, weight)


def other_pairs_of_the_text(pair_ids: Tensor) -> Tensor:
    """(B, B) bool: j is another pair than i with the same English text, so neither its positive nor a negative."""
    same = pair_ids[:, None] == pair_ids[None, :]
    return same.fill_diagonal_(False)


MethodText = str  # type of a parameter that names a method with a loss, in the form that `registry.parse_spec` reads
TranslationText = str  # the same of a method that translates
LossFunction = Callable[[TokenStates, TokenStates, Tensor], tuple[Tensor, dict[str, Tensor]]]
