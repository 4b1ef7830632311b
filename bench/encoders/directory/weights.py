"""The transformer in a directory: its class, its weights, and whether the two belong together."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError

# Of these the encoder alone is taken, as in sentence-transformers; what belongs to the decoder is not read.
ENCODERS = {"t5": "T5EncoderModel", "mt5": "MT5EncoderModel", "umt5": "UMT5EncoderModel", "longt5": "LongT5EncoderModel"}


@contextlib.contextmanager
def loading(name: str, what: str = "encoder") -> Iterator[None]:
    """What goes wrong while a library reads a model, as one `BenchError`; no progress bars and reports."""
    try:
        with quiet():
            yield
    except BenchError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # Rust's panics are no Exception; libraries raise what they like at damaged files
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BenchError(f"cannot load the {what} {'of ' if what != 'encoder' else ''}{name}: {reason}",
                         "it must be a transformers encoder with a tokenizer, without code of its own") from error  # fmt: skip


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


def word_rows(model: Any, name: str) -> int:
    """Rows of a transformer's table of words; a `BenchError` for one without such a table (CANINE hashes characters)."""
    try:
        return int(model.get_input_embeddings().num_embeddings)
    except (NotImplementedError, AttributeError) as error:
        raise BenchError(f"the encoder {name} ({model.config.model_type}) has no table with a row for each token",
                         "take one that has: students train the rows of their words") from error  # fmt: skip


def load_model(folder: Path, name: str) -> Any:
    """The transformer with float32 weights, all of them from its files.

    Raises:
        BenchError: it needs code of its own, has a decoder, or its weights are not all there or not of its config.json.
    """
    import torch
    import transformers
    from transformers import AutoConfig, AutoModel

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    with loading(name):
        config = AutoConfig.from_pretrained(str(folder), **options)
    kind = getattr(transformers, ENCODERS[config.model_type]) if config.model_type in ENCODERS else None
    if kind is None and getattr(config, "is_encoder_decoder", False):
        raise BenchError(f"{name} is an encoder with a decoder ({config.model_type})",
                         "take one that is an encoder and nothing else; for translation there is nmt(model=...)")  # fmt: skip
    with loading(name):
        if kind is None:
            options |= needless(config)
        else:
            del options["trust_remote_code"]
        model, found = (kind or AutoModel).from_pretrained(
            str(folder), use_safetensors=True, dtype=torch.float32, output_loading_info=True, **options
        )
    if missing := sorted(found["missing_keys"]):
        # transformers would fill these with random numbers, and only say so in a log.
        raise BenchError(f"the weights of {name} are incomplete: {len(missing)} parts are missing, e.g. {missing[0]}",
                         "copy the model again, or give the directory that its config.json belongs to")  # fmt: skip
    ours = {_numberless(key) for key in model.state_dict()}
    more = [key for key in sorted(found["unexpected_keys"]) if _numberless(_inside(key, model)) in ours]
    if more:
        raise BenchError(f"the weights of {name} have more layers than its config.json says, e.g. {more[0]}",
                         "copy config.json again: it is that of another model")  # fmt: skip
    if broken := [part for part, values in model.named_parameters() if not bool(values.isfinite().all())]:
        raise BenchError(f"the weights of {name} hold what is no number (NaN or infinite), in {broken[0]}", "copy them again")
    if not hasattr(model.config, "hidden_size"):
        raise BenchError(f"{name} is a {type(model).__name__}, which has no one width", "take a text encoder")
    return model


def positions_of(model: Any) -> int | None:
    """Tokens that the position table has room for; None where there is no bound."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if not positions or positions < 0:
        return None
    # RoBERTa, MPNet and their relatives start counting positions behind the padding id, and pad the table there.
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return int(positions) - (padding + 1 if padding is not None else 0)


def needless(config: Any) -> dict[str, Any]:
    """Options that keep needless parts out of a model: BERT, MPNet and others have a pooler that nothing here reads.

    Checkpoints of masked language models come without it, and would pass for incomplete.
    """
    from transformers import MODEL_MAPPING

    kind = MODEL_MAPPING.get(type(config), None)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    takes = all(one is not None and "add_pooling_layer" in inspect.signature(one.__init__).parameters for one in kinds)
    return {"add_pooling_layer": False} if takes else {}


def _inside(key: str, model: Any) -> str:
    return key.removeprefix(f"{model.base_model_prefix}.")


def _numberless(key: str) -> str:
    return re.sub(r"\.\d+\.", ".#.", key)
