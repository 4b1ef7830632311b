from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.encoders.encoder import Encoder
from bench.encoders.load import load_encoder
from tests.tiny import tiny_bert, tiny_xlmr, write_encoder_json

MAKERS: dict[str, Callable[..., Path]] = {"xlmr": tiny_xlmr, "bert": tiny_bert}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model directory with prefixes, of each kind."""
    base = tmp_path_factory.mktemp("models")
    for name, make in MAKERS.items():
        make(base / name)
        write_encoder_json(base / name, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=64)
    return {name: base / name for name in MAKERS}


@pytest.fixture(params=list(MAKERS))
def encoder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Encoder:
    return load_encoder(str(folders[request.param]))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """An empty cache folder, but for tests that read the downloaded packages."""
    if not request.node.get_closest_marker("packages"):
        monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
