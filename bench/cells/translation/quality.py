"""How good translations of dev pairs are: chrF and BLEU, over all and by language, and what was copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from bench.cells.words.cutting import Pieces, key, words
from bench.data.english import ENGLISH

Measures = dict[str, float | int | None]


class Translates(Protocol):
    """What is judged."""

    def translate(self, texts: list[tuple[str, str]]) -> list[str]: ...


def quality(translations: Sequence[str], references: Sequence[str]) -> Measures:
    """Corpus chrF and BLEU (sacrebleu), both 0 to 100."""
    import sacrebleu

    return {
        "chrf": round(sacrebleu.corpus_chrf(list(translations), [list(references)]).score, 2),
        "bleu": round(sacrebleu.corpus_bleu(list(translations), [list(references)]).score, 2),
        "pairs": len(references),
    }


def by_language(translator: Translates, rows: pd.DataFrame, copies: bool, pieces: Pieces) -> dict[str, Measures]:
    """`quality` of each language.

    Args:
        translator: from (language code, text) pairs to English.
        rows: dev pairs, columns language, text, english.
        copies: also give it the English sides to translate.
        pieces: cuts scripts without spaces between words.

    Returns:
        By language, beside chrf, bleu and pairs: `kept`, share of the words of its translations that stand in the text as they
        are (names, or words not translated); `copied_english`, share of the words of the English sides that are in its
        "translation" of them (None without `copies`). What did not understand the language has much of the second; what
        cannot write English has little.
    """
    found = translator.translate(list(zip(rows["language"], rows["text"], strict=True)))
    english = list(dict.fromkeys(rows["english"])) if copies else []
    echoed = dict(zip(english, translator.translate([(ENGLISH, text) for text in english]), strict=True))
    measured: dict[str, Measures] = {}
    for language, part in rows.assign(found=found).groupby("language", sort=True):
        own, written, texts = part["found"].tolist(), part["english"].tolist(), part["text"].tolist()
        copied = shared([echoed[text] for text in written], written, pieces) if copies else None
        measured[str(language)] = quality(own, written) | {"kept": shared(texts, own, pieces), "copied_english": copied}
    return measured


def shared(given: Sequence[str], found: Sequence[str], pieces: Pieces) -> float | None:
    """Share of the words of `found` that the texts beside them have too, each as often at most; None without any word.

    >>> shared(["Amina anasoma"], ["amina reads a book"], list)
    0.25
    """
    total = both = 0
    for one, other in zip(given, found, strict=True):
        first, second = (Counter(key(word) for word in words(text, pieces)) for text in (one, other))
        total, both = total + second.total(), both + (first & second).total()
    return round(both / total, 4) if total else None
