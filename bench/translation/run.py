"""From a cell's queries to their English translations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from bench.context import ENGLISH
from bench.encoders.encoder import Encoder, token_batches
from bench.evaluation import QuerySet
from bench.translation.model import EnglishVocabulary, build, greedy
from bench.translation.training import train_translator
from bench.translation.warmup import warm_up

if TYPE_CHECKING:
    from bench.cell import Clock
    from bench.context import Context
    from bench.grid import CellSpec

BATCH_TOKENS = 2048


def translated_sets(
    spec: CellSpec, context: Context, method: Any, sets: list[QuerySet], out_dir: Path, clock: Clock, found: dict[str, Any]
) -> list[QuerySet]:
    """The query sets with their texts in English; trains the translator unless a model is given.

    Writes translations.csv (language, text, translation) and train.csv into `out_dir`, and chrF and BLEU on
    dev pairs into `found`, with the chrF of English texts that it was asked to "translate".
    """
    from bench.cell import dev_pairs

    if method.params.model:
        from bench.translation.pretrained import Pretrained

        translator: Any = Pretrained(method.params.model, context, method.params.max_tokens)
        dev_rows = dev_pairs(spec, context, context.teacher)[1]
    else:
        translator, dev_rows = _trained(spec, context, method, out_dir, clock, found)
    with clock.phase("translate"):
        wanted = sorted({(one.language, text) for one in sets for text in one.texts})
        english = dict(zip(wanted, translator.translate(wanted, lambda done: clock.report("translate", done)), strict=True))
        dev = translator.translate(list(zip(dev_rows["language"], dev_rows["text"], strict=True)))
        written = dev_rows["english"].tolist()
        found["translation"] = quality(dev, written)
        if not method.params.model:
            # Of a poor translation: did it not understand the language, or can it not write English either?
            copied = translator.translate([(ENGLISH, text) for text in written])
            found["translation"]["english_chrf"] = quality(copied, written)["chrf"]
    table = pd.DataFrame(
        [(language, text, english[language, text]) for language, text in wanted], columns=["language", "text", "translation"]
    )
    table.to_csv(out_dir / "translations.csv", index=False)
    return [replace(one, texts=[english[one.language, text] for text in one.texts]) for one in sets]


def quality(translations: list[str], references: list[str]) -> dict[str, float]:
    """Corpus chrF and BLEU (sacrebleu), both 0 to 100."""
    import sacrebleu

    return {
        "chrf": round(sacrebleu.corpus_chrf(translations, [references]).score, 2),
        "bleu": round(sacrebleu.corpus_bleu(translations, [references]).score, 2),
        "pairs": len(references),
    }


class Translator:
    """The trained encoder-decoder, from text to text."""

    def __init__(self, encoder: Encoder, model: Any, vocabulary: EnglishVocabulary, max_tokens: int) -> None:
        self.encoder, self.model, self.vocabulary, self.max_tokens = encoder, model, vocabulary, max_tokens

    def translate(self, texts: list[tuple[str, str]], progress: Any = None) -> list[str]:
        """English for (language, text) pairs; the language is not needed, the encoder reads all of them."""
        unique = list(dict.fromkeys(text for _, text in texts))
        items = self.encoder.tokenize(unique, "query")
        result: dict[str, str] = {}
        for chosen in token_batches([len(item.ids) for item in items], BATCH_TOKENS):
            batch = self.encoder.collate([items[i] for i in chosen]).to(self.encoder.device)
            with torch.inference_mode():
                states, _ = self.encoder.states(batch)
            # A translation is hardly longer than this; without the bound one endless output holds up its batch.
            bound = min(self.max_tokens, 2 * max(len(items[i].ids) for i in chosen) + 4)
            rows = greedy(self.model, states, batch.content_mask, bound).cpu().numpy()
            for i, row in zip(chosen, rows, strict=True):
                result[unique[i]] = self._text(row)
            if progress:
                progress(len(result) / len(unique))
        return [result[text] for _, text in texts]

    def _text(self, rows: np.ndarray) -> str:
        special = {self.vocabulary.pad, self.vocabulary.start, self.vocabulary.end}
        ids = [int(self.vocabulary.ids[row]) for row in rows if int(row) not in special]
        return self.encoder.tokenizer.decode(ids, skip_special_tokens=True).strip()


def _trained(
    spec: CellSpec, context: Context, method: Any, out_dir: Path, clock: Clock, found: dict[str, Any]
) -> tuple[Translator, pd.DataFrame]:
    from bench.cell import dev_pairs, precision_of, train_settings, training_pairs, training_record

    params, settings, precision = method.params, train_settings(spec), precision_of(spec.precision)
    with clock.phase("load"):
        encoder = context.student_start()
    with clock.phase("prepare"):
        pairs, rows = training_pairs(spec, context, encoder)
        dev, dev_rows = dev_pairs(spec, context, encoder)
        english = encoder.tokenize(context.english_texts, "query", context.key.max_length)
        vocabulary = EnglishVocabulary.of(encoder, english)
        torch.manual_seed(spec.seed)
        model = build(encoder, vocabulary, params.decoder_layers, context.space)
    with clock.phase("decoder"):
        warm_up(context, encoder, model, vocabulary, params, precision, clock.report)
    with clock.phase("train"):
        table = train_translator(
            encoder, model, vocabulary, pairs.texts, [english[i] for i in pairs.english],
            (dev.texts, [english[i] for i in dev.english]), settings, params.decoder_rate, spec.seed, precision, clock.report,
        )  # fmt: skip
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    found |= training_record(pairs, rows, table, clock)
    return Translator(encoder, model, vocabulary, params.max_tokens), dev_rows


