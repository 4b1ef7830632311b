"""What a profile asks of the hubs: which data sets go together, in which languages, and what comes out."""

from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.hubs import reader as module
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.hubs.languages import own_codes
from bench.data.sources.hubs.reader import HubReader, preview, stream_of
from bench.data.sources.hubs.tasks import ENGLISH_QUESTIONS, REVISED, STREAMED, TASKS
from bench.data.sources.own import reader_of
from tests.made_hubs import fresh_ir_datasets, write_clirmatrix, write_mmarco_german, write_msmarco, write_repository

LANGUAGES = Languages.load()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    fresh_ir_datasets(tmp_path / "irds", monkeypatch)
    return tmp_path


def write_tatoeba(**pairs: int) -> None:
    write_repository("mteb/tatoeba-bitext-mining", {
        (f"{own}-eng", "test"): [{"sentence1": f"{own} {i}", "sentence2": f"sentence {i}"} for i in range(count)]
        for own, count in pairs.items()
    })  # fmt: skip


def test_every_entry_has_what_reads_it():
    tasks = {name for name, one in HUB_DATA.items() if one.kind == "task"}
    assert tasks == {*TASKS, *REVISED} and ENGLISH_QUESTIONS | STREAMED <= tasks
    for one in HUB_DATA.values():
        assert one.size and one.licence and one.citation and one.direction
        assert own_codes(one, LANGUAGES) or one.name == "msmarco"
        assert set(one.aliases) <= set(one.codes.split())
    assert all(own_codes(one, LANGUAGES).get("eng_Latn") is None for one in HUB_DATA.values())


@pytest.mark.parametrize(("name", "code", "own"), [
    ("opus-100", "nob_Latn", "nb"), ("ntrex", "swh_Latn", "swa_Latn"), ("tatoeba", "khk_Cyrl", "mon"),
    ("webfaq-bitexts", "zho_Hans", "zho"), ("mmarco", "nld_Latn", "dt"), ("clirmatrix", "als_Latn", "sq"),
    ("belebele", "pbt_Arab", "pbt_Arab"), ("africlirmatrix", "nso_Latn", "northern_sotho"),
])  # fmt: skip
def test_own_codes(name, code, own):
    assert own_codes(HUB_DATA[name], LANGUAGES)[code] == own


def test_flores_is_refused_beside_belebele_with_the_reason():
    with pytest.raises(BenchError, match="flores cannot be trained on where belebele is evaluated: .* FLORES passages") as found:
        HubReader(("belebele", "flores"), LANGUAGES)
    assert "ntrex" in found.value.hint
    HubReader(("flores", "clirmatrix"), LANGUAGES)


@pytest.mark.parametrize("name", ["miracl", "ciral", "africlirmatrix", "neuclir", "wikiclir", "msmarco"])
def test_tasks_without_queries_in_x_on_english_documents_are_refused(name):
    with pytest.raises(BenchError, match=f"{name} cannot be evaluated: ") as found:
        HubReader(("opus-100", name), LANGUAGES)
    assert "belebele, clirmatrix" in found.value.hint and f"bench data show {name}" in found.value.hint


def test_an_unknown_name_gets_its_neighbours():
    with pytest.raises(BenchError, match="unknown data set 'belebel': did you mean 'belebele'"):
        HubReader(("belebel",), LANGUAGES)


def test_the_outline_reads_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    monkeypatch.setitem(__import__("sys").modules, "ir_datasets", None)
    found = HubReader(("tatoeba", "belebele", "clirmatrix"), LANGUAGES)
    outline = found.outline()
    assert "swh_Latn" in outline.trainable and "khm_Khmr" in outline.trainable and "nob_Latn" in outline.trainable
    assert "eng_Latn" in outline.queried["belebele"] and "eng_Latn" not in outline.queried["clirmatrix"]
    found.key(["swh_Latn"])
    with pytest.raises(BenchError, match=r"datasets") as told:
        found.read(["swh_Latn"], lambda line: None)
    assert "xlsd-bench[hubs]" in told.value.hint


def test_pairs_and_tasks_in_the_common_form(home: Path):
    write_tatoeba(swh=3, deu=2)
    write_msmarco(home / "irds")
    write_mmarco_german(home / "irds")
    said: list[str] = []
    data = HubReader(("tatoeba", "mmarco"), LANGUAGES).read(["swh_Latn", "deu_Latn"], said.append)
    assert data.pairs.frame().to_numpy().tolist() == [
        *(["deu_Latn", "tatoeba", "", f"sentence {i}", f"deu {i}"] for i in range(2)),
        *(["swh_Latn", "tatoeba", "", f"sentence {i}", f"swh {i}"] for i in range(3)),
    ]  # fmt: skip
    [task] = data.tasks
    assert task.name == "mmarco" and task.parallel and len(task.documents) == 0 and task.stream == {"hub": "mmarco"}
    assert task.queries.to_numpy().tolist() == [
        ["", "deu_Latn", "7", "was ist regen"], ["", "deu_Latn", "9", "wie backt man brot"],
        ["", "eng_Latn", "7", "what is rain"], ["", "eng_Latn", "9", "how to bake bread"],
    ]  # fmt: skip
    assert task.qrels["doc_id"].tolist() == ["0", "1", "0", "1"]
    assert [doc_id for doc_id, _ in stream_of(task.stream).read()] == ["0", "1", "2"]
    assert "reading tatoeba, swh_Latn" in said and any("mmarco" in note for note in data.notes)


def test_judgements_of_queries_that_are_not_taken_and_of_grade_0_are_left_out(home: Path, monkeypatch: pytest.MonkeyPatch):
    write_clirmatrix(home / "irds", "sw", queries=5)
    monkeypatch.setattr("bench.data.sources.hubs.tasks.CLIRMATRIX_QUERIES", 2)
    [task] = HubReader(("clirmatrix",), LANGUAGES).read(["swh_Latn"], lambda line: None).tasks
    assert set(task.queries["split"]) == {"dev", "test"} and len(task.queries) == 4
    assert len(task.qrels) == 8 and task.qrels["grade"].min() == 2 and task.parallel is None


def test_a_huge_bitext_is_cut_and_the_cut_is_said(monkeypatch: pytest.MonkeyPatch):
    write_tatoeba(swh=9)
    monkeypatch.setattr(module, "MOST_PAIRS", 4)
    data = HubReader(("tatoeba",), LANGUAGES).read(["swh_Latn"], lambda line: None)
    assert len(data.pairs) == 4 and data.notes == ["tatoeba: the first 4 pairs of swh_Latn were read"]


def test_the_key_follows_languages_data_sets_and_the_copy_on_disk():
    def key(*names: str, codes: tuple[str, ...] = ("swh_Latn", "deu_Latn")) -> object:
        return HubReader(names, LANGUAGES).key(codes)

    plain = key("tatoeba")
    assert key("tatoeba", codes=("deu_Latn", "swh_Latn", "tsn_Latn")) == plain  # Tatoeba has no Setswana
    assert len({str(found) for found in (plain, key("ntrex"), key("tatoeba", codes=("swh_Latn",)))}) == 3
    write_tatoeba(swh=3)
    copied = key("tatoeba")
    assert copied != plain and copied == key("tatoeba")
    write_tatoeba(swh=300)
    assert key("tatoeba") != copied


def test_the_key_follows_the_own_codes():
    one = HubReader(("mmarco",), LANGUAGES)
    plain = str(one.key(["deu_Latn"]))
    one.codes["mmarco"]["deu_Latn"] = "fr"
    assert str(one.key(["deu_Latn"])) != plain


def test_a_profile_joins_the_hubs_with_data_on_disk(home: Path):
    (home / "mine" / "bitext").mkdir(parents=True)
    (home / "mine" / "bitext" / "ha.tsv").write_text("".join(f"this is number {i}\twannan {i} ne\n" for i in range(5)))
    write_tatoeba(swh=3)
    data = Data(suite=str(home / "mine"), hubs=("tatoeba", "belebele"))
    found = reader_of(data, LANGUAGES)
    assert {"hau_Latn", "swh_Latn"} <= set(found.outline().trainable)
    assert set(found.outline().queried) == {"belebele"}
    data = Data(suite=str(home / "mine"), hubs=("tatoeba",))
    pairs = reader_of(data, LANGUAGES).read(["hau_Latn", "swh_Latn"], lambda line: None).pairs.frame()
    assert pairs["language"].value_counts().to_dict() == {"hau_Latn": 5, "swh_Latn": 3}
    with pytest.raises(BenchError, match="two sources of data have a task"):
        from bench.data.sources.joined import JoinedReader

        JoinedReader([HubReader(("belebele",), LANGUAGES)] * 2, LANGUAGES).outline()


def test_a_preview_reads_data_of_any_direction(home: Path):
    write_tatoeba(swh=9)
    assert list(preview("tatoeba", "swh", 2)) == [("pairs", 2, ["sentence 0 | swh 0", "sentence 1 | swh 1"])]
    write_msmarco(home / "irds")
    found = {kind: (count, shown) for kind, count, shown in preview("msmarco", "", 1)}
    assert found == {
        "queries": (2, ["7: what is rain"]), "judgements": (2, ["7 0 1"]), "documents": (1, ["0: The passage on rain."])
    }  # fmt: skip
