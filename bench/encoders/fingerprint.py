"""What a model directory holds, as one hash: cached states of one model are never taken for another's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from bench.base.paths import atomic_write, cache_dir
from bench.encoders.modules import modules_of, place_of

# Everything that `load_encoder` reads; other files (README, other formats of the weights) do not matter.
_INSIDE = ("*.safetensors", "*.json", "*.model", "*.txt", "*.bin")
_READ = ("*.safetensors", "*.json", "*.model", "*.txt", "artifact.metadata", *(f"[0-9]*_*/{name}" for name in _INSIDE))


def fingerprint(folder: Path) -> str:
    """sha256 over weights, tokenizer and specification in a model directory (hex).

    The files are read once; afterwards their sizes and modification times stand for them.
    """
    folder = Path(folder).resolve()
    found = {path for pattern in _READ for path in folder.glob(pattern)}
    for module in modules_of(folder):  # a layer's folder may have any name
        if (place := place_of(folder, module)) != folder:
            found |= {path for name in _INSIDE for path in place.glob(name)}
    files = sorted(path for path in found if path.is_file())
    stats = [[str(p.relative_to(folder)), p.stat().st_size, p.stat().st_mtime_ns] for p in files]
    note = cache_dir() / "fingerprints" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}.json"
    try:
        known = json.loads(note.read_text())
        if known["files"] == stats:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder)} {content}\n".encode())
    atomic_write(note, json.dumps({"folder": str(folder), "files": stats, "sha256": digest.hexdigest()}))
    return digest.hexdigest()
