"""What a million pairs a language cost: memory of a cell, and time and memory of the preparation, by number of pairs.

`python -m benchmarks.pairs_memory --bitext FOLDER` takes the pairs of a folder as in docs/your-data.md, repeats them until
there are enough, each copy made another text by its number, and trains a few steps on as many as it draws. Memory is the largest
resident set of the process (VmHWM), pages of mapped files included. Each measurement is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench.base.errors import BenchError
from bench.base.manifest import hardware, peak_memory_mb
from bench.base.markdown import table as markdown
from bench.base.paths import REPOSITORY
from bench.cells.shared import teacher

COUNTS = (10_000, 100_000, 1_000_000)
TABLE = REPOSITORY / "results" / "reference" / "pairs_memory.md"
QUESTIONS = 50  # of a language
STEPS = 20
SPACE_TEXTS = teacher.SPACE_TEXTS
Pair = tuple[str, str, str]  # language, English, text


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bitext", type=Path, required=True, help="folder of bitext with one or more languages")
    parser.add_argument("--name", default="real pairs", help="what they are called in the table: data set, revision, languages")
    parser.add_argument("--pairs", default=",".join(map(str, COUNTS)), help="numbers of pairs, separated by commas")
    parser.add_argument("--model", default="builtin:multilingual-e5-small", help="teacher and student")
    parser.add_argument("--methods", default="optical,contrastive", help="methods, separated by commas")
    parser.add_argument("--folder", type=Path, help="where data and caches go; default: a folder that is removed")
    parser.add_argument("--states-gb", type=float, default=0.0, help="room of the teacher's states; 0: it runs in the step")
    parser.add_argument("--space-texts", type=int, default=SPACE_TEXTS, help="English texts that the space is estimated from")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--out", type=Path, default=TABLE, help="file of the table; - writes none")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(json.loads(given.measure))
        return
    with tempfile.TemporaryDirectory() as scratch:
        table = measured(given, given.folder or Path(scratch))
    text = written(table, given)
    print(text)
    if str(given.out) != "-":
        given.out.write_text(text, encoding="utf-8")


def measured(given: argparse.Namespace, folder: Path) -> pd.DataFrame:
    """One row a number of pairs: what the preparation and a cell of each method took."""
    real = list(pairs_of(given.bitext))
    rows = []
    for count in (int(part) for part in given.pairs.split(",")):
        place = folder / str(count)
        profile = make(place, real, count, given)
        environment = os.environ | {"XLSD_CACHE": str(place / "cache")}
        row: dict[str, Any] = {"pairs": count}
        for name in ("prepare", *given.methods.split(",")):
            task = json.dumps({"what": name, "profile": str(profile), "space_texts": given.space_texts})
            command = [sys.executable, "-m", "benchmarks.pairs_memory", "--bitext", str(given.bitext), "--measure", task]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
            row |= {f"{name} {key}": value for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
            print(row, file=sys.stderr, flush=True)
        row["cache MB"] = round(sum(path.stat().st_size for path in (place / "cache").rglob("*") if path.is_file()) / 1e6)
        rows.append(row)
    return pd.DataFrame(rows)


def pairs_of(folder: Path) -> Iterator[Pair]:
    """(language, English, text) of the training pairs of a folder of bitext."""
    from bench.data.languages import Languages
    from bench.data.settings import Data
    from bench.data.sources.local.opening import open_local

    data = Data.model_validate({"bitext": [str(folder)]})
    reader = open_local(None, data.bitext, data.tasks, Languages.load(), whole=False)  # there need be no task
    found = reader.read(sorted(reader.outline().trainable), lambda line: None).pairs.frame()
    yield from found[["language", "english", "text"]].itertuples(index=False, name=None)


def make(place: Path, real: Sequence[Pair], count: int, given: argparse.Namespace) -> Path:
    """Write data and profile of a measurement; returns the profile's file.

    The first pairs of a language are a task: their texts are asked, their English sides are searched.
    """
    languages = sorted({language for language, _, _ in real})
    share = -(-count // len(languages))
    documents, answers = [], []
    for code in languages:
        own = [(english, text) for language, english, text in real if language == code]
        if len(own) < 2 * QUESTIONS:
            raise BenchError(f"{given.bitext} has {len(own)} pairs of {code}", f"at least {2 * QUESTIONS} are needed")
        asked, pairs = own[:QUESTIONS], own[QUESTIONS:]
        lines = []
        for number in range(share + share // 20 + 300):  # some fall to the rules, some are held out
            copy, at = divmod(number, len(pairs))
            mark = f" {copy}" if copy else ""
            lines.append("\t".join(f"{' '.join(side.split())}{mark}" for side in pairs[at]))
        _write(place / "data" / "bitext" / f"{code}.tsv", "\n".join(["english\ttext", *lines, ""]))
        task = place / "data" / "tasks" / "asked"
        names = [f"{code}-{number}" for number in range(QUESTIONS)]
        _write(task / "queries" / f"{code}.jsonl", _lines(names, [text for _, text in asked]))
        documents += list(zip(names, [english for english, _ in asked], strict=True))
        answers += [f"{name}\t{name}\t1" for name in names]
    _write(task / "queries" / "en.jsonl", _lines(*zip(*documents, strict=True)))
    _write(task / "corpus.jsonl", _lines(*zip(*documents, strict=True)))
    _write(task / "qrels" / "test.tsv", "\n".join(["query-id\tcorpus-id\tscore", *answers, ""]))
    content = {
        "name": f"pairs-{count}", "models": {"teacher": given.model, "student": given.model},
        "data": {"suite": str((place / "data").absolute())},
        "grid": {"methods": given.methods.split(","), "sizes": [len(languages)], "seeds": [0]},
        "training": {"pairs": count, "freeze_embeddings": True},
        "hardware": {"precision": given.precision, "states_gb": given.states_gb},
    }  # fmt: skip
    _write(place / "profile.yaml", yaml.safe_dump(content, sort_keys=False))
    return place / "profile.yaml"


def measure(task: dict[str, Any]) -> None:
    """One measurement, in this process; prints it as JSON."""
    from bench.data.languages import Languages
    from bench.experiment.grid import cells
    from bench.experiment.profile.file import load_profile

    teacher.SPACE_TEXTS = task["space_texts"]  # no part of what is measured but time
    profile, start = load_profile(task["profile"]), time.perf_counter()
    if task["what"] == "prepare":
        from bench.cells.prepare import prepare

        said = prepare(profile, lambda *_: None)
        found = {"s": round(time.perf_counter() - start), "MB": peak_memory_mb(), "phases": said["seconds"]}
    else:
        found = _cell(next(one for one in cells(profile, Languages.load()) if one.method == task["what"]))
    print(json.dumps(found))


def _cell(spec: Any) -> dict[str, Any]:
    """Memory of a cell that draws all its pairs and makes the first steps with them."""
    from bench.cells.cell import run_cell
    from bench.training import loop

    whole, seen = loop.length_batches, dict[str, Any]()

    def first(*given: Any) -> Any:
        batches = whole(*given)
        seen["batches"] = len(batches)
        return batches[:STEPS]

    def report(phase: str, fraction: float, dev_loss: float | None = None, /) -> None:
        seen.setdefault(f"before {phase}", peak_memory_mb())

    loop.length_batches = first  # type: ignore[assignment] # a cell would make all of them
    with tempfile.TemporaryDirectory() as folder:
        said = run_cell(spec, Path(folder), report)
    return {"MB": peak_memory_mb(), "before training MB": seen["before train"], "pairs": said["pairs_seen"],
            "distinct": said["pairs_distinct"], "batches": seen["batches"], "seconds": said["seconds"]}  # fmt: skip


def written(table: pd.DataFrame, given: argparse.Namespace) -> str:
    """The table as markdown."""
    methods = given.methods.split(",")
    cell = {f"cell of `{name}`, {when}MB": f"{name} {when}MB" for name in methods for when in ("before training ", "")}
    head = ["pairs", "prepare, s", "prepare, MB", *cell, "on disk, MB"]
    keys = ["pairs", "prepare s", "prepare MB", *cell.values(), "cache MB"]
    lines = [[f"{row[key]:,.0f}" for key in keys] for row in table.to_dict("records")]
    phases = [f"- {row['pairs']:,}: " + ", ".join(f"{name} {value:.0f} s" for name, value in row["prepare phases"].items())
              for row in table.to_dict("records")]  # fmt: skip
    machine, how = hardware(), "in every step" if given.states_gb == 0 else f"states on disk, up to {given.states_gb:g} GB"
    return f"""# Memory by number of pairs

`python -m benchmarks.pairs_memory --bitext FOLDER`: {given.name}, repeated; each copy is another text by a number at its end.
Teacher and student: {given.model}, the teacher {how}. Precision {given.precision}, {machine["processor"]}.
Memory is the largest resident set of the process (VmHWM), pages of mapped files included.
A cell draws all the pairs, makes {STEPS} steps and is evaluated. The space is estimated from at most {given.space_texts:,}
English texts, whose states are in memory 4,096 at a time; by default from {SPACE_TEXTS:,}, which takes longer and no more memory.

{markdown(head[0], lines, head[1:])}

Seconds of the preparation by phase (the machine had other work):

{chr(10).join(phases)}
"""


def _lines(names: Sequence[str], texts: Sequence[str]) -> str:
    rows = ({"_id": name, "text": text} for name, text in zip(names, texts, strict=True))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
