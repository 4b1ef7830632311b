"""What a model directory holds, as one hash: cached states of one model are never taken for another's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.base.content import content_hash
from bench.encoders.directory.files import read_files
from bench.encoders.directory.modules import read_json

# Raised when the bench reads the same files in another way: what was made by the old reading is not taken for the new one's.
READING = "2"


def fingerprint(folder: Path) -> str:
    """sha256 over weights, tokenizer, specification and layers in a model directory, and the way they are read (hex).

    Each file is read once, see `content_hash`.
    """
    folder = Path(folder).resolve()
    digest = hashlib.sha256()
    for path in read_files(folder):
        digest.update(f"{path.relative_to(folder)} {content_hash(path)}\n".encode())
    digest.update(reading(folder))
    return digest.hexdigest()


def reading(folder: Path) -> bytes:
    """What is added to a hash of a model's files for the way they are read; nothing where an `encoder.json` says everything."""
    own = folder / "encoder.json"
    said = own.exists() and "max_length" in read_json(own)
    return b"" if said else f"reading {READING}\n".encode()
