import shutil

import pytest

from bench.base.errors import BenchError
from bench.base.used import noting, size_of
from bench.data.settings import Data
from bench.data.sources.own import reader_of
from bench.data.suite.keys import Choices, own_key
from bench.data.suite.opening import open_suite
from tests.own_data import LANGUAGES, collection

CODES = ["swh_Latn", "amh_Ethi"]


def test_a_suite_that_was_made_is_found_by_its_key_without_its_sources(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    data = Data(suite=str(collection(tmp_path / "mine")))
    key = own_key(reader_of(data, LANGUAGES), CODES, Choices.of(data))
    with noting() as used:
        made = open_suite(data, LANGUAGES, CODES, key=key)
    assert used == {tmp_path / "cache" / "suite" / key} and size_of(map(str, used)) > 1000
    shutil.rmtree(tmp_path / "mine")
    assert open_suite(data, LANGUAGES, CODES, key=key).hash == made.hash
    with pytest.raises(BenchError):
        open_suite(data, LANGUAGES, CODES)
