"""From a cell's queries to their English translations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from bench.base.progress import Report
from bench.cells.asking.queries import QuerySet
from bench.cells.pairs import dev_sample
from bench.cells.translation import lexical, neural
from bench.cells.translation.quality import by_language, quality
from bench.cells.translation.warmup import prepare_decoder
from bench.data.english import ENGLISH
from bench.retrieval.sparse import WordQuery

if TYPE_CHECKING:
    from bench.cells.clock import Clock
    from bench.cells.shared.context import Context
    from bench.experiment.spec import CellSpec


LANGUAGE_PAIRS = 40  # dev pairs of each trained language whose translations are judged


class Translator(Protocol):
    """From text to text.

    Attributes:
        trained_on: languages; what it makes of any other cannot be relied on. None: it takes whichever it is given.
    """

    trained_on: frozenset[str] | None

    def translate(self, texts: list[tuple[str, str]], progress: Any = None) -> list[str]:
        """English for (language code, text) pairs, in their order; `progress` is told the share done."""
        ...


# (spec, context, parameters of the method, folder of the cell, clock, found) -> the translator and the rows of the dev
# pairs on which it is judged. It is trained by then: train.csv is in the folder, what the manifest says of training is in
# `found`.
Maker = Callable[["CellSpec", "Context", Any, Path, "Clock", dict[str, Any]], tuple[Translator, pd.DataFrame]]


@dataclass(frozen=True)
class Translation:
    """A way to translate.

    Attributes:
        make: the translator of one cell.
        prepare: (context, method, precision, report) -> what all its cells share is made; None where they share nothing.
    """

    make: Maker
    prepare: Callable[[Context, Any, str, Report], None] | None = None


# `translator` of a method -> what it stands for.
TRANSLATIONS = {"neural": Translation(neural.make, prepare_decoder), "lexical": Translation(lexical.make)}


def translated_sets(
    spec: CellSpec, context: Context, method: Any, sets: list[QuerySet], out_dir: Path, clock: Clock, found: dict[str, Any]
) -> tuple[list[QuerySet], frozenset[str] | None]:
    """The query sets with their texts in English, by the translator of the method, or as structured queries.

    Writes translations.csv (language, text, translation; of structured queries also what each word stands for) and train.csv
    into `out_dir`, and chrF and BLEU on dev pairs into `found`, over all and by language (of structured queries those of the text
    with each word's best translation); of a decoder of our own also the chrF of English texts that it was asked to "translate".

    Returns:
        The query sets, and the languages that the translator was trained on (None: it takes any).
    """
    translator, dev_rows = TRANSLATIONS[method.translator].make(spec, context, method.params, out_dir, clock, found)
    with clock.phase("translate"):
        wanted = sorted({(one.language, text) for one in sets for text in one.texts})
        english = dict(zip(wanted, translator.translate(wanted, lambda done: clock.report("translate", done)), strict=True))
        dev = translator.translate(list(zip(dev_rows["language"], dev_rows["text"], strict=True)))
        written = dev_rows["english"].tolist()
        found["translation"] = quality(dev, written)
        ours = isinstance(translator, neural.Translator)
        sample = dev_sample(spec, context, LANGUAGE_PAIRS)
        languages = by_language(translator, sample, ours, context.documents.pieces)
        if ours:
            # Of a poor translation: did it not understand the language, or can it not write English either?
            copied = translator.translate([(ENGLISH, text) for text in written])
            found["translation"]["english_chrf"] = quality(copied, written)["chrf"]
        found["translation"]["languages"] = languages
    table = pd.DataFrame(
        [(language, text, english[language, text]) for language, text in wanted], columns=["language", "text", "translation"]
    )
    structured: dict[tuple[str, str], WordQuery] = {}
    if isinstance(translator, lexical.WordTranslator) and translator.alternatives:
        structured = {asked: translator.structured(*asked) for asked in wanted}
        table["structured"] = [shown(structured[asked]) for asked in wanted]
    table.to_csv(out_dir / "translations.csv", index=False)
    if structured:
        return [replace(one, words=[structured[one.language, text] for text in one.texts]) for one in sets], translator.trained_on
    return [replace(one, texts=[english[one.language, text] for text in one.texts]) for one in sets], translator.trained_on


def shown(query: WordQuery) -> str:
    """A structured query to read.

    >>> shown(((("cat", 0.75), ("dog", 0.25)), (("simba", 1.0),)))
    'cat .75 dog .25 | simba'
    """
    return " | ".join(
        " ".join(f"{word} {share:.2f}".replace(" 0.", " .").removesuffix(" 1.00") for word, share in term) for term in query
    )
