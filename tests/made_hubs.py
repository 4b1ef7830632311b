"""Tiny data sets in the real forms: repositories of the hub as a folder, files of ir_datasets where that looks for them."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import pkgutil
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from bench.data.sources.hubs.files import copy_of


def write_repository(
    name: str, tables: Mapping[tuple[str | None, str], Sequence[Mapping[str, Any]]], form: str = "parquet"
) -> Path:
    """A copy of a repository: README.md that declares configurations, and a file a configuration and split.

    Args:
        tables: (configuration or None, split) -> rows.
        form: `parquet` or `jsonl`.
    """
    folder = copy_of(name)
    configs: dict[str, list[dict[str, str]]] = {}
    for (config, split), rows in tables.items():
        path = folder / (config or "data") / f"{split}-00000-of-00001.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
        else:
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        entry = {"split": split, "path": path.relative_to(folder).as_posix()}
        configs.setdefault(config or "default", []).append(entry)
    declared = {"configs": [{"config_name": config, "data_files": files} for config, files in configs.items()]}
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(declared)}---\n# A data card\n", encoding="utf-8")
    return folder


def write_lines(repository: str, path: str, lines: Sequence[str]) -> None:
    """A text file of a repository."""
    place = copy_of(repository) / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def fresh_ir_datasets(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """ir_datasets as if newly started, with its files under `home`; without network."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(home))
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")
    for module in [name for name in sys.modules if name == "ir_datasets" or name.startswith("ir_datasets.")]:
        monkeypatch.delitem(sys.modules, module)
    library = importlib.import_module("ir_datasets")
    download = importlib.import_module("ir_datasets.util.download")

    def unreachable(self: Any) -> Any:
        raise ConnectionError(f"no network in tests: {self.url}")

    monkeypatch.setattr(download.RequestsDownload, "stream", unreachable)
    return library


def declared(collection: str, key: str) -> str:
    """Where ir_datasets keeps a file, below its home."""
    content = json.loads(pkgutil.get_data("ir_datasets", "etc/downloads.json") or b"{}")
    return f"{collection}/{content[collection][key]['cache_path']}"


def put(home: Path, path: str, content: str | bytes) -> None:
    """Write a file below the home of ir_datasets, compressed if its name says so."""
    place = home / path
    place.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    place.write_bytes(gzip.compress(raw) if path.endswith(".gz") and not path.endswith(".tar.gz") else raw)


def json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def tar_gz(members: Mapping[str, str]) -> bytes:
    """A compressed archive of text files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


def write_msmarco(home: Path) -> None:
    """Three passages, two judged English queries (`dev/small`)."""
    put(home, declared("msmarco-passage", "collectionandqueries"), tar_gz({
        "collection.tsv": "0\tThe passage on rain.\n1\tA passage on bread.\n2\tOn neither.\n",
        "queries.dev.small.tsv": "7\twhat is rain\n9\thow to bake bread\n",
        "qrels.dev.small.tsv": "7\t0\t0\t1\n9\t0\t1\t1\n",
    }))  # fmt: skip


def write_mmarco_german(home: Path) -> None:
    """German queries of the same ids; one of them is not in `dev/small`."""
    put(home, declared("mmarco", "v2/de/queries/dev"), "7\twas ist regen\n8\tetwas anderes\n9\twie backt man brot\n")
    put(home, declared("mmarco", "dev/qrels-small"), "7\t0\t0\t1\n9\t0\t1\t1\n")


def write_clirmatrix(home: Path, language: str, queries: int = 3) -> None:
    """English documents, and queries of one language in the splits dev and test1 of bi139-base."""
    listed: dict[str, Any] = {"clirmatrix_docs": {"docs/en": {"url": "http://x/en", "expected_md5": "0", "cache_path": "en.gz"}}}
    base = listed["clirmatrix_bi139_base"] = {}
    for split in ("dev", "test1"):
        path = f"{language}_en.{split}.gz"
        base[f"queries/{language}_en/{split}"] = {"url": f"http://x/{path}", "expected_md5": "0", "cache_path": path}
        rows = [
            {"src_id": f"{split}{i}", "src_query": f"swali {i}", "tgt_results": [["100", 6], ["101", 0], ["102", 2]]}
            for i in range(queries)
        ]
        put(home, f"clirmatrix/{path}", json_lines(rows))
    put(home, declared("clirmatrix", "downloads"), json.dumps(listed))
    put(home, "clirmatrix/en.gz", "100\tThe first article.\n101\tThe second.\n102\tThe third article.\n")
