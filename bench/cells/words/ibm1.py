"""IBM model 1: how probable an English word is given a foreign one, learned from sentence pairs.

Brown, Della Pietra, Della Pietra, Mercer 1993, Computational Linguistics 19(2), section 4.1. The sentences of a pair
are f_1 .. f_l, with the empty word f_0, and e_1 .. e_m:

    p(e | f)  =  prod_j 1/(l+1) sum_i t(e_j | f_i)          (up to the constant of the sentence lengths)

Expectation: `c(e | f) = sum over pairs and j with e_j = e of t(e | f) / sum_i t(e_j | f_i)`, for each i with f_i = f.
Maximisation: `t(e | f) = c(e | f) / sum_e' c(e' | f)`. The likelihood has one maximum and never falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

EMPTY = 0  # row of the empty word
UNSEEN = 0.1  # weight of the uniform distribution in `word_losses`, which other texts need: they have new words

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class WordTable:
    """t(e | f), as far as e and f occur in one pair; 0 elsewhere.

    Attributes:
        source: S foreign words, sorted; word s has row s + 1, row 0 is the empty word.
        target: T English words, sorted.
        starts: (S + 2,) where in `columns` and `values` each row starts.
        columns: (P,) number of the English word, ascending in each row.
        values: (P,) its probability; those of a row sum to 1.
        counts: (S + 1,) how often each foreign word occurs in the bitext.
    """

    source: list[str]
    target: list[str]
    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    counts: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """(P,) row of each value."""
        return np.repeat(np.arange(len(self.counts)), np.diff(self.starts))

    def row(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """(n,) English words of a row and (n,) their probabilities."""
        part = slice(self.starts[number], self.starts[number + 1])
        return self.columns[part], self.values[part]

    def word_losses(self, source: Sentences, target: Sentences) -> np.ndarray:
        """(words,) negative log-likelihood of each English word of other pairs, in nats.

        `-log( (1-u)/(l+1) sum_i t(e_j | f_i) + u/(T+1) )` with u = 0.1: a word that the table does not expect costs
        something finite. An untrained, uniform table gives log(T+1).
        """
        rows = {word: number + 1 for number, word in enumerate(self.source)}
        columns = {word: number for number, word in enumerate(self.target)}
        uniform = UNSEEN / (len(self.target) + 1)
        losses = []
        for foreign, english in zip(source, target, strict=True):
            found = np.zeros(len(self.target) + 1)  # the last one: words that are not in the table
            for number in [EMPTY, *(rows[word] for word in foreign if word in rows)]:
                where, value = self.row(number)
                found[where] += value
            chosen = found[[columns.get(word, -1) for word in english]] if english else found[:0]
            losses.append(-np.log((1 - UNSEEN) * chosen / (len(foreign) + 1) + uniform))
        return np.concatenate(losses) if losses else np.zeros(0)


def train(source: Sentences, target: Sentences, rounds: int) -> tuple[WordTable, list[float]]:
    """The table of these pairs after so many rounds, from a uniform start.

    Args:
        source, target: words of both sides; a pair may occur more than once.
        rounds: of expectation maximisation, at least 1.

    Returns:
        The table, and the negative log-likelihood of an English word of these pairs (nats) before the
        first round and after each: rounds + 1 numbers. Empty if there is no English word.
    """
    foreign, english = _numbered(source, 1), _numbered(target, 0)
    starts, positions, cells, rows, columns = _co_occurrences(foreign.ids, english.ids, len(english.words))
    share = np.repeat([1.0 / (len(ids) + 1) for ids in foreign.ids], [len(ids) for ids in english.ids])
    values = np.full(len(rows), 1.0 / max(1, len(english.words)))
    losses = []
    for done in range(rounds + 1):
        expected = values[cells]
        total = np.bincount(positions, expected, len(share))
        if len(share):
            losses.append(float(-np.log(total * share).mean()))
        if done < rounds:
            counts = np.bincount(cells, expected / total[positions], len(rows))
            values = counts / np.bincount(rows, counts, len(foreign.words) + 1)[rows]
    occurrences = np.bincount(np.concatenate([*foreign.ids, np.zeros(0, int)]), minlength=len(foreign.words) + 1)
    return WordTable(foreign.words, english.words, starts, columns, values, occurrences), losses


def agreed(table: WordTable, reverse: WordTable) -> WordTable:
    """`t(e | f) t(f | e)`, its rows scaled to sum to 1: what both directions agree on.

    One direction alone lets rare words collect whatever frequent words leave over, and gives frequent English words
    to everything (Liang, Taskar, Klein 2006, Alignment by Agreement, on why; the product of the tables is simpler).

    Args:
        table: of some pairs; the row of the empty word stays as it is.
        reverse: of the same pairs, their sides exchanged.
    """
    # The same cells in both, but for the empty words: here by foreign word, there by English word.
    own, other = np.flatnonzero(table.rows != EMPTY), np.flatnonzero(reverse.rows != EMPTY)
    order = own[np.lexsort((table.rows[own], table.columns[own]))]
    values = table.values.copy()
    values[order] *= reverse.values[other]
    return replace(table, values=values / np.bincount(table.rows, values, len(table.counts))[table.rows])


@dataclass(frozen=True)
class _Numbered:
    words: list[str]
    ids: list[np.ndarray]


def _numbered(sentences: Sentences, first: int) -> _Numbered:
    words = sorted({word for sentence in sentences for word in sentence})
    number = {word: i + first for i, word in enumerate(words)}
    return _Numbered(words, [np.array([number[word] for word in sentence], dtype=np.int64) for sentence in sentences])


def _co_occurrences(
    source: list[np.ndarray], target: list[np.ndarray], width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every foreign word of a pair, the empty one included, beside every English word of it.

    Returns:
        starts (S + 2,): of the rows; positions (K,): of the English word in the text; cells (K,): of the table;
        rows, columns (P,): of each cell.
    """
    lengths = [len(ids) + 1 for ids in source]
    rows = [np.tile(np.concatenate([[EMPTY], ids]), len(words)) for ids, words in zip(source, target, strict=True)]
    words = np.concatenate([*target, np.zeros(0, int)])
    repeats = np.repeat(np.array(lengths, dtype=np.int64), [len(one) for one in target])
    positions = np.repeat(np.arange(len(words)), repeats)
    keys = np.concatenate([*rows, np.zeros(0, int)]) * max(1, width) + words[positions]
    unique, cells = np.unique(keys, return_inverse=True)
    found = unique // max(1, width)
    height = 1 + max((int(ids.max()) for ids in source if len(ids)), default=0)
    return np.searchsorted(found, np.arange(height + 1)), positions, cells, found, unique % max(1, width)
