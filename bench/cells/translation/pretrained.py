"""A translation model that somebody else trained, as a baseline: NLLB, M2M100, Marian, MADLAD and the like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.encoders.builtin.names import check_name
from bench.encoders.device import device_of
from bench.encoders.directory.files import ADAPTER, check_pointer
from bench.encoders.directory.weights import quiet
from bench.encoders.encoder import token_batches
from bench.encoders.load import hub_folder

if TYPE_CHECKING:
    from bench.cells.shared.context import Context

FILES = ("*.json", "*.txt", "*.model", "*.spm", "*.safetensors")
PICKLED = ("pytorch_model*.bin",)  # many translation models have nothing else; only their tensors are read
BATCH_TOKENS = 1024
INTO_ENGLISH = "<2en>"  # MADLAD is told the language to write by a token before the text (arXiv 2309.04662)


class Pretrained:
    """A seq2seq model of `transformers` that writes English, from text to text. It is not trained further.

    Args:
        name_or_dir: a directory with model and tokenizer, or a name on the hub.
        context: tells which languages file holds the codes.
        max_tokens: longest translation, in tokens of the model.

    Raises:
        BenchError: no such model, or one that cannot be loaded without code of its own.
    """

    def __init__(self, name_or_dir: str, context: Context, max_tokens: int) -> None:
        file = context.key.languages_file
        self.name, self.max_tokens = name_or_dir, max_tokens
        # Whichever it is given: a language without a code is an error.
        self.trained_on: frozenset[str] | None = None
        self.languages = Languages.load(Path(file) if file else None)
        self.model, self.tokenizer = _load(name_or_dir)
        self.model.eval().to(device_of())
        # A bound of the model's own would only be a warning: translations end where `max_tokens` says.
        self.model.generation_config.max_length = None
        self.english = self._code(self.languages.english.code) if self._has_codes else None
        self.prefix = f"{INTO_ENGLISH} " if self._knows(INTO_ENGLISH) else ""

    def translate(self, texts: list[tuple[str, str]], progress: Any = None) -> list[str]:
        """English for (language code, text) pairs, in their order; greedy, so the same at every call.

        Args:
            texts: what to translate.
            progress: called with the share done, in (0, 1].

        Raises:
            BenchError: the model has no code for one of the languages.
        """
        by_language: dict[str, list[str]] = {}
        for language, text in dict.fromkeys(texts):
            by_language.setdefault(language, []).append(text)
        codes = {language: self._code(language) for language in by_language} if self._has_codes else {}
        found: dict[tuple[str, str], str] = {}
        total = sum(map(len, by_language.values()))
        for language, unique in by_language.items():
            if codes:
                self.tokenizer.src_lang = codes[language]
            given = [self.prefix + text for text in unique]
            items = self.tokenizer(given, truncation=True, max_length=self._longest, return_attention_mask=False)["input_ids"]
            for chosen in token_batches([len(ids) for ids in items], BATCH_TOKENS):
                for i, english in zip(chosen, self._english([items[i] for i in chosen]), strict=True):
                    found[language, unique[i]] = english
                if progress:
                    progress(len(found) / total)
        return [found[pair] for pair in texts]

    def _english(self, items: list[list[int]]) -> list[str]:
        batch = self.tokenizer.pad({"input_ids": items}, return_tensors="pt").to(self.model.device)
        # A translation is hardly longer than this; without the bound one endless output holds up its batch.
        bound = min(self.max_tokens, 2 * batch["input_ids"].shape[1] + 4)
        forced = {"forced_bos_token_id": self._id(self.english)} if self.english else {}
        with torch.inference_mode(), quiet():
            rows = self.model.generate(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=bound, num_beams=1,
                do_sample=False, **forced,
            )  # fmt: skip
        return [text.strip() for text in self.tokenizer.batch_decode(rows.cpu(), skip_special_tokens=True)]

    @property
    def _has_codes(self) -> bool:
        return hasattr(self.tokenizer, "src_lang")

    @property
    def _longest(self) -> int:
        return int(min(self.tokenizer.model_max_length, getattr(self.model.config, "max_position_embeddings", None) or 512))

    def _code(self, language: str) -> str:
        """What the model calls a language: its NLLB code, or the two letters of M2M100."""
        one = self.languages.get(language)
        for code in filter(None, (one.sources.get("nllb"), one.iso639_1)):
            if self._id(code) is not None:
                return code
        raise BenchError(
            f"the translation model {self.name} has no code for {one.name} ({one.code})",
            "leave the language out, give its `nllb` code in the languages file, or take a model that knows it",
        )

    def _knows(self, token: str) -> bool:
        return self.tokenizer.convert_tokens_to_ids(token) not in (None, self.tokenizer.unk_token_id)

    def _id(self, code: str) -> int | None:
        spelled = getattr(self.tokenizer, "lang_code_to_token", {}).get(code, code)
        # A language is a special token of its own; "is" in Marian's vocabulary is just a word.
        return self.tokenizer.convert_tokens_to_ids(spelled) if spelled in self.tokenizer.all_special_tokens else None


def _load(name: str) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = _folder(name)
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
            model, found = AutoModelForSeq2SeqLM.from_pretrained(
                str(folder), weights_only=True, dtype=torch.float32, output_loading_info=True, **options
            )
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise BenchError(
            f"cannot load the translation model {name}: {_reason(error)}",
            "it must be a transformers seq2seq model with its tokenizer, without code of its own; Marian and M2M100 "
            "tokenizers need `pip install sentencepiece`",
        ) from error
    if missing := sorted(found["missing_keys"]):
        raise BenchError(
            f"the weights of {name} are incomplete: {len(missing)} parts are missing, e.g. {missing[0]}",
            "copy the model again, or give the directory that its config.json belongs to",
        )
    return model, tokenizer


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        check_name(name)
        folder = hub_folder(name, FILES)
        if not any(folder.glob("*.safetensors")):
            folder = hub_folder(name, (*FILES, *PICKLED))
    for path in sorted(path for pattern in (*FILES, *PICKLED) for path in folder.glob(pattern)):
        check_pointer(path)
    if (folder / ADAPTER).exists():
        raise BenchError(f"{folder} has an adapter ({ADAPTER}), which is not applied here", "merge it into its model once")
    return folder


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
