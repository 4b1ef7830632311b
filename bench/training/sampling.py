"""Which pairs a cell sees, and in which batches: fixed by the bitext, the languages, the budget and the seed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from bench.base.errors import BenchError

MEGABATCH = 16  # batches that are sorted by length together: padding falls, order stays random enough


def quotas(languages: Sequence[str], total: int) -> dict[str, int]:
    """`total` pairs split evenly; what does not divide goes to the first languages of the order."""
    share, rest = divmod(total, len(languages))
    return {language: share + (i < rest) for i, language in enumerate(languages)}


def draw_pairs(groups: Mapping[str, Mapping[str, np.ndarray]], quota: Mapping[str, int], seed: int) -> np.ndarray:
    """Rows of the training bitext, as many as each language's quota, in random order.

    Inside a language a source is drawn in proportion to the square root of its rows, so that the large
    one (scripture) does not drown the small ones. A source is walked in a random order and started
    again only when it is used up, so pairs repeat as late as possible.

    Args:
        groups: language -> source -> numbers of its rows, sources sorted.
        quota: pairs per language.
        seed: of the draw.

    Raises:
        BenchError: a language has no training pair.
    """
    rng = np.random.default_rng([seed, 0x5A17])
    drawn: list[np.ndarray] = []
    for language, count in quota.items():
        if not groups.get(language):
            raise BenchError(
                f"no training bitext for {language}",
                "leave it out (--languages), add a source that has it (`bench languages` lists them), or raise "
                "training.max_length: longer pairs are left out",
            )
        by_source = list(groups[language].values())
        weight = np.sqrt([len(rows) for rows in by_source])
        exact = weight / weight.sum() * count
        take = np.floor(exact).astype(int)
        # The pairs lost to rounding go to the largest remainders.
        for i in np.argsort(take - exact, kind="stable")[: count - take.sum()]:
            take[i] += 1
        drawn += [_walk(rows, n, rng) for rows, n in zip(by_source, take, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def exchange_english(english: np.ndarray, groups: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    """Wrong English sides for the same pairs: the English texts of each language change places, and none stays.

    Each language exchanges its own, on its own: with one exchange for all, the translations of a text would still be
    drawn to one place, and languages aligned with each other. A control: whatever the pairs teach but the
    translation (the domain, English as it is written, how often a text occurs) is still there.

    Args:
        english: (n,) numbers of the English texts of pairs, in the order of the texts.
        groups: language -> places of its pairs in `english`.

    Raises:
        BenchError: a language has only one English text.
    """
    found = english.copy()
    for language, at in groups.items():
        texts, own = np.unique(english[at], return_inverse=True)
        if len(texts) < 2:
            raise BenchError(f"all pairs of {language} have one English side: there is nothing to exchange", "take more pairs")
        # One round through all of them in random order: a permutation without a fixed point.
        order = np.random.default_rng([seed, 0xDE7A, zlib.crc32(language.encode())]).permutation(len(texts))
        wrong = np.empty_like(texts)
        wrong[order] = texts[np.roll(order, 1)]
        found[at] = wrong[own]
    return found


def length_batches(lengths: np.ndarray, batch_size: int, seed: int, shuffle: bool = False) -> list[np.ndarray]:
    """Positions cut into batches of texts of similar length, in random order. The last one may be short.

    Args:
        lengths: (n,) tokens of each text, in the order in which pairs were drawn.
        batch_size: pairs per batch.
        seed: of the order of batches.
        shuffle: mix the texts first, where they are not in random order already.
    """
    rng = np.random.default_rng([seed, 0xBA7C])
    order = rng.permutation(len(lengths)) if shuffle else np.arange(len(lengths))
    span = batch_size * MEGABATCH
    batches: list[np.ndarray] = []
    for start in range(0, len(lengths), span):
        block = order[start : start + span]
        block = block[np.argsort(lengths[block], kind="stable")]
        cut = [block[i : i + batch_size] for i in range(0, len(block), batch_size)]
        batches += [cut[i] for i in rng.permutation(len(cut))]
    return batches


def _walk(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count] if rounds else rows[:0]
