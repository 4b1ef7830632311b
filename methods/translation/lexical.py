"""Statistical word translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from methods.base import Method, option, register
from methods.declaration import MethodError


@dataclass
class LexicalParams:
    form: str = option(
        "one_best", "one_best: each word becomes its most probable translation, the teacher reads the text; structured: each "
        "word stands for all its translations, for search by words", choices=("one_best", "structured"),
    )  # fmt: skip
    rounds: int = option(5, "rounds of expectation maximisation", search=(3, 5, 10))
    both_ways: bool = option(
        True, "choose by t(e | f) t(f | e), with a table of the other direction; false: by t(e | f)", search=(True, False)
    )
    prefix: int = option(
        3, "an unknown word is translated as the known words that share at least so many first letters; 0: not", search=(0, 3, 4)
    )
    alternatives: int = option(10, "structured: a word stands for at most so many translations")
    mass: float = option(0.97, "structured: and for no more than it takes to reach this probability in all")
    lexicon: str = option(
        "", "bilingual lexicon that is asked before the word table, for the trained languages that it has; empty: none",
        choices=("", "gatitos"), later=True,
    )  # fmt: skip
    lexicon_only: bool = option(False, "in a language that the lexicon has: no word table is learnt beside it", later=True)
    pairs: str = option(
        "budget", "budget: the pairs that every other method sees; all: every training pair of the cell's languages",
        choices=("budget", "all"), later=True,
    )  # fmt: skip


@register
class Lexical(Method):
    """Statistical word translation (no neural network): IBM model 1 of each language, then the teacher or BM25 searches.

    A foreign sentence f_1 .. f_l with the empty word f_0 and an English sentence e_1 .. e_m:
    `p(e | f) = prod_j 1/(l+1) sum_i t(e_j | f_i)`, eq. 5 of Brown et al. up to a constant factor. The word
    table t, (foreign words + 1, English words), its rows sum to 1, is found by expectation
    maximisation from a uniform start, for each language on its own, on the very pairs that every other
    method is trained on. `pairs=all` takes every training pair of the languages: no longer budget-matched.

    With `form=one_best` the query becomes `argmax_e t(e | f) t(f | e)` word by word, in its order, the second factor from a
    table of the other direction; it keeps frequent English words from translating everything. A word that the
    bitext does not have takes the mean of the rows of the known words with which it shares the longest beginning
    (weighted by how often they occur), if that is at least `prefix` letters long; else it stays as it is.
    Nothing is reordered and nothing inflected. Scripts without spaces are cut by the encoder's tokenizer.

    With `form=structured` the query is a probabilistic structured query, searched by words with BM25 (the scorer `sparse`,
    which has a floor and a ceiling of its own): a word f counts in a document d as `tf(f, d) = sum_e p(e | f) tf(e, d)`,
    `df(f) = sum_e p(e | f) df(e)`. p is the distribution that one_best takes the best of, cut to its most probable words
    (`alternatives`, `mass`) and scaled to sum to 1 again.

    With `lexicon=gatitos` words and phrases of GATITOS (some 4,000 a language; Jones et al. 2023, arXiv 2303.15265) are
    translated by it, the longest match first; of several translations the word table decides. Structured queries take the
    mean of both distributions. Entries that are a query of a task are left out. `lexicon_only` learns no word table
    in languages that the lexicon has: beginnings in common are then looked for among its words. A language without a lexicon
    has its word table; the manifest names both kinds.

    A language that was not trained has no word table and no lexicon: its queries pass through untranslated.
    """

    name = "lexical"
    summary = "statistical word translation of the query (IBM model 1), searched by the teacher or, structured, by words"
    reference = "Brown et al. 1993, Computational Linguistics 19(2), model 1; structured: Darwish and Oard 2003, SIGIR"
    kind = "translate"
    translator = "lexical"
    when = {
        "form=structured": {"scorers": ("sparse",)},  # it has no text that an encoder could read
        "lexicon": {"role": "not budget-matched"},
        "pairs=all": {"role": "not budget-matched"},
    }  # fmt: skip
    version = 2
    Params = LexicalParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        if self.params.lexicon_only and not self.params.lexicon:
            raise MethodError("lexical: lexicon_only=True without a lexicon: give lexicon=gatitos too")
