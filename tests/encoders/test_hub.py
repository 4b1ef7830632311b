"""Names on the hub stand for commits: what the library's own folder says, without a network."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.encoders.fingerprint import fingerprint
from bench.encoders.hub import directory_of, is_hub_name, revision_of, split
from bench.encoders.load import load_encoder, model_folder
from tests.tiny import SENTENCES, tiny_bert

A, B = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model of which two commits were fetched; `main` is the first, the tag v2 the second."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "models--acme--tiny"
    for seed, commit in enumerate((A, B)):
        tiny_bert(folder / "snapshots" / commit, seed=seed)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(A)
    (folder / "refs" / "v2").write_text(B)
    return folder


def test_a_name_has_the_commit_that_was_last_fetched(hub: Path) -> None:
    assert revision_of("acme/tiny") == revision_of("acme/tiny@main") == A
    assert revision_of("acme/tiny@v2") == revision_of(f"acme/tiny@{B}") == revision_of("acme/tiny@bbbbbbb") == B
    (hub / "refs" / "main").write_text(B)
    assert revision_of("acme/tiny", ask=True) == B
    for name in ("acme/other", "acme/tiny@v9", "acme/tiny@../../x", "acme/tiny@ccccccc", "acme/tiny@b"):
        assert revision_of(name) is None


def test_a_model_is_loaded_at_the_revision_that_is_named(hub: Path) -> None:
    first, second = (load_encoder(f"acme/tiny@{name}").encode(SENTENCES[:2]).pooled for name in ("main", "v2"))
    assert np.abs(first - second).max() > 1e-3
    assert model_folder(f"acme/tiny@{B}").name == B
    assert fingerprint(model_folder("acme/tiny")) != fingerprint(hub / "snapshots" / B)
    (hub / "refs" / "main").write_text(B)
    assert (load_encoder("acme/tiny").encode(SENTENCES[:2]).pooled == second).all()


def test_a_revision_that_is_nowhere_is_one_message(hub: Path) -> None:
    with pytest.raises(BenchError, match="at the revision 'v9'"):
        load_encoder("acme/tiny@v9")
    with pytest.raises(BenchError, match="no revision behind the @"):
        load_encoder("acme/tiny@")
    shutil.rmtree(hub / "snapshots" / B)
    with pytest.raises(BenchError, match="cannot get the model"):
        load_encoder(f"acme/tiny@{B}")


def test_what_is_a_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "at@home").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [is_hub_name(name) for name in ("acme/tiny", "bert", "at@home", "./x", "builtin:x", "", "acme/tiny@v2")] == [
        True, True, False, False, False, False, True]  # fmt: skip
    assert split("acme/tiny") == ("acme/tiny", "main") and directory_of("at@home") == Path("at@home")


def test_prefixes_that_go_by_the_name_do_not_depend_on_the_revision(hub: Path) -> None:
    place = hub.with_name("models--intfloat--multilingual-e5-small")
    shutil.copytree(hub, place)
    assert load_encoder(f"intfloat/multilingual-e5-small@{A}").spec.query_prefix == "query: "


def test_states_of_a_copy_are_not_those_of_a_name_with_prefixes(hub: Path, tmp_path: Path) -> None:
    from bench.encoders.states.cache import teacher_states

    place = hub.with_name("models--intfloat--multilingual-e5-small")
    shutil.copytree(hub, place)
    copy = str(place / "snapshots" / A)
    named, copied = (
        teacher_states(lambda name=name: load_encoder(name), name, SENTENCES[:3], "query").pooled
        for name in (f"intfloat/multilingual-e5-small@{A}", copy)
    )
    assert np.abs(named - copied).max() > 1e-3
