from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.own import reader_of
from bench.data.sources.placed import placed
from tests.own_data import beir, bitext, english, other, write

LANGUAGES = Languages.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies under other spellings of their names, in other layouts, and more than anybody asked for."""
    sides = {f"bitext/NTREX/newstest2019.{code}.gz": "".join(f"{side(i)}\n" for i in range(30)) for code, side in {
        "eng_Latn": english, "swh_Latn": lambda i: other(i, "sw"), "amh_Ethi": lambda i: other(i, "am")}.items()}  # fmt: skip
    return write(tmp_path, {
        **sides, "bitext/tico19/sw.tsv": bitext("sw"), "bitext/gatitos/ha.tsv": bitext("ha"),
        **{f"tasks/{name}/{path}": text for name in ("belebele", "xorqa_in") for path, text in beir(("sw", "en")).items()},
    })  # fmt: skip


def test_a_folder_takes_the_place_of_the_hubs(folder: Path):
    data = Data(hubs=("ntrex", "tico-19", "xorqa-in"), folder=str(folder))
    reader = reader_of(data, LANGUAGES)
    outline = reader.outline()
    assert outline.trainable == ("swh_Latn", "amh_Ethi") and set(outline.queried) == {"xorqa-in"}
    pairs = reader.read(["swh_Latn", "amh_Ethi", "hau_Latn"], lambda line: None).pairs.frame()
    assert set(pairs["language"]) == {"swh_Latn", "amh_Ethi"}, "nothing but what is named"
    assert set(pairs["source"]) == {"ntrex", "tico-19"}
    assert placed(Data(hubs=("ntrex",)), LANGUAGES) == Data(hubs=("ntrex",))


def test_data_of_ones_own_stands_beside_the_folder(folder: Path, tmp_path: Path):
    write(tmp_path / "mine", {"ha.tsv": bitext("ha")})
    data = Data(hubs=("ntrex", "belebele"), folder=str(folder), bitext=(str(tmp_path / "mine" / "ha.tsv"),))
    assert set(reader_of(data, LANGUAGES).outline().trainable) == {"swh_Latn", "amh_Ethi", "hau_Latn"}


def test_moving_the_folder_changes_no_key(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    def key(where: Path) -> object:
        return reader_of(Data(hubs=("ntrex", "belebele"), folder=str(where)), LANGUAGES).key(["swh_Latn"])

    before = key(folder)
    moved = tmp_path_factory.mktemp("other") / "place"
    folder.rename(moved)
    assert key(moved) == before


def test_what_is_not_in_the_folder_is_told(folder: Path):
    with pytest.raises(BenchError, match="data.folder has no tasks/afriqa") as found:
        reader_of(Data(hubs=("ntrex", "afriqa"), folder=str(folder)), LANGUAGES)
    assert "there are: belebele, xorqa_in" in found.value.hint
    with pytest.raises(BenchError, match="is no folder"):
        reader_of(Data(hubs=("ntrex", "belebele"), folder=str(folder / "nowhere")), LANGUAGES)
    with pytest.raises(BenchError, match="flores cannot be trained on"):
        reader_of(Data(hubs=("flores", "belebele"), folder=str(folder)), LANGUAGES)
    with pytest.raises(BenchError, match="data.hubs names none"):
        Data(folder=str(folder))
