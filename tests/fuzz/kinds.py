"""What is fuzzed: kinds of input, a right file of each, and the way by which users reach its reader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bench.analysis.results import load
from bench.base.errors import BenchError
from bench.base.paths import REPOSITORY
from bench.cli.data_check import check, text
from bench.data.languages import Languages
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import FOLDER, load_profile
from bench.output.tables.leaderboard import boards_of
from tests import made_up, own_data
from tests.fuzz.mutations import bytes_like, json_like, nasty, yaml_like
from tests.tiny import tiny_bert

Strategy = st.SearchStrategy[bytes]


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        files: name in the folder -> a right content and the strategy that spoils it.
        base: writes the rest of a right folder.
        read: reads the folder as a user's command does; raises whatever it raises.
    """

    files: Mapping[str, Callable[[], tuple[bytes, Callable[[bytes], Strategy]]]]
    base: Callable[[Path], object]
    read: Callable[[Path], object]

    def example(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """A file of the folder, and what stands in it."""
        def spoilt(name: str) -> st.SearchStrategy[tuple[str, bytes]]:
            right, spoil = self.files[name]()
            return st.tuples(st.just(name), spoil(right))

        return st.sampled_from(sorted(self.files)).flatmap(spoilt)

    def run(self, example: tuple[str, bytes], base: Path, folder: Path) -> None:
        """Read the right folder `base` with one file spoilt, in `folder`."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        name, content = example
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        self.read(folder)


def _plan(folder: Path) -> None:
    made = make_plan(str(folder / "p.yaml"), folder / "results")
    made.description()


def _set(folder: Path) -> None:
    change = (folder / "change").read_bytes().decode("utf-8", "surrogateescape")  # as a shell hands it over
    load_profile("smoke", [change])


def _checked(folder: Path) -> None:
    checked = check(folder, None, 3)
    text(checked)
    if checked.errors:
        raise BenchError(f"{checked.errors} errors", "what `bench data check` says of each, with file and line")


def _experiment(folder: Path) -> None:
    experiment = load(folder)
    boards_of(experiment)
    if told := [cell.reason for cell in experiment.cells if not cell.done]:
        raise BenchError(told[0], "what tables say of a cell that cannot be read")


def _encoder(folder: Path) -> None:
    from bench.encoders.load import load_encoder

    load_encoder(str(folder)).encode(["the cat", "a dog sees milk"], "query")


def _collection(folder: Path) -> None:
    own_data.collection(folder, {"news": own_data.beir()})


def _trec(folder: Path) -> None:
    _collection(folder)
    own_data.write(folder, {f"tasks/trec/{name}": content for name, content in TREC.items()})


def _stored(folder: Path) -> None:
    made_up.plan(folder, ["untrained@0#0", "english@0#0", "optical@2#0"])
    for number, cell in enumerate(("untrained@0#0", "english@0#0", "optical@2#0")):
        made_up.cell(folder, cell, lambda *_, number=number: 0.2 + 0.2 * number)  # type: ignore[misc]


TREC = {
    "topics.sw.xml": "<topics>\n" + "".join(
        f"<topic number='q{i}'><title>{own_data.other(i, 'sw')}</title><description>x</description></topic>\n" for i in range(5)
    ) + "</topics>\n",
    "corpus.jsonl": own_data.jsonl(*({"_id": i, "text": text} for i, text in own_data.documents())),
    "qrels.txt": "".join(f"q{i} 0 d{i} 1\n" for i in range(5)),
}  # fmt: skip
PROFILE = FOLDER / "full.yaml"
CHANGES = (
    b"training.pairs=12000", b"grid.sizes=[5, 20]", b"evaluation.queries_per_language={faq: 3}", b"data.order=sw,am",
    b"models.head=linear", b"grid.methods=[optical(epsilon=0.1), untrained]", b"space.language_means=own",
    b"comparison.primary=[[optical, contrastive]]",
)  # fmt: skip


def _in(write: Callable[[Path], object], name: str) -> Callable[[], tuple[bytes, Callable[[bytes], Strategy]]]:
    """The file of that name as `write` leaves it, made once."""
    made: dict[str, bytes] = {}

    def right() -> tuple[bytes, Callable[[bytes], Strategy]]:
        if not made:
            import tempfile

            with tempfile.TemporaryDirectory() as folder:
                write(Path(folder) / "base")
                made[name] = (Path(folder) / "base" / name).read_bytes()
        spoil = json_like if name.endswith((".json", ".jsonl")) else yaml_like if name.endswith(".yaml") else bytes_like
        return made[name], spoil

    return right


def _change() -> tuple[bytes, Callable[[bytes], Strategy]]:
    def spoil(_: bytes) -> Strategy:
        values = nasty().map(lambda value: json.dumps(value).encode())
        free = st.sampled_from(CHANGES).flatmap(bytes_like)
        other = st.tuples(st.sampled_from(CHANGES), values).map(lambda pair: pair[0].split(b"=")[0] + b"=" + pair[1])
        return st.one_of(free, other)

    return CHANGES[0], spoil


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _profile(folder: Path) -> None:
    own_data.write(folder, {"p.yaml": PROFILE.read_bytes()})


def _languages(folder: Path) -> None:
    own_data.write(folder, {"languages.yaml": (REPOSITORY / "languages.yaml").read_bytes()})


def _many(names: tuple[str, ...], base: Callable[[Path], object], read: Callable[[Path], Any]) -> Kind:
    return Kind({name: _in(base, name) for name in names}, base, read)


MODEL = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "modules.json", "1_Pooling/config.json",
         "config_sentence_transformers.json")  # fmt: skip


def _model(folder: Path) -> None:
    tiny_bert(folder, dim=16, layers=1)
    own_data.write(folder, {
        "modules.json": json.dumps([
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]),
        "1_Pooling/config.json": json.dumps({"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}),
        "config_sentence_transformers.json": json.dumps({"prompts": {"query": "query: "}, "default_prompt_name": None}),
    })  # fmt: skip


def _extra(content: dict[str, Any]) -> Callable[[], tuple[bytes, Callable[[bytes], Strategy]]]:
    return lambda: (json.dumps(content).encode(), json_like)


# Files that a right folder of this kind has not got.
MORE = {
    "encoder.json": _extra({"query_prefix": "q: ", "passage_prefix": "", "pooling": "mean", "max_length": 32}),
    "model.safetensors.index.json": _extra({"weight_map": {"embeddings.word_embeddings.weight": "a.safetensors"}}),
}
KINDS: dict[str, Kind] = {
    "profile": _many(("p.yaml",), _profile, _plan),
    "set": Kind({"change": _change}, _empty, _set),
    "languages": _many(("languages.yaml",), _languages, lambda folder: Languages.load(folder / "languages.yaml")),
    "bitext": _many(("bitext/sw.tsv",), _collection, _checked),
    "json lines": _many(("tasks/news/corpus.jsonl", "tasks/news/queries/sw.jsonl"), _collection, _checked),
    "judgements": _many(("tasks/news/qrels/test.tsv", "tasks/trec/qrels.txt"), _trec, _checked),
    "topics": _many(("tasks/trec/topics.sw.xml",), _trec, _checked),
    "manifest": _many(tuple(f"cells/{one}/manifest.json" for one in ("untrained@0#0", "optical@2#0")), _stored, _experiment),
    "stored cell": _many(
        ("profile.yaml", "cells/optical@2#0/metrics.csv", "cells/optical@2#0/per_query.parquet"), _stored, _experiment
    ),
    "model": Kind({name: _in(_model, name) for name in MODEL} | MORE, _model, _encoder),
}
