"""The model card of an export: what it is, how it came about, how well it does, what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench.analysis.results import NAMES
from bench.base.markdown import number, table
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.sources.packages.catalogue import PACKAGES
from bench.data.suite.keys import SOURCE_PACKAGES
from bench.encoders.builtin.names import BUILTIN
from bench.encoders.encoder import Encoder
from bench.encoders.hub import split
from bench.experiment.spec import FOLDER_KEY, CellSpec
from bench.output.export.prefixes import Marked

SCORE = "ndcg@10"


@dataclass(frozen=True)
class Facts:
    """What a card is made of.

    Attributes:
        role: what the model is to the experiment.
        metrics: rows of the cell: task, scorer, language, measures.
        around: tokens before and behind the text of a query that PyLate counts and the bench does not.
        prompts: PyLate has to be told which prefix goes on how.
    """

    spec: CellSpec
    manifest: dict[str, Any]
    role: str
    metrics: pd.DataFrame
    around: tuple[int, int]
    prompts: bool

    @classmethod
    def of(cls, folder: Path, spec: CellSpec, manifest: dict[str, Any], kind: str, encoder: Encoder, marked: Marked) -> Facts:
        """The facts of a stored cell; `encoder` and `marked` are what is exported."""
        role = {"english": "the teacher", "none": "the student before training"}.get(kind, "a student")
        [one] = encoder.tokenize(["a"], "query")
        first = one.content.index(True)
        metrics = pd.read_csv(folder / "metrics.csv", keep_default_na=False, dtype=NAMES)
        return cls(spec, manifest, role, metrics, (first, one.content[first:].count(False)), not marked.one_rest)


def text(facts: Facts, form: str) -> str:
    """The whole card, for the directory `dense` or `late`."""
    parts = [_head(facts, form), _what(facts), _use(facts, form), _training(facts), _scores(facts), _licences(facts)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(facts: Facts, form: str) -> str:
    languages = _languages(facts)
    codes = [languages.get(code).iso639_1 or code.partition("_")[0] for code in (*facts.spec.languages, ENGLISH)]
    kind = {"dense": [], "late": ["PyLate", "ColBERT", "multi-vector"]}[form]
    head = {
        "library_name": "sentence-transformers", "pipeline_tag": "sentence-similarity", "language": list(dict.fromkeys(codes)),
        "tags": ["sentence-transformers", *kind, "cross-lingual-retrieval"], "license": "other", "license_name": "see-below",
    }  # fmt: skip
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _what(facts: Facts) -> str:
    spec = facts.spec
    trained = f" trained with `{spec.method}` on {spec.size} languages" if facts.role == "a student" else ""
    return (
        f"# {spec.id}\n\nThis is {facts.role} of an experiment of XLSD bench{trained}. It encodes "
        + {"the teacher": "English queries and English documents"}.get(facts.role, "queries in other languages")
        + f" into the space of the teacher ({_at(facts, 'teacher')}), which encodes English documents."
    )


def _use(facts: Facts, form: str) -> str:
    if form == "dense":
        lines = ["from sentence_transformers import SentenceTransformer", 'model = SentenceTransformer("this directory")']
        lines += ['vectors = model.encode_query(["..."])  # documents: encode_document of the exported teacher']
        note = "Vectors are centred and of unit length; their inner product is the score of the bench's `dense` scorer."
        return f"## Use\n\n{_code(lines)}\n\n{note}"
    before, behind = facts.around
    cut = f"[{before} : {-behind or None}]"
    lines = [
        "from sentence_transformers import MultiVectorEncoder  # 6 or newer", 'model = MultiVectorEncoder("this directory")',
        'queries = model.encode_query(["..."])  # documents: encode_document of the exported teacher',
    ]  # fmt: skip
    query, document = ('prompt_name="query", ', 'prompt_name="document", ') if facts.prompts else ("", "")
    pylate = [
        "from pylate import models", 'model = models.ColBERT("this directory")',
        f'queries = [vectors{cut} for vectors in model.encode(["..."], {query}is_query=True)]',
        f'documents = model.encode(["..."], {document}is_query=False)  # of the exported teacher',
    ]  # fmt: skip
    notes = [
        "The similarity of a query and a document is the sum over the tokens of the query, the score of the bench's `late` "
        "scorer their mean: rankings are the same. Special tokens and the prefix never count: documents are without them, in "
        "queries their vectors are zero.",
        f"PyLate scores every token of a query, so `{cut}` takes out the special tokens and the prefix by hand. Without it "
        "they count, and rankings are others than those of the scores below.",
    ]
    return f"## Use\n\n{_code(lines)}\n\n{notes[0]}\n\nWith PyLate:\n\n{_code(pylate)}\n\n{notes[1]}"


def _training(facts: Facts) -> str:
    if facts.role != "a student":
        return ""
    spec, found, training = facts.spec, facts.manifest, facts.spec.training
    languages = _languages(facts)
    git = found.get("git") or {}
    named = ", ".join(f"{languages.get(code).name} ({n:,})" for code, n in found.get("pairs_by_language", {}).items())
    rows = [
        ("method", f"`{spec.method}` (version {spec.method_version})"), ("teacher", _at(facts, "teacher")),
        ("student before training", _at(facts, "student")),
        ("pairs seen", f"{found.get('pairs_seen', 0):,} ({found.get('pairs_distinct', 0):,} different)"),
        ("pairs by language", named),
        ("pairs by source", ", ".join(f"{name} ({n:,})" for name, n in found.get("pairs_by_source", {}).items())),
        ("batches", f"{training.batch_size} pairs, once each; learning rate {training.learning_rate:g}, seed {spec.seed}"),
        ("kept as they were", _frozen(facts)), ("longest text", f"{training.max_length} tokens"),
        ("seconds of training", f"{found.get('seconds', {}).get('train', 0):.0f}"),
        ("versions", ", ".join(f"{k} {v}" for k, v in found.get("versions", {}).items() if k in SHOWN)),
        ("commit", str(git.get("commit", "")) + (" with uncommitted changes" if git.get("dirty") else "")),
    ]  # fmt: skip
    warning = (found.get("collapse") or {}).get("warning")
    body = "\n".join(f"- {name}: {value}" for name, value in rows if value)
    return f"## Training\n\n{body}" + (f"\n\n**The collapse check warns: {warning}.**" if warning else "")


SHOWN = ("xlsd-bench", "torch", "transformers", "geomloss", "pytorch-lightning")


def _frozen(facts: Facts) -> str:
    parts = ["embeddings"] if facts.spec.training.freeze_embeddings else []
    parts += [f"{facts.spec.training.freeze_layers} lowest layers"] if facts.spec.training.freeze_layers else []
    return " and ".join(parts)


def _scores(facts: Facts) -> str:
    spec, frame = facts.spec, facts.metrics
    groups = {"trained": spec.languages, "not trained": spec.held_out, "high-resource, not trained": spec.guard}
    lines = []
    for name, codes in groups.items():
        part = frame[frame["language"].isin(codes)]
        for task in sorted(part["task"].unique()):
            own = part[part["task"] == task]
            means = own.groupby("scorer")[SCORE].mean()
            shown = [number(float(means.get(scorer, float("nan")))) for scorer in ("dense", "late")]
            lines.append([f"{task}, {name}", str(own["language"].nunique()), *shown])
    asked = "the English queries" if facts.role == "the teacher" else "queries in these languages"
    head = f"## Scores\n\nnDCG@10, mean over languages, {asked}, {spec.evaluation.split} split, English documents encoded by the "
    return head + "teacher.\n\n" + table("task, languages", lines, ["number", "dense", "late"])


def _licences(facts: Facts) -> str:
    lines = [f"- model: {_model_licence(name)}" for name in dict.fromkeys((facts.spec.models.student, facts.spec.models.teacher))]
    for source in facts.manifest.get("pairs_by_source", {}):
        for package in SOURCE_PACKAGES.get(source, ()):
            one = PACKAGES[package]
            lines.append(f"- text of {source}: package {package}, {one.licence}; {one.note}")
        if source not in SOURCE_PACKAGES:
            lines.append(f"- text of {source}: not part of the bench; its owner's terms")
    end = "No text of the bitext is in this directory. Whether its licences bear on weights trained on it is yours to judge."
    return "## Licence notes\n\n" + "\n".join(lines) + (f"\n\n{end}" if facts.manifest.get("pairs_by_source") else "")


def model_name(name: str) -> str:
    """A model as a card names it: of a directory only its last part."""
    if name in BUILTIN:
        one = PACKAGES[BUILTIN[name].package]
        return f"{name.partition(':')[2]}, from the package {one.requirement}"
    # A directory that is gone by now is none of anybody's business either.
    repository = split(name)[0]
    local = name.startswith((".", "/", "~")) or repository.count("/") > 1 or Path(name).expanduser().exists()
    return Path(name).name if local else repository


def _at(facts: Facts, side: str) -> str:
    """Teacher or student by name, with the commit of a name on the hub or the hash of a folder's content."""
    name, key = getattr(facts.spec.models, side), facts.spec.model_keys.get(side, "")
    what = "content" if len(key) == FOLDER_KEY else "commit"
    return model_name(name) + (f", {what} {key.partition('/')[0]}" if key else "")


def _model_licence(name: str) -> str:
    if name in BUILTIN:
        one = PACKAGES[BUILTIN[name].package]
        return f"{model_name(name)}: {one.note}"
    return f"{model_name(name)}: see its own card"


def _languages(facts: Facts) -> Languages:
    file = facts.spec.data.languages_file
    return Languages.load(Path(file) if file else None)


def _code(lines: list[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```"


