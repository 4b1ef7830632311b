"""Training against sentence-transformers' own trainer: the same encoder, pairs, batch size, precision and work.

`python -m benchmarks.training` prints the table. Both sides train everything, the whole word table too, on the same real
pairs (translations in twenty languages) with the loss of multilingual distillation: both texts to the teacher's vector of
the English one (Reimers and Gurevych 2020). Theirs is `SentenceTransformerTrainer` with `MSELoss`, as its documentation
shows it, without dropout, which this project does not train with either. The runs take turns; ours are timed with all that
comes before their first step, theirs without. Needs `pip install -e '.[dev]'`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer

from bench.base.errors import BenchError
from bench.base.manifest import precision_here
from bench.base.markdown import table
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.suite.opening import open_suite
from bench.encoders.device import device_of
from bench.encoders.encoder import Encoded, Encoder
from bench.encoders.load import load_encoder
from bench.encoders.space import Space
from bench.encoders.vocabulary import trim
from bench.training.loop import train
from bench.training.pairs import Pairs, TeacherStates
from bench.training.sampling import draw_pairs, quotas
from bench.training.settings import Training
from benchmarks.speed.encoding import operations
from benchmarks.speed.race import gemm_rates, has_bfloat16
from methods import registry

MODEL = "builtin:multilingual-e5-small"
LANGUAGES, LENGTH, BATCH = 20, 48, 32
# Losses of optimal transport that have to keep up with `contrastive`: the default, the one of the profile `full`.
TRANSPORT = ("optical", "optical(epsilon=0.05,masses=idf,reach=0.5,temperature=0.1)")


@dataclass(frozen=True)
class Task:
    """Pairs to train on, and the vectors that both sides are to reach.

    Attributes:
        rows: columns `text`, `english`.
        english: unique English sides, in the order of `states`.
        states: the encoder's own states of them.
    """

    encoder: Encoder
    rows: pd.DataFrame
    english: list[str]
    states: Encoded

    @classmethod
    def make(cls, pairs: int, length: int = LENGTH) -> Task:
        """Pairs of at most `length` tokens from the built-in bitext, the same at every call."""
        languages = Languages.load()
        codes = [one.code for one in languages.order("low")[:LANGUAGES]]
        bitext = open_suite(Data(), languages, codes).bitext
        encoder = load_encoder(MODEL, device_of(), "auto")
        rows = bitext.frame(draw_pairs(bitext.by_source(bitext.rows("train", codes)), quotas(codes, 4 * pairs), 0))
        longest = np.maximum(encoder.lengths(rows["text"].tolist()), encoder.lengths(rows["english"].tolist()))
        rows = rows[longest <= length][:pairs]
        english = sorted(set(rows["english"]))
        return cls(encoder, rows, english, encoder.encode(english, "query", dtype=np.float16))


Run = Callable[[], float]  # seconds of one training


def ours(task: Task, method: str, precision: str, small: bool = False, settings: Training | None = None) -> float:
    """Seconds of this project's loop."""
    texts = task.rows["text"].tolist(), task.rows["english"].tolist()
    # `trim` copies what it keeps: the encoder of the task stays as it is.
    encoder = trim(task.encoder, [*texts[0], *texts[1]] if small else np.arange(len(task.encoder.tokenizer)))
    space = Space.fit(task.states.tokens.vectors, task.states.pooled)
    place = {text: row for row, text in enumerate(task.english)}
    pairs = Pairs(
        encoder.tokenize(texts[0]), np.array([place[text] for text in texts[1]]), encoder.tokenize(texts[1]),
        [np.ones(len(one), dtype=np.float32) for one in _content(encoder, texts[0])],
    )  # fmt: skip
    teacher = TeacherStates(task.states.tokens, task.states.pooled, space, _alike, ids=task.states.ids)
    start = time.perf_counter()
    train(
        encoder, registry.load(registry.parse_spec(method)), space, teacher, pairs, Pairs([], np.array([], dtype=int)),
        settings or Training(batch_size=BATCH), 0, "bf16-mixed" if precision == "bf16" else "32-true", "auto",
        lambda *_: None,
    )  # fmt: skip
    return time.perf_counter() - start


def _alike(ids: np.ndarray) -> np.ndarray:
    return np.ones(ids.shape, dtype=np.float32)


def theirs(task: Task, precision: str, small: bool = False) -> float:
    """Seconds of sentence-transformers' trainer with its recipe of multilingual distillation."""
    try:
        import accelerate  # noqa: F401 - what its trainer asks for
        from datasets import Dataset
        from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.losses import MSELoss
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
        from transformers import TrainerCallback
    except ImportError as error:
        raise BenchError(f"there is nothing to compare with: {error}", "pip install -e '.[dev]'") from error

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            stamps.append(time.perf_counter())

        def on_train_end(self, *_: Any, **__: Any) -> None:
            stamps.append(time.perf_counter())

    body = Transformer(str(task.encoder.path), max_seq_length=LENGTH)
    model = SentenceTransformer(modules=[body, Pooling(task.encoder.dim, "mean")], device=str(task.encoder.device))
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    columns = {side: [task.encoder.spec.query_prefix + text for text in task.rows[side]] for side in ("english", "text")}
    if small:
        _trimmed(body.auto_model, task.encoder, [*task.rows["english"], *task.rows["text"]])
    place = {text: row for row, text in enumerate(task.english)}
    labels = [task.states.pooled[place[text]].tolist() for text in task.rows["english"]]
    stamps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        asked = SentenceTransformerTrainingArguments(
            output_dir=folder, num_train_epochs=1, per_device_train_batch_size=BATCH, learning_rate=5e-5, weight_decay=0.01,
            warmup_steps=0.1, bf16=precision == "bf16", use_cpu=task.encoder.device.type == "cpu", report_to=[],
            save_strategy="no", logging_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        SentenceTransformerTrainer(
            model=model, args=asked, train_dataset=Dataset.from_dict(columns | {"label": labels}), loss=MSELoss(model),
            callbacks=[Clock()],
        ).train()  # fmt: skip
    return stamps[-1] - stamps[0]


class _Mapped(torch.nn.Module):
    """A word table of the rows that occur, for the ids of the whole tokenizer."""

    def __init__(self, words: torch.nn.Module, rows: torch.Tensor) -> None:
        super().__init__()
        self.words = words
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.words(self.rows[ids])  # type: ignore[index]


def _trimmed(model: Any, encoder: Encoder, texts: list[str]) -> None:
    small = trim(encoder, texts)
    assert small.id_map is not None
    model.set_input_embeddings(_Mapped(small.model.get_input_embeddings(), small.id_map))


def _content(encoder: Encoder, texts: list[str]) -> list[list[bool]]:
    return [text.content for text in encoder.tokenize(texts)]


def compared(what: str, sides: dict[str, Run], rounds: int, pairs: int, flop: float | None = None) -> dict[str, Any]:
    """Median pairs a second of two sides that take turns, the fastest and slowest of each, and operations a pair."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in sorted(sides, reverse=bool(turn % 2)):
            found[name].append(pairs / sides[name]())
    own, other = median(found["ours"]), median(found["theirs"])
    return {
        "what": what, "ours": own, "theirs": other, "unit": "pairs/s", "ratio": own / other,
        "spread": {name: (min(rates), max(rates)) for name, rates in found.items()}, "flop": flop and flop / pairs,
    }  # fmt: skip


def measure(pairs: int = 192, rounds: int = 3, bf16: bool = True) -> list[dict[str, Any]]:
    """One row a comparison: what, ours, theirs, unit, ratio, spread (slowest and fastest rate of each side) and flop.

    They are rates, so a ratio above 1 says that we are faster. Operations are those that a pair needs at least: products with
    the weights, forward and twice as many backward, of the tokens of both texts; None where a method does others. Transport is
    compared in the precision that training takes here.

    Args:
        pairs: trained on in each run.
        rounds: runs of each side.
        bf16: in bfloat16 too. Where it is emulated a run takes ten times as long, and nobody would train so.
    """
    task = Task.make(pairs)
    kd, own = "multilingual_kd", "bf16" if precision_here("auto") == "bf16-mixed" else "float32"
    tokens = sum(int(task.encoder.lengths(task.rows[side].tolist()).sum()) for side in ("text", "english"))
    flop = 3 * operations(task.encoder, tokens)
    rows = []
    precisions = ["bf16"] * bf16 + ["float32"]
    for precision in precisions:
        sides: dict[str, Run] = {"ours": lambda p=precision: ours(task, kd, p), "theirs": lambda p=precision: theirs(task, p)}  # type: ignore[misc]
        rows.append(compared(f"training, everything, {precision}; sentence-transformers", sides, rounds, pairs, flop))
    first = precisions[0]
    sides = {"ours": lambda: ours(task, kd, first, True), "theirs": lambda: theirs(task, first, True)}
    what = f"training, {first}, word tables of the rows that occur on both sides; sentence-transformers"
    rows.append(compared(what, sides, rounds, pairs, flop))
    for method in TRANSPORT:
        sides = {
            "ours": lambda m=method: ours(task, m, own, True),  # type: ignore[misc]
            "theirs": lambda: ours(task, "contrastive", own, True),
        }
        rows.append(compared(f"training, `{method}`, {own}; `contrastive` in the same loop", sides, rounds, pairs))
    return rows


def main(
    pairs: Annotated[int, typer.Option(help="Pairs that each run trains on.")] = 192,
    rounds: Annotated[int, typer.Option(help="Runs of each side; the median counts.")] = 3,
    threads: Annotated[int, typer.Option(help="Threads of torch; 0: as many as there are cores.")] = 0,
) -> None:
    """Compare and print the table."""
    torch.set_num_threads(threads or torch.get_num_threads())
    found = measure(pairs, rounds, has_bfloat16(gemm_rates(device_of())))
    lines = [[r["what"], f"{r['ours']:.1f}", f"{r['theirs']:.1f}", r["unit"], f"{r['ratio']:.2f}"] for r in found]
    typer.echo(table("what", lines, ["ours", "theirs", "unit", "ratio"]))


if __name__ == "__main__":
    typer.run(main)
