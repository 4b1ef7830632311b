"""The many-to-English encoder-decoder of `nmt`: trained on the cell's pairs, or taken ready from a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from bench.base.errors import BenchError
from bench.cells.loggers import opened
from bench.cells.lower import lower_of
from bench.cells.pairs import all_pairs, dev_pairs, training_pairs, training_record
from bench.cells.shared.unfinished import checkpoints
from bench.cells.translation.model import EnglishVocabulary, attended, build, greedy
from bench.cells.translation.pointer import add_pointer, greedy_with_copies, pointer_of
from bench.cells.translation.stopping import Stopping
from bench.cells.translation.training import train_translator
from bench.cells.translation.warmup import warm_up
from bench.encoders.device import precision_of
from bench.encoders.encoder import Batch, Encoder, TokenizedText, token_batches

if TYPE_CHECKING:
    from bench.cells.clock import Clock
    from bench.cells.shared.context import Context
    from bench.experiment.spec import CellSpec

BATCH_TOKENS = 2048
KEPT_TEXTS = 20_000  # sources whose states behind frozen layers are kept; more of them would take gigabytes


def make(
    spec: CellSpec, context: Context, params: Any, out_dir: Path, clock: Clock, found: dict[str, Any]
) -> tuple[Any, pd.DataFrame]:
    """The translator of the cell and the dev pairs on which it is judged; see `bench.cells.translation.run.TRANSLATIONS`."""
    if params.model:
        from bench.cells.translation.pretrained import Pretrained

        model = Pretrained(spec.models.place(params.model), context, params.max_tokens)
        return model, dev_pairs(spec, context, context.teacher.encoder)[1]
    return _trained(spec, context, params, out_dir, clock, found)


class Translator:
    """The trained encoder-decoder, from text to text."""

    def __init__(
        self, encoder: Encoder, model: Any, vocabulary: EnglishVocabulary, max_tokens: int,
        trained_on: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        self.encoder, self.model, self.vocabulary, self.max_tokens = encoder, model, vocabulary, max_tokens
        self.trained_on = trained_on

    def translate(self, texts: list[tuple[str, str]], progress: Any = None) -> list[str]:
        """English for (language, text) pairs; the language is not needed, the encoder reads all of them."""
        unique = list(dict.fromkeys(text for _, text in texts))
        items = self.encoder.tokenize(unique, "query")
        result: dict[str, str] = {}
        with self.encoder.encoding():
            for chosen in token_batches([len(item.ids) for item in items], BATCH_TOKENS):
                batch = self.encoder.collate([items[i] for i in chosen]).to(self.encoder.device)
                states = self.encoder.states(batch)[0].float()
                # A translation is hardly longer than this; without the bound one endless output holds up its batch.
                bound = min(self.max_tokens, 2 * max(len(items[i].ids) for i in chosen) + 4)
                # The decoder computes in float32 on every machine: under autocast each token would cast all its weights.
                with torch.autocast(self.encoder.device.type, enabled=False):
                    written = self._written([items[i] for i in chosen], batch, states, bound)
                for i, ids in zip(chosen, written, strict=True):
                    result[unique[i]] = self.encoder.tokenizer.decode(ids, skip_special_tokens=True).strip()
                if progress:
                    progress(len(result) / len(unique))
        return [result[text] for _, text in texts]

    def _written(self, items: list[TokenizedText], batch: Batch, states: Tensor, bound: int) -> list[list[int]]:
        """Token ids of each translation."""
        if pointer_of(self.model) is not None:
            embedded = self.encoder.model.get_input_embeddings()(batch.input_ids)
            seen = attended(self.model, states, batch.content_mask)
            return greedy_with_copies(self.model, self.vocabulary, seen, batch.content_mask, items, embedded, bound)
        rows = greedy(self.model, states, batch.content_mask, bound).cpu().numpy()
        special = {self.vocabulary.pad, self.vocabulary.start, self.vocabulary.end}
        return [[int(self.vocabulary.ids[row]) for row in line if int(row) not in special] for line in rows]


def with_copies(
    texts: list[TokenizedText], english: list[TokenizedText], share: float
) -> tuple[list[TokenizedText], list[TokenizedText]]:
    """Sources and targets of the pairs, with the English side of the first pairs as its own source spread evenly among them.

    Args:
        share: copies as a share of the pairs, from 0 to 1.

    Raises:
        BenchError: a share outside that range.
    """
    if not 0 <= share <= 1:
        raise BenchError(f"nmt: copying={share} is no share", "give a number from 0 to 1")
    copies = round(share * len(texts))
    # Sorted by the place where each belongs: pair i at i, copy k at its even distance behind a pair.
    places = list(range(len(texts))) + [(k + 1) * len(texts) / copies - 0.5 for k in range(copies)]
    order = sorted(range(len(places)), key=places.__getitem__)
    sources, targets = [*texts, *english[:copies]], [*english, *english[:copies]]
    return [sources[i] for i in order], [targets[i] for i in order]


def _trained(
    spec: CellSpec, context: Context, params: Any, out_dir: Path, clock: Clock, found: dict[str, Any]
) -> tuple[Translator, pd.DataFrame]:
    settings, precision = spec.training, precision_of(spec.precision)
    stopping = Stopping(params.patience, params.check_every) if params.patience else None
    with clock.phase("load"):
        encoder = context.student.start()
    with clock.phase("prepare"):
        drawn = all_pairs if params.pairs == "all" else training_pairs
        pairs, rows = drawn(spec, context, encoder)
        dev, dev_rows = dev_pairs(spec, context, encoder)
        english = encoder.tokenize(list(context.texts.english), "query", context.key.max_length)
        vocabulary = EnglishVocabulary.of(encoder, english)
        torch.manual_seed(spec.seed)
        model = build(encoder, vocabulary, params.decoder_layers, context.teacher.space)
    with clock.phase("decoder"):
        warm_up(context, encoder, model, vocabulary, params, precision, clock.report)
    if params.pointer:
        torch.manual_seed(spec.seed)  # the same whether the decoder was trained just now or read
        add_pointer(model, encoder.dim)
    sources, targets = with_copies(list(pairs.texts), [english[i] for i in pairs.english], params.copying)
    with clock.phase("train"), opened(spec, out_dir) as loggers:
        lower = lower_of(spec, context, encoder, pairs.texts, sources, dev.texts) if len(sources) <= KEPT_TEXTS else None
        table = train_translator(
            encoder, model, vocabulary, sources, targets,
            (dev.texts, [english[i] for i in dev.english]), settings, params.decoder_rate, spec.seed, precision, clock.report,
            loggers, lower, checkpoints(spec, out_dir), params.epochs, stopping,
        )  # fmt: skip
    table.to_csv(out_dir / "train.csv", index=False, float_format="%.6g")
    found |= training_record(spec.languages, context, rows, table, clock)
    if params.epochs > 1 or stopping is not None:
        steps = int(table["step"].max())
        passes = steps / math.ceil(len(sources) / settings.batch_size)
        seen = round(passes * len(rows))
        found |= {"steps": steps, "passes": round(passes, 3), "pairs_seen": seen}
        found["pairs_per_second"] = round(seen / max(1e-9, clock.seconds["train"]), 2)
        found |= {"stopping": stopping.said()} if stopping is not None else {}
    return Translator(encoder, model, vocabulary, params.max_tokens, frozenset(spec.languages)), dev_rows
