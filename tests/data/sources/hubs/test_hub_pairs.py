"""Each bitext in its real form, read by the library that reads it from the hub."""

from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.sources.hubs import files
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.hubs.pairs import pairs
from tests.made_hubs import write_lines, write_repository


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    return tmp_path


def read(name: str, own: str) -> list[tuple[str, str, str]]:
    return list(pairs(HUB_DATA[name], own))


@pytest.mark.parametrize(("own", "config"), [("cy", "cy-en"), ("ha", "en-ha")])
def test_opus_100_names_its_pairs_by_the_alphabet(own, config):
    rows = {split: [{"translation": {"en": f"{split} {i}", own: f"x {split} {i}"}} for i in range(2)] for split in
            ("train", "validation", "test")}  # fmt: skip
    write_repository("Helsinki-NLP/opus-100", {(config, split): found for split, found in rows.items()})
    assert read("opus-100", own) == [
        ("train", "train 0", "x train 0"), ("train", "train 1", "x train 1"),
        ("dev", "validation 0", "x validation 0"), ("dev", "validation 1", "x validation 1"),
    ]  # fmt: skip


def test_a_language_of_opus_100_without_validation_has_training_pairs_alone():
    write_repository("Helsinki-NLP/opus-100", {("en-yo", "train"): [{"translation": {"en": "a", "yo": "b"}}]})
    assert read("opus-100", "yo") == [("train", "a", "b")]


def test_tatoeba_has_english_second():
    rows = [{"sentence1": "Habari.", "sentence2": "Hello.", "lang": "swh-eng"}]
    write_repository("mteb/tatoeba-bitext-mining", {("swh-eng", "test"): rows}, form="jsonl")
    assert read("tatoeba", "swh") == [("", "Hello.", "Habari.")]


@pytest.mark.parametrize(("name", "repository", "split"), [
    ("ntrex", "mteb/NTREXBitextMining", "test"), ("flores", "mteb/FloresBitextMining", "devtest"),
])  # fmt: skip
def test_one_table_with_a_column_a_language(name, repository, split):
    rows = [
        {"eng_Latn": "One.", "hau_Latn": "Daya.", "amh_Ethi": "አንድ።"},
        {"eng_Latn": "Two.", "hau_Latn": "Biyu.", "amh_Ethi": "ሁለት።"},
    ]
    write_repository(repository, {(None, split): rows})
    assert read(name, "amh_Ethi") == [("", "One.", "አንድ።"), ("", "Two.", "ሁለት።")]
    assert read(name, "hau_Latn")[1] == ("", "Two.", "Biyu.")
    with pytest.raises(BenchError, match="language swa_Latn: a column is missing: 'swa_Latn'"):
        read(name, "swa_Latn")


@pytest.mark.parametrize(("own", "config", "english"), [("ara", "ara-eng", "2"), ("vie", "eng-vie", "1")])
def test_webfaq_puts_the_languages_in_the_order_of_their_codes(own, config, english):
    other = {"1": "2", "2": "1"}[english]
    row = {f"question{english}": "Why?", f"answer{english}": "So.", f"question{other}": "X?", f"answer{other}": "x."}
    write_repository("PaDaS-Lab/webfaq-bitexts", {(config, "default"): [row]})
    assert read("webfaq-bitexts", own) == [("", "Why?", "X?")]


def test_without_network_the_message_says_how_to_place_the_data(monkeypatch: pytest.MonkeyPatch, cache: Path):
    import datasets

    def unreachable(*_, **__):
        raise ConnectionError("Couldn't reach 'mteb/NTREXBitextMining' on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(BenchError) as found:
        read("ntrex", "hau_Latn")
    assert "split test of mteb/NTREXBitextMining" in found.value.message and "Couldn't reach" in found.value.message
    place = cache / "hub" / "mteb" / "NTREXBitextMining"
    revision = HUB_DATA["ntrex"].revision
    command = f"hf download mteb/NTREXBitextMining --repo-type dataset --revision {revision} --local-dir {place}"
    assert command in found.value.hint


def test_an_incomplete_copy_is_told():
    write_repository("Helsinki-NLP/opus-100", {("en-yo", "train"): [{"translation": {"en": "a", "yo": "b"}}]})
    with pytest.raises(BenchError, match="cannot read configuration en-ha of Helsinki-NLP/opus-100") as found:
        read("opus-100", "ha")
    assert "complete it" in found.value.hint


def test_a_library_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    for name, own in (("opus-100", "ha"), ("tatoeba", "swh")):
        with pytest.raises(BenchError, match="need the package datasets"):
            read(name, own)


def test_any_failure_of_the_library_is_one_message(monkeypatch: pytest.MonkeyPatch):
    import datasets

    class OwnError(Exception):
        """As those of httpx: neither OSError nor ValueError."""

    def broken(*_, **__):
        yield {"sentence1": "a", "sentence2": "b"}
        raise OwnError("connection lost " + "x " * 400)

    monkeypatch.setattr(datasets, "load_dataset", broken)
    with pytest.raises(BenchError, match="split test of mteb/tatoeba-bitext-mining: connection lost") as found:
        read("tatoeba", "swh")
    assert len(found.value.message) < 350


def test_tico_19_is_two_files_with_names_of_columns():
    names = "sourceLang\ttargetLang\tsourceString\ttargetString\tstringID\turl\tlicense\ttranslatorId"
    rows = ["en\tsw\tStay home.\tKaa nyumbani.\tx:1\tu\tp\t7", 'en\tsw\t"Say ""ah""."\t"Sema ""a""."\tx:2\tu\tp\t7']
    write_lines("gmnlp/tico19", "dev/dev.en-sw.tsv", [names, rows[0]])
    write_lines("gmnlp/tico19", "test/test.en-sw.tsv", [names, rows[1], 'en\tsw\t"No", he said.\tAlikataa.\tx:3\tu\tp\t7'])
    assert read("tico-19", "sw") == [
        ("", "Stay home.", "Kaa nyumbani."), ("", 'Say "ah".', 'Sema "a".'), ("", '"No", he said.', "Alikataa.")
    ]  # fmt: skip


def test_tico_19_is_read_at_its_revision(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def from_hub(repository: str, path: str, revision: str | None) -> Path:
        asked.append((repository, path, revision))
        raise ConnectionError("no network")

    monkeypatch.setattr(files, "_from_hub", from_hub)
    with pytest.raises(BenchError, match="no network") as found:
        read("tico-19", "ha")
    assert asked == [("gmnlp/tico19", "dev/dev.en-ha.tsv", HUB_DATA["tico-19"].revision)]
    assert f"--revision {HUB_DATA['tico-19'].revision}" in found.value.hint


def test_mafand_leaves_its_test_out_and_has_languages_without_training_pairs():
    rows = {split: [{"translation": {"en": f"{split}", "hau": f"x {split}"}}] for split in ("train", "validation", "test")}
    write_repository("masakhane/mafand", {("en-hau", split): found for split, found in rows.items()} | {
        ("en-kin", split): [{"translation": {"en": split, "kin": "y"}}] for split in ("validation", "test")})  # fmt: skip
    assert read("mafand", "hau") == [("train", "train", "x train"), ("dev", "validation", "x validation")]
    assert read("mafand", "kin") == [("dev", "validation", "y")]


def test_seed_joins_its_languages_by_id():
    def row(code: str, number: int, text: str) -> dict:
        return {"id": number, "iso_639_3": code[:3], "iso_15924": code[4:], "glottocode": "x", "text": text, "url": "u"}

    rows = [row("bam_Latn", 2, "fila"), row("eng_Latn", 1, "One."), row("eng_Latn", 2, "Two."), row("bam_Latn", 1, "kelen"),
            row("bam_Nkoo", 1, "x"), row("bam_Latn", 3, "without English")]  # fmt: skip
    write_repository("openlanguagedata/oldi_seed", {(None, "train"): rows})
    assert read("seed", "bam_Latn") == [("", "Two.", "fila"), ("", "One.", "kelen")]


def test_gatitos_may_give_several_translations():
    rows = [{"sl": "en", "tl": "lg", "is_source_orig": True, "src": "water", "trgs": ["amazzi", "mazzi"]}]
    write_repository("google/smol", {("gatitos__en_lg", "train"): rows}, form="jsonl")
    assert read("gatitos", "lg") == [("", "water", "amazzi"), ("", "water", "mazzi")]
