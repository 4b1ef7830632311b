"""Which files of a model directory are read, and whether they are what they seem: before anything is loaded. Loads no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.encoders.directory.modules import modules_of, place_of, read_json, transformer_folder

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
# Everything that is read; other files (README, other formats of the weights) do not matter.
_READ = ("*.safetensors", "*.json", "*.model", "*.txt", "*.spm", "*.jinja", "artifact.metadata")
_LAYER = ("*.safetensors", "*.json", "*.model", "*.txt", "*.bin")
ADAPTER = "adapter_config.json"
POINTERS = {b"version https://git-lfs.github.com": "a Git LFS pointer", b"/annex/objects/": "a git-annex pointer"}
_LONGEST_POINTER = 1024
# What a tokenizer can be made of.
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "*.spm",
              "sentencepiece.model", "*.model", "*.tiktoken", "tekken.json")  # fmt: skip

BYTES = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")  # bytes or characters: nothing to keep in a file


def read_files(folder: Path) -> list[Path]:
    """The files in a model directory that `load_encoder` reads, those of layers included, sorted."""
    found = {path for pattern in _READ for path in folder.glob(pattern)}
    found |= {path for name in _LAYER for path in folder.glob(f"[0-9]*_*/{name}")}
    for module in modules_of(folder):  # a layer's folder may have any name
        if (place := place_of(folder, module)) != folder:
            found |= {path for name in (*_READ, *_LAYER) for path in place.glob(name)}
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def check_folder(model: Path) -> None:
    """Raise a `BenchError` for a model directory that cannot be read rightly: the message names the file.

    Looked for: missing and pickled weights, shards that are missing, files cut short, pointers of Git LFS in the place of
    files, adapters, quantised weights, code of the model's own, a missing tokenizer.
    """
    if model.is_dir() and not (model / "modules.json").exists() and (model / ADAPTER).exists():
        raise _adapter(model)
    folder = transformer_folder(model)
    for path in sorted({*read_files(model), *folder.glob("pytorch_model*.bin")}):
        check_pointer(path)
    if (folder / ADAPTER).exists():
        raise _adapter(folder)
    if not (folder / "config.json").exists():
        raise BenchError(f"{folder} has no config.json",
                         "give the directory that holds config.json, the tokenizer and model.safetensors")  # fmt: skip
    check_config(folder)
    check_weights(folder)
    check_tokenizer(folder)


def check_pointer(path: Path) -> None:
    """Raise a `BenchError` for a file that only says where the real one lies."""
    try:
        if path.stat().st_size > _LONGEST_POINTER:
            return
        start = path.read_bytes()[:64]
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror or error}", "copy the model again") from error
    for mark, what in POINTERS.items():
        if start.startswith(mark):
            raise BenchError(f"{path} is {what}, not the file itself", "fetch it: `git lfs pull` in the repository it came from")


def check_config(folder: Path) -> None:
    """Raise a `BenchError` for a config.json (or that of the tokenizer) with code of its own or quantised weights."""
    for name, kinds in (("config.json", ("AutoConfig", "AutoModel")), ("tokenizer_config.json", ("AutoTokenizer",))):
        path = folder / name
        own = read_json(path).get("auto_map") if path.exists() else None
        if isinstance(own, dict) and any(kind in own for kind in kinds):
            code = next(own[kind] for kind in kinds if kind in own)
            raise BenchError(f"the model in {folder} comes with code of its own ({code}, in {name})",
                             "it is never run (no trust_remote_code); take a model without")  # fmt: skip
    quantised = read_json(folder / "config.json").get("quantization_config")
    if quantised:
        method = quantised.get("quant_method", "") if isinstance(quantised, dict) else ""
        raise BenchError(f"the weights in {folder} are quantised ({method or 'quantization_config'} in config.json)",
                         "take the model that they were made from")  # fmt: skip


def check_weights(folder: Path) -> None:
    """Raise a `BenchError` unless all safetensors of a model are there, whole, and could be those of its config.json."""
    index = folder / INDEX
    if (folder / WEIGHTS).exists():
        shards = [folder / WEIGHTS]
    elif index.exists():
        listed = read_json(index).get("weight_map")
        if not isinstance(listed, dict) or not listed:
            raise BenchError(f"{index} lists no weights", "copy the model again")
        names = sorted(set(map(str, listed.values())))
        if strange := [name for name in names if Path(name).name != name]:
            raise BenchError(f"{index} names files outside of its folder: {strange[0]!r}", "they are not read")
        if missing := [name for name in names if not (folder / name).exists()]:
            raise BenchError(f"{len(missing)} of {len(names)} files of the weights in {folder} are missing, e.g. {missing[0]}",
                             "copy the model again")  # fmt: skip
        shards = [folder / name for name in names]
    else:
        pickled = sorted(path.name for path in folder.glob("*.bin"))
        if pickled:
            raise BenchError(f"{folder} has only pickled weights ({', '.join(pickled)})",
                             "pickles can run code and are not read; save the model once with "
                             "model.save_pretrained(folder), which writes model.safetensors")  # fmt: skip
        raise BenchError(f"{folder} has no {WEIGHTS}", "only models with safetensors weights are read")
    shapes = {name: shape for path in shards for name, shape in check_safetensors(path).items()}
    # A config.json that asks for more than there is would fill memory before anything is compared.
    config, widest = read_json(folder / "config.json"), max((max(shape, default=1) for shape in shapes.values()), default=0)
    for name, bound in (("num_hidden_layers", len(shapes)), ("hidden_size", widest), ("intermediate_size", widest),
                        ("vocab_size", widest)):  # fmt: skip
        if isinstance(value := config.get(name), int) and value > bound:
            raise BenchError(f"{name} is {value:,} in {folder / 'config.json'}, too many for the weights beside it",
                             "copy the model again")  # fmt: skip


def check_safetensors(path: Path) -> dict[str, list[int]]:
    """Shapes of the tensors in a file; a `BenchError` for one that is cut short or something else.

    The format: eight bytes with the length of the header (little-endian), the header (JSON, a place for each tensor), the data.
    """
    check_pointer(path)
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length)) if 2 <= length <= size - 8 else None
        tensors = {name: one for name, one in header.items() if name != "__metadata__"}  # type: ignore[union-attr]
        whole = 8 + length + max((one["data_offsets"][1] for one in tensors.values()), default=0)
        shapes = {name: [int(n) for n in one["shape"]] for name, one in tensors.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise BenchError(f"{path} is no file of tensors, or damaged at its start", "copy it again") from error
    if size != whole:
        short = ": it is cut short" if size < whole else ""
        raise BenchError(f"{path} has {size:,} bytes of {whole:,}{short}", "copy it again")
    return shapes


def check_tokenizer(folder: Path) -> None:
    """Raise a `BenchError` where there is nothing to make a tokenizer of."""
    config = folder / "tokenizer_config.json"
    if config.exists() and str(read_json(config).get("tokenizer_class")).removesuffix("Fast") in BYTES:
        return
    if not any(path.is_file() for name in TOKENIZERS for path in folder.glob(name)):
        raise BenchError(f"{folder} has no tokenizer", "copy it there: tokenizer.json and tokenizer_config.json")


def stated_length(model: Path) -> int | None:
    """The longest input that a directory states; None where it states none, and a default is taken."""
    from bench.encoders.directory.settings import transformer_settings

    own, folder = transformer_settings(model), transformer_folder(model)

    def value(name: str, key: str) -> Any:
        return read_json(folder / name).get(key) if (folder / name).exists() else None

    found = [own.get("max_seq_length"), own.get("document_length"), value("encoder.json", "max_length"),
             value("tokenizer_config.json", "model_max_length"), value("config.json", "max_position_embeddings")]  # fmt: skip
    lengths = [int(one) for one in found if isinstance(one, int | float) and 0 < one < UNBOUNDED]
    return min(lengths) if lengths else None


DEFAULT_LENGTH = 256  # tokens, where a model states no length
UNBOUNDED = 10**6  # tokenizers that know no bound say 10^30


def _adapter(folder: Path) -> BenchError:
    return BenchError(f"{folder} has an adapter ({ADAPTER}), which is not applied here",
                      "merge it into its model (peft: merge_and_unload, save_pretrained) and give that directory")  # fmt: skip
