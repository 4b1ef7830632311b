"""A collection searched on disk, held against exact search with the vectors as they were: recall, memory, time, room.

`python -m benchmarks.large_collection --passages 200000 --out FOLDER` writes large_collection.csv and
large_collection.md. The passages are the English documents and English sides of the default profile's suite, then texts of
its bitext in the other languages: all different and all real, but short (about 25 tokens), and most of them not English.
The questions are test questions of the three tasks, so that nDCG@10 is about their real judgements. While a passage is
encoded, its uncoded vectors are scored with all questions: that is the exact result. Times are those of the processor, so that
other work on the machine does not count.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.cells.asking.queries import query_sets
from bench.cells.shared.context import Context, context_of
from bench.data.documents import DocumentStream
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.retrieval.candidates import recall_against
from bench.retrieval.large.best import Best
from bench.retrieval.large.build import CODEC_DOCUMENTS, encode_collection, index_collection
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.maxsim import maxima, mean_over_queries
from bench.retrieval.ranking import Order, Ranking
from bench.retrieval.scoring import score
from benchmarks.memory import peak_memory

TASKS = ("symbols", "faq", "passages")
LANGUAGES = ("eng_Latn", "deu_Latn", "fra_Latn", "swh_Latn", "amh_Ethi", "hau_Latn", "khm_Khmr", "cym_Latn")
DEPTH = 100
DEEPEST = 5000  # of the numbers of candidates that are tried
SETTINGS = ((1000, 64), (1000, 256), (2000, 64), (2000, 256), (2000, 1024), (DEEPEST, 256))  # candidates, probes


@dataclass
class Asked:
    """Questions of all tasks and languages, in the space of the context.

    Attributes:
        dense, late: (Q, d) and token vectors.
        names, languages: Q each; names are made unique over tasks and languages.
        qrels: name -> passage -> grade.
    """

    dense: np.ndarray
    late: Ragged
    names: list[str]
    languages: list[str]
    qrels: dict[str, dict[str, int]]


def ask(context: Context, per_language: int) -> Asked:
    """The first test questions of each task and language."""
    sets = query_sets(context, TASKS, dict.fromkeys(TASKS, per_language), "test", LANGUAGES)
    states = context.teacher.encoder.encode([text for one in sets for text in one.texts], "query")
    late = Ragged(context.teacher.space.tokens(states.tokens.vectors), states.tokens.offsets)
    qrels = {
        f"{one.task}/{one.language}/{name}": {f"{one.task}/{doc}": grade for doc, grade in one.qrels[name].items()}
        for one in sets for name in one.ids
    }  # fmt: skip
    return Asked(context.teacher.space.pooled(states.pooled), late, list(qrels), [name.split("/")[1] for name in qrels], qrels)


def passages(context: Context, count: int) -> list[tuple[str, str]]:
    """`count` different texts: all documents, then English sides, then other languages in a fixed random order.

    Raises:
        BenchError: the suite has not so many.
    """
    suite = context.suite
    found = {
        text: f"{task}/{doc_id}" for task in TASKS
        for doc_id, text in suite.task(task).documents.itertuples(index=False, name=None)
    }  # fmt: skip
    others = list(suite.bitext["text"].values)
    order = np.random.default_rng(0).permutation(len(others))
    for number, text in enumerate([*context.texts.english, *(others[i] for i in order)]):
        found.setdefault(text, f"text/{number:07d}")
    if len(found) < count:
        raise BenchError(f"the suite has {len(found):,} different texts, not {count:,}", f"give --passages {len(found)}")
    return [(name, text) for text, name in list(found.items())[:count]]


@dataclass
class Exact:
    """Encodes passages, and scores their vectors with all questions before they are coded."""

    context: Context
    asked: Asked
    count: int  # of passages
    seen: int = field(init=False)  # below 0 while the quantiser sees the first ones, before they are written
    best: dict[str, Best] = field(init=False)
    seconds: float = 0.0  # of scoring

    def __post_init__(self) -> None:
        self.seen = -min(self.count, CODEC_DOCUMENTS)
        self.best = {scorer: Best(len(self.asked.names), DEPTH) for scorer in ("dense", "late")}

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, Ragged]:
        """Raw states of these passages."""
        states = self.context.teacher.encoder.encode(texts, "passage")
        if self.seen >= 0:
            start = time.process_time()
            self._score(states.pooled, states.tokens)
            self.seconds += time.process_time() - start
        self.seen += len(texts)
        return states.pooled, states.tokens

    def _score(self, pooled: np.ndarray, tokens: Ragged) -> None:
        space, order = self.context.teacher.space, np.argsort(tokens.lengths, kind="stable")
        unit = Ragged(space.tokens(tokens.vectors), tokens.offsets).take(order)
        late = np.empty((len(self.asked.names), len(pooled)), dtype=np.float32)
        for start, stop, best in maxima(unit, self.asked.late.vectors, torch.device("cpu")):
            late[:, order[start:stop]] = mean_over_queries(best, self.asked.late)
        dense = (self.asked.dense.astype(np.float64) @ space.pooled(pooled).astype(np.float64).T).astype(np.float32)
        for scorer, scores in (("dense", dense), ("late", late)):
            self.best[scorer].add(scores, np.arange(self.seen, self.seen + len(pooled)))

    def rankings(self, ids: Sequence[str]) -> dict[str, Ranking]:
        """The exact results; `ids` of all passages, in their order."""
        order = Order(ids)
        return {
            scorer: order.top(best.scores, DEPTH, self.asked.names, best.documents) for scorer, best in self.best.items()
        }


def compare(asked: Asked, exact: dict[str, Ranking], found: dict[str, Ranking], **about: Any) -> list[dict[str, Any]]:
    """One row a scorer: recall of the exact result, and nDCG@10 of both."""
    rows = []
    for scorer, truth in exact.items():
        at10, at100 = (recall_against(truth, found[scorer], k) for k in (10, DEPTH))
        measured, expected = (score(ranking[scorer], asked.names, asked.qrels)["ndcg@10"] for ranking in (found, exact))
        languages = pd.Series(at10).groupby(np.array(asked.languages)).mean()
        rows.append({
            **about, "scorer": scorer, "recall@10": at10.mean(), "worst language": f"{languages.min():.3f} {languages.idxmin()}",
            "recall@100": at100.mean(), "nDCG@10": measured.mean(), "exact nDCG@10": expected.mean(),
            "mean difference of a question": (measured - expected).abs().mean(),
        })  # fmt: skip
    return rows


def size_mb(folder: Path, pattern: str) -> float:
    """Room of the files that match, in 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file()) / 1e6


def measure(count: int, per_language: int, bits: int, shard: int, folder: Path) -> tuple[dict[str, float], pd.DataFrame]:
    """Build and search; what was needed, and one row a setting and scorer."""
    profile = load_profile("default")
    context = context_of(next(spec for spec in cells(profile, Languages.load()) if spec.method == "untrained"))
    asked, texts = ask(context, per_language), passages(context, count)
    exact = Exact(context, asked, count)
    facts: dict[str, float] = {"passages": count, "questions": len(asked.names), "bits": bits, "shard": shard}
    with peak_memory() as peak:
        start = time.process_time()
        shards = encode_collection(folder, DocumentStream(lambda: texts, "", count), exact.encode, bits, shard,
                                   lambda share: typer.echo(f"\rencoded {share:6.1%}", nl=False))  # fmt: skip
        facts["CPU seconds: encode and write"] = time.process_time() - start - exact.seconds
    facts |= {"MB in memory: encode (RSS)": peak.rss, "MB in memory: encode (PSS)": peak.pss}
    facts["CPU seconds: exact scores of uncoded vectors"] = exact.seconds
    truth = exact.rankings([name for name, _ in texts])
    with peak_memory() as peak:
        start = time.process_time()
        index = index_collection(folder, shards, context.teacher.space, DEEPEST, SETTINGS[0][1])
        facts["CPU seconds: lengths and inverted lists"] = time.process_time() - start
    facts |= {"MB in memory: index (RSS)": peak.rss, "MB in memory: index (PSS)": peak.pss}
    facts |= {
        "tokens": int(sum(one.offsets[-1] for one in shards.shards)), "MB: token codes": size_mb(folder, "codes.bin"),
        "MB: pooled vectors": size_mb(folder, "pooled.bin"), "MB: inverted lists": size_mb(folder, "lists.bin"),
        "MB: everything": size_mb(folder, "*"), "lists": index.lists.index.nlist,
    }  # fmt: skip
    rows = []
    with peak_memory() as peak:
        for candidates, probes in SETTINGS:
            rows += searched(index, asked, truth, "approximate", candidates, probes)
        rows += searched(index, asked, truth, "exact")
    facts |= {"MB in memory: search (RSS)": peak.rss, "MB in memory: search (PSS)": peak.pss}
    return facts, pd.DataFrame(rows)


def searched(
    index: LargeIndex, asked: Asked, truth: dict[str, Ranking], mode: str, candidates: int = 0, probes: int = 0
) -> list[dict[str, Any]]:
    """Rows of one setting."""
    index.candidates, index.lists.index.nprobe = candidates, min(probes, index.lists.index.nlist) or 1
    start = time.process_time()
    found = index.search(asked.dense, asked.late, DEPTH, asked.names, mode)
    each = (time.process_time() - start) / len(asked.names)
    return compare(asked, truth, found, mode=mode, candidates=candidates, probes=probes, **{"CPU ms a question": 1000 * each})


def main(
    passages: Annotated[int, typer.Option(help="How many texts of the suite.")] = 200_000,
    queries: Annotated[int, typer.Option(help="Questions of each task and language.")] = 8,
    bits: Annotated[int, typer.Option(help="Of a dimension of a token vector: 4 or 8.")] = 8,
    shard: Annotated[int, typer.Option(help="Passages a shard.")] = 32_768,
    limit_gb: Annotated[float, typer.Option(help="Memory that the process may take (RLIMIT_DATA); more is an error.")] = 8.0,
    threads: Annotated[int, typer.Option(help="Cores.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("."),
) -> None:
    """Measure and write the tables."""
    torch.set_num_threads(threads)
    resource.setrlimit(resource.RLIMIT_DATA, (int(limit_gb * 2**30),) * 2)
    folder = Path(tempfile.mkdtemp(prefix="large-collection-", dir=out))
    try:
        facts, table = measure(passages, queries, bits, shard, folder)
    finally:
        shutil.rmtree(folder)
    facts["memory limit (GB)"] = limit_gb
    table.to_csv(out / "large_collection.csv", index=False, float_format="%.4f")
    lines = [f"| {name} | {value:,.0f} |" for name, value in facts.items()]
    text = "\n".join(["| what | how much |", "| --- | ---: |", *lines, "", table.to_markdown(index=False, floatfmt=".3f"), ""])
    (out / "large_collection.md").write_text(text)
    typer.echo("\n" + text)


if __name__ == "__main__":
    typer.run(main)
