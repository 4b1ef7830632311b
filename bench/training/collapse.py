"""Did training pull everything together? Three cheap readings of a student, and a verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

SAMPLE = 1000
# A healthy student keeps most of its start's spread and of its start's English score. The bounds are wide on
# purpose: they flag a collapse, not a bad method.
RANK_LOST = 0.5
COSINE_GAINED = 0.2
ENGLISH_LOST = 0.8


@dataclass(frozen=True)
class Collapse:
    """Readings on the tokens of dev queries (late) and on English test queries.

    Attributes:
        mean_cosine: mean cosine of two random query tokens (0 = spread out, 1 = one point).
        effective_rank: exp of the entropy of the normalised spectrum, at most the dimension.
        start_cosine, start_rank: the same for the student before training.
        english_score: nDCG@10 of the student on English queries, mean over tasks, late interaction.
        english_ceiling: the same of the teacher.
        english_start: the same of the student before training. One that starts as the teacher has the teacher's. Of one
            that starts with next to nothing in this space, nothing can be lost: it never warns of its English.
            All three are NaN where no task has English queries.
        warning: empty, or what is wrong.
    """

    mean_cosine: float
    effective_rank: float
    start_cosine: float
    start_rank: float
    english_score: float
    english_ceiling: float
    english_start: float
    warning: str = ""

    def to_dict(self) -> dict[str, float | str]:
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def spread(vectors: np.ndarray) -> tuple[float, float]:
    """Mean pairwise cosine and effective rank (Roy and Vetterli 2007) of (n, d) unit vectors.

    >>> cosine, rank = spread(np.eye(4))
    >>> round(cosine, 6), round(rank, 6)
    (0.0, 4.0)
    """
    step = max(1, len(vectors) // SAMPLE)
    sample = np.asarray(vectors[::step][:SAMPLE], dtype=np.float64)
    n = len(sample)
    cosine = (np.square(sample.sum(0)).sum() - np.square(sample).sum()) / max(1, n * (n - 1))
    values = np.linalg.svd(sample, compute_uv=False)
    share = values[values > 0] / values.sum()
    return float(cosine), float(np.exp(-(share * np.log(share)).sum()))


def judge(
    now: tuple[float, float], start: tuple[float, float], english: float, english_start: float, english_ceiling: float
) -> Collapse:
    """Readings with a warning where one of them is beyond its bound.

    English is held against the student's own start: what a map into another space costs was lost before any training.
    """
    found = []
    if now[1] < RANK_LOST * start[1]:
        found.append(f"effective rank fell from {start[1]:.0f} to {now[1]:.0f}")
    if now[0] > start[0] + COSINE_GAINED:
        found.append(f"mean cosine of tokens rose from {start[0]:.2f} to {now[0]:.2f}")
    if english < ENGLISH_LOST * english_start:
        found.append(f"English score fell from {english_start:.3f} to {english:.3f}")
    return Collapse(now[0], now[1], start[0], start[1], english, english_ceiling, english_start, "; ".join(found))
