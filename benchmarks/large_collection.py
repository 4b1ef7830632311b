"""A collection searched on disk, held against exact search with the vectors as they were: recall, memory, time, room.

`python -m benchmarks.large_collection --passages 100000 --out FOLDER` writes large_collection.csv and
large_collection.md. The passages are the English documents and English sides of the default profile's suite, then texts of
its bitext in the other languages: all different and all real, but short (about 25 tokens), and most of them not English. In a
random order the first sixteenth, eighth, quarter and half of them are collections of their own: recall at five sizes, and
from these at ten million. Lists are chosen by dev questions, for several targets; what is asked are test questions of the three
tasks, so that nDCG@10 of all passages is about their real judgements. While a passage is encoded, its uncoded vectors are
scored with all questions: that is the exact result. Times are those of the processor, so that other work on the machine does
not count.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
from bench.cells.shared.probing import dev_questions
from bench.data.documents import DocumentStream
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.retrieval.candidates import recall_against
from bench.retrieval.large.build import encode_collection, index_collection
from bench.retrieval.large.index import LargeIndex
from bench.retrieval.large.lists import POINTS, sample_size
from bench.retrieval.large.probing import choose
from bench.retrieval.large.shards import Shards
from bench.retrieval.ranking import Ranking
from bench.retrieval.scoring import score
from benchmarks.exact import DEPTH, Asked, Exact
from benchmarks.extrapolate import foretell, line
from benchmarks.memory import peak_memory

TASKS = ("symbols", "faq", "passages")
LANGUAGES = ("eng_Latn", "deu_Latn", "fra_Latn", "swh_Latn", "amh_Ethi", "hau_Latn", "khm_Khmr", "cym_Latn")
PARTS = (1, 2, 4, 8, 16)  # sixteenths of the passages: the sizes
TEN_MILLION = 10_000_000
LISTS = sample_size(TEN_MILLION) // POINTS  # that there are then
SETTINGS = "250:.98,500:.98,1000:.98,2000:.9,2000:.98,2000:1"  # candidates and recall target of each
Settings = Sequence[tuple[int, float]]
LEAST = 4  # times as many passages as candidates: of fewer, so many are candidates that little can be missed
EXPLAINED = f"""A line over the logarithm of the size, through the sizes of at least {LEAST} times the candidates, where these are
three or more. The interval is that of the questions; that the line bends behind the last size is not in it. `one step ahead
missed by`: what the line of the smaller sizes foretells of the largest, less what was measured."""


def ask(context: Context, per_language: int) -> Asked:
    """The first test questions of each task and language, and dev questions."""
    sets = query_sets(context, TASKS, dict.fromkeys(TASKS, per_language), "test", LANGUAGES)
    states = context.teacher.encoder.encode([text for one in sets for text in one.texts], "query")
    late = Ragged(context.teacher.space.tokens(states.tokens.vectors), states.tokens.offsets)
    qrels = {
        f"{one.task}/{one.language}/{name}": {f"{one.task}/{doc}": grade for doc, grade in one.qrels[name].items()}
        for one in sets for name in one.ids
    }  # fmt: skip
    dev = [(name, text) for task in TASKS for name, texts in dev_questions(context.suite, task, LANGUAGES).items()
           for text in texts]  # fmt: skip
    known = context.teacher.encoder.encode([text for _, text in dev], "query")
    return Asked(context.teacher.space.pooled(states.pooled), late, list(qrels), [name.split("/")[1] for name in qrels], qrels,
                 (context.teacher.space.pooled(known.pooled), [name for name, _ in dev]))  # fmt: skip


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
class Found:
    """What one setting found in a collection of one size.

    Attributes:
        row: of the table.
        shares: (scorer, depth) -> (Q,) of the exact best documents, what was found.
    """

    row: dict[str, Any]
    shares: dict[tuple[str, int], np.ndarray]


def compare(asked: Asked, exact: dict[str, Ranking], found: dict[str, Ranking], **about: Any) -> list[Found]:
    """One a scorer: recall of the exact result, and nDCG@10 of both."""
    rows = []
    for scorer, truth in exact.items():
        at10, at100 = (recall_against(truth, found[scorer], k) for k in (10, DEPTH))
        measured, expected = (score(ranking[scorer], asked.names, asked.qrels)["ndcg@10"] for ranking in (found, exact))
        languages = pd.Series(at10).groupby(np.array(asked.languages)).mean()
        row = {
            **about, "scorer": scorer, "recall@10": at10.mean(), "worst language": f"{languages.min():.3f} {languages.idxmin()}",
            "recall@100": at100.mean(), "nDCG@10": measured.mean(), "exact nDCG@10": expected.mean(),
            "mean difference of a question": (measured - expected).abs().mean(),
        }  # fmt: skip
        rows.append(Found(row, {(scorer, 10): at10, (scorer, DEPTH): at100}))
    return rows


def searched(
    index: LargeIndex, asked: Asked, truth: dict[str, Ranking], mode: str, candidates: int = 0, target: float = 1.0
) -> list[Found]:
    """What one setting finds; the lists of the approximate mode are chosen on the dev questions."""
    about: dict[str, Any] = {"passages": len(index.shards), "mode": mode, "candidates": candidates}
    if mode == "approximate":
        said = choose(index.lists, index.shards, index.space, *asked.dev, target, candidates)
        index = LargeIndex(index.shards, index.derived, index.space, candidates, said.probes)
        about |= {"target": target, "probes": said.probes, "lists": said.lists, "held on dev": said.worst_recall}
    start = time.process_time()
    found = index.search(asked.dense, asked.late, DEPTH, asked.names, mode)
    each = (time.process_time() - start) / len(asked.names)
    return compare(asked, truth, found, **about, **{"CPU ms a question": 1000 * each})


def size_mb(folder: Path, pattern: str) -> float:
    """Room of the files that match, in 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file()) / 1e6


def measure(
    count: int, per_language: int, bits: int, folder: Path, settings: Settings
) -> tuple[dict[str, float], list[Found], list[str]]:
    """Build and search: what was needed, what each setting finds at each size, and the group of each question."""
    profile = load_profile("default")
    context = context_of(next(spec for spec in cells(profile, Languages.load()) if spec.method == "untrained"))
    shard = count // max(PARTS)
    sizes = [part * shard for part in PARTS]
    asked, texts = ask(context, per_language), passages(context, sizes[-1])
    texts = [texts[i] for i in np.random.default_rng(1).permutation(len(texts))]
    exact, names = Exact(context, asked, sizes), [name for name, _ in texts]
    facts: dict[str, float] = {"passages": len(texts), "questions": len(asked.names), "dev questions": len(asked.dev[1]),
                               "bits": bits, "shard": shard}  # fmt: skip
    with peak_memory() as peak:
        start = time.process_time()
        shards = encode_collection(folder, DocumentStream(lambda: texts, "", len(texts)), exact.encode, bits, shard,
                                   lambda share: typer.echo(f"\rencoded {share:6.1%}", nl=False))  # fmt: skip
        facts["CPU seconds: encode and write"] = time.process_time() - start - exact.seconds
    facts |= {"MB in memory: encode (RSS)": peak.rss, "MB in memory: encode (PSS)": peak.pss}
    facts["CPU seconds: exact scores of uncoded vectors"] = exact.seconds
    found: list[Found] = []
    with peak_memory() as peak:
        for size in sizes:
            part = Shards([one.folder for one in shards.shards[: size // shard]], shards.codec)
            truth = exact.rankings(names, size)
            start = time.process_time()
            index = index_collection(folder / f"first-{size}", part, context.teacher.space, settings[0][0], 1)
            facts["CPU seconds: lengths and inverted lists"] = time.process_time() - start
            for candidates, target in settings:
                found += searched(index, asked, truth, "approximate", candidates, target)
                typer.echo(f"\rsearched {size:,}: {candidates:,} candidates, target {target:g}   ", nl=False)
        found += searched(index, asked, truth, "exact")
    facts |= {"MB in memory: index and search (RSS)": peak.rss, "MB in memory: index and search (PSS)": peak.pss}
    largest = folder / f"first-{sizes[-1]}"
    facts |= {
        "tokens": int(sum(one.offsets[-1] for one in shards.shards)), "MB: token codes": size_mb(folder, "codes.bin"),
        "MB: pooled vectors": size_mb(folder, "pooled.bin"), "MB: inverted lists": size_mb(largest, "lists.bin"),
        "lists": index.lists.count,
    }  # fmt: skip
    return facts, found, asked.questions


def ten_million(found: Sequence[Found], groups: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Recall and lists at ten million passages, one row a setting, scorer and depth."""
    rows = []
    for candidates, target in settings:
        own = [one for one in found if one.row["mode"] == "approximate" and one.row["candidates"] == candidates
               and one.row["target"] == target and one.row["passages"] >= LEAST * candidates]  # fmt: skip
        for key in [(scorer, depth) for scorer in ("dense", "late") for depth in (10, DEPTH)]:
            of_key = [one for one in own if key in one.shares]
            sizes = [one.row["passages"] for one in of_key]
            if len(sizes) < 3:
                continue
            said = foretell(sizes, np.stack([one.shares[key] for one in of_key]), groups, TEN_MILLION)
            probes = np.log2([one.row["probes"] for one in of_key])
            lists = min(LISTS, 2 ** float(line(np.log2(sizes), probes, np.log2(TEN_MILLION))))
            rows.append({
                "candidates": candidates, "target": target, "scorer": key[0], "recall at": key[1],
                f"measured, {sizes[-1]:,}": said.largest, "a doubling": said.doubling, "one step ahead missed by": said.missed,
                "ten million": said.value, "95 %": f"{said.low:.3f} to {said.high:.3f}", "lists visited": round(lists),
            })  # fmt: skip
    return pd.DataFrame(rows)


def main(
    passages: Annotated[int, typer.Option(help="How many texts of the suite.")] = 100_000,
    queries: Annotated[int, typer.Option(help="Questions of each task and language.")] = 8,
    settings: Annotated[str, typer.Option(help="Candidates and recall target of each, `2000:.98,2000:.9`.")] = SETTINGS,
    bits: Annotated[int, typer.Option(help="Of a dimension of a token vector: 4 or 8.")] = 8,
    limit_gb: Annotated[float, typer.Option(help="Memory that the process may take (RLIMIT_DATA); more is an error.")] = 8.0,
    threads: Annotated[int, typer.Option(help="Cores.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("."),
) -> None:
    """Measure and write the tables."""
    torch.set_num_threads(threads)
    pairs = [(int(candidates), float(target)) for candidates, target in (one.split(":") for one in settings.split(","))]
    resource.setrlimit(resource.RLIMIT_DATA, (int(limit_gb * 2**30),) * 2)
    folder = Path(tempfile.mkdtemp(prefix="large-collection-", dir=out))
    try:
        facts, found, groups = measure(passages, queries, bits, folder, pairs)
    finally:
        shutil.rmtree(folder)
    facts["memory limit (GB)"] = limit_gb
    table = pd.DataFrame([one.row for one in found])
    table.to_csv(out / "large_collection.csv", index=False, float_format="%.4f")
    lines = [f"| {name} | {value:,.0f} |" for name, value in facts.items()]
    parts = [
        "# Recall of a collection on disk", "| what | how much |\n| --- | ---: |\n" + "\n".join(lines),
        "## Measured at growing sizes", table.drop(columns=["worst language"]).to_markdown(index=False, floatfmt=".3f"),
        "## At ten million passages",
        EXPLAINED,
        ten_million(found, groups, pairs).to_markdown(index=False, floatfmt=".3f"),
    ]
    text = "\n\n".join(parts) + "\n"
    (out / "large_collection.md").write_text(text)
    typer.echo("\n" + text)


if __name__ == "__main__":
    typer.run(main)
