"""Losses and late interaction against sentence-transformers: same numbers in, same loss and same gradient out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sentence_transformers.multi_vector_encoder.losses import MultiVectorMultipleNegativesRankingLoss
from sentence_transformers.multi_vector_encoder.scoring import colbert_scores
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import maxsim
from torch import Tensor, nn

from bench.base.ragged import Ragged
from bench.retrieval.late import LateIndex
from bench.retrieval.maxsim import score_pairs
from methods.base import TokenStates, late_similarity
from methods.losses.clear import Clear
from methods.losses.contrastive import Contrastive
from methods.losses.mimo import Mimo
from methods.losses.multilingual_kd import MultilingualKd
from methods.losses.score_kl import ScoreKl
from tests.methods.batch import make

LENGTHS = ([5, 2, 7, 4, 3, 6], [4, 4, 6, 1, 3, 5], [6, 3, 5, 2, 2, 7])
IDS = torch.arange(6)
NONE = nn.Identity()  # these losses are given vectors, so they need no model


class Given(nn.Module):
    """A model whose token vectors are what goes in."""

    def forward(self, features: dict[str, Tensor], task: str | None = None) -> dict[str, Tensor]:
        return features


class Texts(TokenStates):
    """States that are unit vectors of `tokens` and `whole`: in training, too, gradients go through a normalisation."""

    def __init__(self, states: TokenStates) -> None:
        self.tokens, self.whole = states.vectors.clone().requires_grad_(), states.pooled.clone().requires_grad_()
        super().__init__(F.normalize(self.tokens, dim=-1), states.mask, F.normalize(self.whole, dim=-1))


def batch(seed: int) -> tuple[Texts, TokenStates, Texts]:
    """Texts and English sides by the student, and in the middle the English sides by the teacher."""
    student, teacher, english = (make(lengths, d=12, seed=3 * seed + i) for i, lengths in enumerate(LENGTHS))
    return Texts(student), teacher, Texts(english)


def agree(ours: Tensor, theirs: Tensor, leaves: Sequence[Tensor]) -> None:
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    gradients = [torch.autograd.grad(loss, leaves, retain_graph=True) for loss in (ours, theirs)]
    for own, other in zip(*gradients, strict=True):
        assert other.abs().max() > 1e-4
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def ranking_loss(temperature: float, vectors: list[Tensor]) -> Tensor:
    """InfoNCE with in-batch negatives; a third list holds further negatives."""
    return losses.MultipleNegativesRankingLoss(NONE, scale=1 / temperature).compute_loss_from_embeddings(vectors, IDS)


@pytest.mark.parametrize("temperature", [0.05, 0.3])
@pytest.mark.parametrize("seed", [0, 1])
def test_contrastive_of_pooled_vectors_is_multiple_negatives_ranking(temperature: float, seed: int) -> None:
    student, teacher, _ = batch(seed)
    ours, _ = Contrastive(form="dense", temperature=temperature).loss(student, teacher, IDS)
    agree(ours, ranking_loss(temperature, [student.pooled, teacher.pooled]), [student.whole])


def test_a_queue_is_a_list_of_further_negatives() -> None:
    student, teacher, _ = batch(0)
    first, past, _ = batch(1)
    method = Contrastive(form="dense", temperature=0.1, queue=4)
    method.loss(first, past, IDS + 6)
    ours, _ = method.loss(student, teacher, IDS)
    agree(ours, ranking_loss(0.1, [student.pooled, teacher.pooled, past.pooled[2:]]), [student.whole])


def test_contrastive_of_tokens_is_the_multi_vector_form() -> None:
    student, teacher, _ = batch(0)
    similarity = partial(colbert_scores, length_normalize=True)
    loss = MultiVectorMultipleNegativesRankingLoss(Given(), scale=1 / 0.05, similarity_fct=similarity)
    theirs = loss([{"token_embeddings": side.vectors, "attention_mask": side.mask.long()} for side in (student, teacher)])
    agree(Contrastive(form="late", temperature=0.05).loss(student, teacher, IDS)[0], theirs, [student.tokens])


def test_multilingual_kd_is_their_squared_error_up_to_a_constant() -> None:
    """Theirs is the mean over two columns and d components, ours the sum over both: 2 d times as much."""
    student, teacher, english = batch(0)
    theirs = losses.MSELoss(NONE).compute_loss_from_embeddings([english.pooled, student.pooled], [teacher.pooled, teacher.pooled])
    ours, _ = MultilingualKd().loss(student, teacher, IDS, english)
    agree(ours, 2 * 12 * theirs, [student.whole, english.whole])


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_mimo_is_the_sum_of_its_parts(share: float) -> None:
    student, teacher, english = batch(0)
    sides = [student.pooled, english.pooled]
    distance = losses.EmbedDistillLoss(NONE, "cosine").compute_loss_from_embeddings(sides, [teacher.pooled, teacher.pooled])
    ours, _ = Mimo(contrast=share, temperature=0.05).loss(student, teacher, IDS, english)
    agree(ours, share * ranking_loss(0.05, sides) + (1 - share) * distance, [student.whole, english.whole])


def divergence(queries: Tensor, candidates: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """`T^2 KL( softmax(wanted / T) || softmax(<query, candidate> / T) )`; every query has the same candidates."""
    columns = [candidate.expand_as(queries) for candidate in candidates]
    return losses.DistillKLDivLoss(NONE, temperature=temperature).compute_loss_from_embeddings([queries, *columns], wanted)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_score_kl_of_pooled_vectors_is_their_divergence(temperature: float) -> None:
    student, teacher, _ = batch(0)
    theirs = divergence(student.pooled, teacher.pooled, teacher.pooled @ teacher.pooled.T, temperature)
    agree(ScoreKl(form="dense", temperature=temperature).loss(student, teacher, IDS)[0], theirs, [student.whole])


def test_clear_is_the_sum_of_its_parts() -> None:
    student, teacher, english = batch(0)
    reverse, agreement, temperature = 0.3, 0.25, 0.1
    parts = [
        ranking_loss(temperature, [english.pooled, teacher.pooled]), ranking_loss(temperature, [teacher.pooled, student.pooled]),
        divergence(english.pooled, teacher.pooled, teacher.pooled @ student.pooled.T, temperature) / temperature**2,
    ]  # fmt: skip
    ours, scalars = Clear(reverse=reverse, agreement=agreement, temperature=temperature).loss(student, teacher, IDS, english)
    found = [scalars[name].item() for name in ("forward", "reverse", "agreement")]
    assert found == pytest.approx([part.item() for part in parts], rel=1e-4)
    theirs = (1 - reverse - agreement) * parts[0] + reverse * parts[1] + agreement * parts[2]
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    # Their divergence takes the wanted scores as given, so only the English side's gradients can be compared.
    agree(ours, theirs, [english.whole])


def test_late_similarity_is_their_mean_maxsim() -> None:
    student, teacher, _ = batch(0)
    theirs = maxsim(student.vectors, teacher.vectors, student.mask, teacher.mask, length_normalize=True)
    torch.testing.assert_close(late_similarity(student, teacher), theirs, rtol=1e-5, atol=1e-6)


Search = Callable[[LateIndex, Ragged, Ragged], np.ndarray]


def by_search(index: LateIndex, queries: Ragged, documents: Ragged) -> np.ndarray:
    found = index.search(queries, len(documents), [str(i) for i in range(len(queries))])
    scores = np.zeros((len(queries), len(documents)), dtype=np.float32)
    for i in range(len(queries)):
        scores[i, [int(name) for name in found.ids(i)]] = found.scores[i]
    return scores


def by_pairs(index: LateIndex, queries: Ragged, documents: Ragged) -> np.ndarray:
    return score_pairs(documents, queries, np.ones((len(queries), len(documents)), dtype=bool), torch.device("cpu"))


@pytest.mark.parametrize("search", [by_search, by_pairs])
def test_the_index_ranks_by_their_mean_maxsim(search: Search) -> None:
    generator = np.random.default_rng(0)

    def texts(count: int, longest: int) -> list[np.ndarray]:
        found = [generator.standard_normal((length, 24)) for length in generator.integers(1, longest + 1, count)]
        return [(one / np.linalg.norm(one, axis=1, keepdims=True)).astype(np.float32) for one in found]

    queries, documents = texts(7, 9), texts(60, 30)
    index = LateIndex([str(i) for i in range(60)], Ragged.from_list(documents), block_rows=64)
    tensors = ([torch.from_numpy(text) for text in side] for side in (queries, documents))
    theirs = maxsim(*tensors, length_normalize=True)
    found = search(index, Ragged.from_list(queries), Ragged.from_list(documents))
    np.testing.assert_allclose(found, theirs.numpy(), atol=2e-6)
