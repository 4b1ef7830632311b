"""Small made-up collections on disk, for tests of what reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.local.opening import open_local
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.reader import Local

LANGUAGES = Languages.load()
PAIRS = 24
ETHIOPIC = {ord("a") + i: 0x1208 + 8 * i for i in range(26)}  # a letter for a letter: texts in Amharic's script
WORDS = ("cat", "dog", "milk", "book", "sea", "moon", "bread", "salt", "stone", "bird", "old", "new")


def english(number: int) -> str:
    """A sentence for each number, all different."""
    return f"the {WORDS[number % 12]} sees the {WORDS[number * 5 % 12]} on day {number} of it"


def other(number: int, language: str) -> str:
    """Its made-up translation."""
    text = " ".join(word[::-1] + language for word in english(number).split()[1:])
    return text.translate(ETHIOPIC) if language == "am" else text


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files by their path under `root`; what ends in .gz is packed."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return root


def jsonl(*rows: Mapping[str, object]) -> str:
    """JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def tsv(*rows: tuple[object, ...]) -> str:
    """Lines of columns."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def bitext(language: str, count: int = PAIRS, start: int = 100) -> str:
    """TSV of made-up pairs."""
    return tsv(*((english(i), other(i, language)) for i in range(start, start + count)))


def queries(language: str, count: int = 10) -> list[tuple[str, str]]:
    """(id, text): questions 0, 1, ... in a language."""
    return [(f"q{i}", english(i) if language == "en" else other(i, language)) for i in range(count)]


def documents(count: int = 15) -> list[tuple[str, str]]:
    """(id, text)."""
    return [(f"d{i}", f"report {i}: {english(i)}, as everybody in the {WORDS[i % 12]} club knows") for i in range(count)]


def beir(languages: tuple[str, ...] = ("sw", "am", "en"), count: int = 10) -> dict[str, str]:
    """A task as in BEIR; document i answers question i, the next one partly."""
    files = {}
    for code in languages:
        files[f"queries/{code}.jsonl"] = jsonl(*({"_id": i, "text": text} for i, text in queries(code, count)))
    files["corpus.jsonl"] = jsonl(*({"_id": i, "title": "News", "text": text} for i, text in documents()))
    rows = [(f"q{i}", f"d{i + k}", 2 - k) for i in range(count) for k in (0, 1)]
    files["qrels/test.tsv"] = tsv(("query-id", "corpus-id", "score"), *rows)
    return files


def collection(root: Path, tasks: Mapping[str, Mapping[str, str]] | None = None, **more: str | bytes) -> Path:
    """Bitext in Swahili and Amharic, and a BEIR task `news`; `more` (with `__` for `/` and a dot last) is not needed often."""
    files: dict[str, str | bytes] = {"bitext/sw.tsv": bitext("sw"), "bitext/am.tsv": bitext("am")}
    for name, content in (tasks or {"news": beir()}).items():
        files |= {f"tasks/{name}/{path}": text for path, text in content.items()}
    return write(root, files | more)


def opened(root: Path, shown: int = 10) -> Local:
    """The reader of a folder."""
    return open_local(root, (), (), LANGUAGES, shown)


def found(problems: Problems) -> list[tuple[str, str, str]]:
    """(level, place, message) of everything."""
    return problems.lines()


def problems_of(root: Path) -> list[tuple[str, str, str]]:
    """Everything that is wrong in a folder, after reading all of it."""
    local = opened(root)
    local.content(None, False, local.problems, lambda line: None)
    return local.problems.lines()


def message(error: BenchError) -> str:
    """Message and hint."""
    return str(error)
