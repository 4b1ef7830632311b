from __future__ import annotations

from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.encoders.load import load_encoder
from bench.encoders.vocabulary import trim
from bench.output.export.prefixes import check, mark
from tests.tiny import SENTENCES, tiny_bert, tiny_xlmr, write_encoder_json

MAKERS = {"xlmr": tiny_xlmr, "bert": tiny_bert}


def folder(tmp_path: Path, kind: str = "xlmr", query: str = "query: ", passage: str = "passage: ") -> str:
    made = MAKERS[kind](tmp_path / kind)
    write_encoder_json(made, query_prefix=query, passage_prefix=passage, max_length=24)
    return str(made)


@pytest.mark.parametrize("kind", list(MAKERS))
@pytest.mark.parametrize("prefixes", [("query: ", "passage: "), ("", "passage: "), ("", ""), ("query: ", "query: ")])
def test_the_model_sees_what_it_always_saw(tmp_path: Path, kind: str, prefixes: tuple[str, str]) -> None:
    name = folder(tmp_path, kind, *prefixes)
    before, encoder = load_encoder(name), load_encoder(name)
    marked = mark(encoder)
    texts = [*SENTENCES, ": a : passage: query:", "", "cat " * 50]
    check(encoder, marked, texts)
    table, old = (one.model.get_input_embeddings().weight for one in (encoder, before))
    assert len(table) == len(marked.tokenizer) == marked.model.config.vocab_size
    for new, original in marked.originals.items():
        assert (table[new] == old[original]).all()
    assert (encoder.encode(texts, "passage").pooled == before.encode(texts, "passage").pooled).all()


def test_a_token_of_the_prefix_still_counts_in_a_text(tmp_path: Path) -> None:
    encoder = load_encoder(folder(tmp_path))
    marked = mark(encoder)
    prompt = marked.first["passage"] + marked.rest["passage"]
    ids = marked.tokenizer(prompt + "passage: cat")["input_ids"]
    tokens = marked.tokenizer.convert_ids_to_tokens(ids)
    unscored = [token for token in tokens if token in marked.unscored]
    # Nothing that the text itself says is among them.
    assert unscored[0] == "<s>" and unscored[-1] == "</s>" and all(token.startswith("<prefix:") for token in unscored[1:-1])
    assert encoder.tokenize(["passage: cat"], "passage")[0].content.count(True) == len(tokens) - len(unscored)


def test_a_second_export_takes_the_tokens_that_are_there(tmp_path: Path) -> None:
    encoder = load_encoder(folder(tmp_path))
    first = mark(encoder)
    encoder.tokenizer = first.tokenizer
    second = mark(encoder)
    assert len(second.tokenizer) == len(first.tokenizer) and second.originals == first.originals


def test_a_prefix_that_melts_into_the_text_is_refused(tmp_path: Path) -> None:
    # Without a space "query:cat" is one word, behind a token of its own "cat" begins another.
    encoder = load_encoder(folder(tmp_path, query="query:"))
    with pytest.raises(BenchError, match="sentence-transformers would read the query"):
        check(encoder, mark(encoder), SENTENCES)


def test_other_tokens_that_count_are_refused(tmp_path: Path) -> None:
    encoder = load_encoder(folder(tmp_path))
    marked = mark(encoder)
    marked.unscored.append(marked.tokenizer.tokenize(SENTENCES[0])[0])
    with pytest.raises(BenchError, match="otherwise than the bench does"):
        check(encoder, marked, SENTENCES)


def test_what_pylate_would_read_is_checked_too(tmp_path: Path) -> None:
    from tokenizers import processors

    encoder = load_encoder(folder(tmp_path))
    # Without a first token of its own PyLate puts the prefix behind the first token of the text.
    encoder.tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)])  # fmt: skip
    with pytest.raises(BenchError, match="PyLate would read"):
        check(encoder, mark(encoder), SENTENCES)


def test_a_trimmed_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="trimmed"):
        mark(trim(load_encoder(folder(tmp_path)), SENTENCES[:3]))
