"""languages.yaml and its loader: what selects a language, what orders promise, what a bad file is told."""

from __future__ import annotations

import pickle
import unicodedata
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import ENGLISH, SOURCES, Languages

STEPS = (5, 10, 20, 30, 40, 50)


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages.load()


# ---------------------------------------------------------------------------------------------- selecting


@pytest.mark.parametrize(
    "name", ["sw", "swa", "swh", "swh_Latn", "Swahili", "SW", "swahili", "SWH-LATN", " Sw "]
)
def test_every_name_of_swahili_selects_it(languages: Languages, name: str) -> None:
    assert languages.get(name).code == "swh_Latn"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ara", "arb_Arab"),
        ("arb", "arb_Arab"),
        ("cmn", "zho_Hans"),
        ("zho", "zho_Hans"),  # two languages start with zho: the alias decides
        ("zh-TW", "zho_Hant"),
        ("ne", "npi_Deva"),
        ("als", "als_Latn"),
        ("sq", "als_Latn"),
        ("fa", "pes_Arab"),
        ("ms", "zsm_Latn"),
        ("no", "nob_Latn"),
        ("tl", "fil_Latn"),
        ("tgl_Latn", "fil_Latn"),
        ("uzb", "uzn_Latn"),
        ("mon", "khk_Cyrl"),
        ("northern sotho", "nso_Latn"),
        ("Bangla", "ben_Beng"),
    ],
)
def test_macrolanguages_and_other_names(languages: Languages, name: str, code: str) -> None:
    assert languages.get(name).code == code


def test_every_language_is_found_by_all_it_is_called(languages: Languages) -> None:
    for language in languages:
        called = [
            language.code,
            language.name,
            language.iso639_1,
            *language.aliases,
            *language.sources.get("nllb", "").split(),
        ]
        assert {languages.get(name) for name in called if name} == {language}


def test_record_of_a_language(languages: Languages) -> None:
    swahili = languages.get("sw")
    assert (swahili.name, swahili.script, swahili.joshi_class) == ("Swahili", "Latn", 2)
    assert (swahili.iso639_1, swahili.iso639_3) == ("sw", "swh")
    assert (swahili.family, swahili.branch) == ("Niger-Congo/Bantu", "Bantu")
    assert swahili.sources["kolibri"] == "sw_TZ"
    assert "home_assistant" not in swahili.sources
    assert pickle.loads(pickle.dumps(swahili)) == swahili


@pytest.mark.parametrize(
    ("name", "near"), [("Swahlii", "Swahili"), ("swh_Lat", "swh_Latn"), ("Amharik", "Amharic")]
)
def test_unknown_language_names_the_nearest(languages: Languages, name: str, near: str) -> None:
    with pytest.raises(BenchError) as caught:
        languages.get(name)
    assert repr(name) in caught.value.message
    assert repr(near) in caught.value.message


def test_resolve_takes_names_lists_orders_and_groups(languages: Languages) -> None:
    assert [found.code for found in languages.resolve("sw, Amharic,swh_Latn")] == ["swh_Latn", "amh_Ethi"]
    assert [found.code for found in languages.resolve(["ha", "sw,am"])] == [
        "hau_Latn",
        "swh_Latn",
        "amh_Ethi",
    ]
    assert [found.code for found in languages.resolve("guard")] == languages.groups["guard"]
    assert len(languages.resolve(["low", "guard", "sw"])) == 60


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "no language"),
        (" , ", "no language"),
        ([], "no language"),
        ("sw,en", "English"),
        ("gaurd", "'guard'"),
    ],
)
def test_resolve_refuses(languages: Languages, asked: str | list[str], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        languages.resolve(asked)


def test_unknown_order_and_group(languages: Languages) -> None:
    with pytest.raises(BenchError, match="unknown language order 'lwo'.*'low'"):
        languages.order("lwo")
    with pytest.raises(BenchError, match="unknown language group 'gard'.*'guard'"):
        languages.group("gard")


def test_english_is_apart(languages: Languages) -> None:
    assert languages.english is ENGLISH
    assert languages.get("en") is languages.get("English") is ENGLISH
    assert "eng_Latn" not in languages
    assert all(language.code != "eng_Latn" for language in languages)


# ---------------------------------------------------------------------------------------------- the file itself


def test_size_and_classes(languages: Languages) -> None:
    assert len(languages) >= 190
    assert sum(language.joshi_class is not None for language in languages) >= 150
    assert {language.joshi_class for language in languages} <= {None, 0, 1, 2, 3, 4, 5}
    # Without any text in the packages, a language is there for public data.
    assert sum(bool(set(language.sources) - {"nllb"}) for language in languages) >= 130


def test_no_pseudo_locale_and_one_script_per_language(languages: Languages) -> None:
    assert "ach_UG" not in languages.codes("kolibri").values()
    # The Uzbek Quran is Cyrillic, all other Uzbek text Latin.
    assert "quran" not in languages.get("uz").sources
    assert languages.get("uzn_Cyrl").sources["quran"] == "uz"


def test_a_source_code_belongs_to_one_language(languages: Languages) -> None:
    for source in SOURCES:
        codes = list(languages.codes(source).values())
        assert len(codes) == len(set(codes)) > 0, source


def test_nllb_codes_are_those_of_the_tokenizer(languages: Languages) -> None:
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as known

    used = languages.codes("nllb")
    assert set(used.values()) <= set(known)
    # Nobody who has a code there was forgotten.
    assert {language.code for language in languages if language.code in known} <= set(used)


def test_low_is_low(languages: Languages) -> None:
    low = languages.order("low")
    assert len(low) == len({language.code for language in low}) == 50
    classes = [language.joshi_class for language in low]
    assert all(rating is not None and rating <= 3 for rating in classes)
    assert all("cldr" in language.sources for language in low)
    bitext = ("quran", "kolibri", "scratch", "django", "home_assistant")
    assert all(any(source in language.sources for source in bitext) for language in low)
    # Classes 0-2 first; Filipino (3) is the one that is drawn forward, to be in by 20.
    ranked = [language.joshi_class == 3 for language in low if language.code != "fil_Latn"]
    assert ranked == sorted(ranked)
    assert {"swh_Latn", "som_Latn", "mar_Deva", "fil_Latn"} <= {language.code for language in low[:20]}


@pytest.mark.parametrize(
    ("size", "scripts", "branches"),
    [(5, 4, 5), (10, 6, 10), (20, 11, 16), (30, 13, 20), (40, 17, 22), (50, 19, 27)],
)
def test_every_prefix_of_low_is_diverse(languages: Languages, size: int, scripts: int, branches: int) -> None:
    prefix = languages.order("low")[:size]
    assert len({language.script for language in prefix}) >= scripts
    assert len({language.family for language in prefix}) >= branches


def test_core_has_several_sources_and_all_tasks(languages: Languages) -> None:
    core = languages.order("low")[:5]
    for language in core:
        assert len({"quran", "kolibri", "scratch", "django", "home_assistant"} & set(language.sources)) >= 2
        assert {"cldr", "udhr", "nllb"} <= set(language.sources)
    for source in ("quran", "scratch"):  # passages, FAQ
        assert sum(source in language.sources for language in core) >= 4


def test_public_is_low_and_begins_like_low(languages: Languages) -> None:
    public = languages.order("public")
    assert len({language.code for language in public}) == 50
    assert [one.code for one in public[:10]] == [one.code for one in languages.order("low")[:10]]
    ranked = [one.joshi_class == 3 for one in public if one.code not in ("fil_Latn", "bod_Tibt")]
    assert ranked == sorted(ranked) and all(one.joshi_class is not None for one in public)
    assert {"swh_Latn", "som_Latn", "mar_Deva", "fil_Latn"} <= {one.code for one in public[:20]}
    for size, scripts, families in ((5, 4, 5), (10, 6, 10), (20, 10, 15), (50, 20, 23)):
        assert len({one.script for one in public[:size]}) >= scripts
        assert len({one.family for one in public[:size]}) >= families


def test_public_is_in_ntrex_and_belebele(languages: Languages) -> None:
    from bench.data.sources.hubs.catalogue import HUB_DATA
    from bench.data.sources.hubs.languages import own_codes

    asked = set(languages.orders["public"])
    for name in ("ntrex", "belebele"):
        assert asked | set(languages.groups["guard"]) <= set(own_codes(HUB_DATA[name], languages))


@pytest.mark.parametrize(("bare", "romanized"), [("arb", "arb_Latn"), ("hin", "hin_Latn"), ("urd", "urd_Latn")])
def test_a_romanized_language_takes_no_name_from_the_other(languages: Languages, bare: str, romanized: str) -> None:
    assert languages.get(bare).script != "Latn" and languages.get(romanized).code == romanized


def test_mixed_keeps_two_to_three_at_every_step(languages: Languages) -> None:
    high = {"id", "bg", "ro"}  # class 3, but counted as high-resource here
    mixed = languages.order("mixed")
    for size in STEPS:
        rich = [one for one in mixed[:size] if (one.joshi_class or 0) >= 4 or one.iso639_1 in high]
        assert len(rich) * 5 == size * 2


def test_guard_is_high_resource_and_never_trained_in_low(languages: Languages) -> None:
    guard = languages.group("guard")
    assert len(guard) == 10
    assert all((language.joshi_class or 0) >= 4 and "cldr" in language.sources for language in guard)
    assert not set(languages.groups["guard"]) & set(languages.orders["low"])


def test_pip_only_needs_no_npm(languages: Languages) -> None:
    pip = {"quran", "kolibri", "django", "home_assistant"}
    assert len(languages.group("pip_only")) >= 50
    assert all(
        pip & set(language.sources) and "cldr" in language.sources for language in languages.group("pip_only")
    )


# ---------------------------------------------------------------------------------------------- own files

SW = "swh_Latn: {name: Swahili, family: Niger-Congo/Bantu, script: Latn, sources: {quran: sw}}"
AM = "amh_Ethi: {name: Amharic, family: Afroasiatic, script: Ethi, sources: {quran: am}, aliases: [am]}"


def load(folder: Path, *lines: str) -> Languages:
    path = folder / "mine.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Languages.load(path)


def own(*rows: str) -> list[str]:
    return ["languages:", *(f"  {row}" for row in rows)]


def test_own_file(tmp_path: Path) -> None:
    mine = load(tmp_path, *own(SW, AM), "orders: {small: [swahili, am]}", "groups: {one: [amh_Ethi]}")
    assert len(mine) == 2
    assert mine.orders["small"] == ["swh_Latn", "amh_Ethi"]  # names become codes
    assert [language.name for language in mine.group("one")] == ["Amharic"]
    assert mine.get("swh").joshi_class is None
    with pytest.raises(BenchError, match="unknown language 'de'"):
        mine.get("de")
    assert load(tmp_path, *own(SW)).orders == {}


def test_three_letters_that_two_languages_share_select_neither(tmp_path: Path) -> None:
    two = [
        SW.replace("swh_Latn", "kaz_Latn"),
        AM.replace("amh_Ethi", "kaz_Arab").replace("script: Ethi", "script: Arab"),
    ]
    with pytest.raises(BenchError, match="unknown language 'kaz'"):
        load(tmp_path, *own(*two)).get("kaz")
    named = [two[0].replace("script", "aliases: [kaz], script"), two[1]]
    assert load(tmp_path, *own(*named)).get("kaz").code == "kaz_Latn"


BAD_ROWS = {
    "missing field": ("swh_Latn: {name: Swahili, family: Bantu, script: Latn}", "'swh_Latn' lacks 'sources'"),
    "unknown field": (
        SW.replace("family", "famly"),
        "unknown field of language 'swh_Latn' 'famly'.*'family'",
    ),
    "unknown source": (
        SW.replace("quran", "koran"),
        "unknown source of language 'swh_Latn' 'koran'.*'quran'",
    ),
    "not a code": (SW.replace("swh_Latn", "sw"), "'sw': not a code"),
    "script differs": (SW.replace("script: Latn", "script: Arab"), "has script 'Arab'"),
    "class": (SW.replace("script", "joshi_class: 6, script"), "'joshi_class' of language 'swh_Latn' is 6"),
    "class is a truth value": (SW.replace("script", "joshi_class: true, script"), "'joshi_class'.* is True"),
    "class is a fraction": (SW.replace("script", "joshi_class: 1.5, script"), "'joshi_class'.* is 1.5"),
    "norway": (SW.replace("quran: sw", "quran: no"), "code of source 'quran'.* is False\n.*in quotes"),
    "empty name": (SW.replace("Swahili", '""'), "'name' of language 'swh_Latn' is empty"),
    "name is a number": (SW.replace("Swahili", "7"), "'name' of language 'swh_Latn' is 7"),
    "short code": (SW.replace("script", "iso639_1: swa, script"), "'iso639_1'.* is 'swa'"),
    "aliases": (SW.replace("script", "aliases: swa, script"), "'aliases'.* is 'swa'"),
    "sources": (SW.replace("{quran: sw}", "sw"), "'sources' of language 'swh_Latn' is 'sw'"),
    "row": ("swh_Latn: Swahili", "language 'swh_Latn' is 'Swahili'"),
    "english": (SW.replace("swh_Latn", "eng_Latn"), "English is among the languages"),
}


@pytest.mark.parametrize(("row", "message"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_bad_language(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(BenchError, match=message) as caught:
        load(tmp_path, *own(row))
    assert "mine.yaml" in caught.value.message


BAD_LISTS = {
    "unknown code": (
        "orders: {small: [swh_Latn, amh_Eth]}",
        "order 'small': unknown language 'amh_Eth'.*'amh_Ethi'",
    ),
    "repeat": ("orders: {small: [swh_Latn, swh_Latn]}", "order 'small' holds 'swh_Latn' twice"),
    "repeat by another name": ("groups: {some: [am, amh_Ethi]}", "group 'some' holds 'amh_Ethi' twice"),
    "english": ("orders: {small: [en]}", "order 'small' holds English"),
    "empty": ("orders: {small: []}", "order 'small' is empty"),
    "not a list": ("orders: {small: swh_Latn}", "order 'small' is 'swh_Latn'"),
    "not a mapping": ("orders: [swh_Latn]", "'orders' is a list"),
    "norway": ("orders: {small: [no]}", "an entry of order 'small' is False"),
    "called like a language": ("groups: {amharic: [am]}", "group 'amharic' is also the name of a language"),
    "order and group": ("orders: {a: [am]}\ngroups: {a: [am]}", "'a' is an order and a group"),
    "unknown field": ("order: {small: [am]}", "unknown top-level field 'order'.*'orders'"),
}


@pytest.mark.parametrize(("text", "message"), BAD_LISTS.values(), ids=BAD_LISTS.keys())
def test_bad_orders_and_groups(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        load(tmp_path, *own(SW, AM), text)


BAD_NAMES = {
    "code": ([SW, SW], "'swh_Latn' stands twice: lines 2 and 3"),
    "field": ([SW.replace("family", "name: Kiswahili, family")], "'name' stands twice: lines 2 and 2"),
    "alias": ([AM, SW.replace("script", "aliases: [AM], script")], "'AM' selects both amh_Ethi and swh_Latn"),
    "alias is a name": (
        [AM, SW.replace("script", "aliases: [amharic], script")],
        "selects both amh_Ethi and swh_Latn",
    ),
    "alias of English": (
        [SW.replace("script", "aliases: [en], script")],
        "'en' selects both swh_Latn and eng_Latn",
    ),
}


@pytest.mark.parametrize(("rows", "message"), BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_names_must_be_unique(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        load(tmp_path, *own(*rows))


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="'.*nowhere.yaml' does not exist"):
        Languages.load(tmp_path / "nowhere.yaml")
    with pytest.raises(BenchError, match="cannot be read"):
        Languages.load(tmp_path)
    with pytest.raises(BenchError, match="not valid YAML.*line 2"):
        load(tmp_path, "languages:", "  swh_Latn: {name: Swahili")
    with pytest.raises(BenchError, match="'languages' is missing or empty"):
        load(tmp_path, "orders: {small: [am]}")
    with pytest.raises(BenchError, match="holds no fields"):
        load(tmp_path, "- swh_Latn")
    (tmp_path / "bytes.yaml").write_bytes(b"languages: {\xff}")
    with pytest.raises(BenchError, match="cannot be read"):
        Languages.load(tmp_path / "bytes.yaml")


def test_yaml_tags_run_nothing(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="not valid YAML"):
        load(tmp_path, "languages: !!python/object/apply:os.getcwd []")


# ---------------------------------------------------------------------------------------------- the real archives

# How Unicode names the letters of a script, where it is not the script's own name.
LETTERS = {
    "Arab": {"ARABIC"},
    "Armn": {"ARMENIAN"},
    "Beng": {"BENGALI"},
    "Cher": {"CHEROKEE"},
    "Cyrl": {"CYRILLIC"},
    "Deva": {"DEVANAGARI"},
    "Ethi": {"ETHIOPIC"},
    "Geor": {"GEORGIAN"},
    "Grek": {"GREEK"},
    "Gujr": {"GUJARATI"},
    "Guru": {"GURMUKHI"},
    "Hang": {"HANGUL"},
    "Hans": {"CJK"},
    "Hant": {"CJK"},
    "Hebr": {"HEBREW"},
    "Jpan": {"HIRAGANA", "KATAKANA", "CJK"},
    "Khmr": {"KHMER"},
    "Knda": {"KANNADA"},
    "Laoo": {"LAO"},
    "Latn": {"LATIN"},
    "Mlym": {"MALAYALAM"},
    "Mymr": {"MYANMAR"},
    "Orya": {"ORIYA"},
    "Sinh": {"SINHALA"},
    "Taml": {"TAMIL"},
    "Telu": {"TELUGU"},
    "Thaa": {"THAANA"},
    "Thai": {"THAI"},
}


def share_of_script(text: str, script: str) -> float:
    """Share of the letters of `text` that belong to `script`."""
    names = Counter(unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
    return sum(names[name] for name in LETTERS[script]) / max(1, sum(names.values()))


@cache
def texts_of(source: str) -> dict[str, dict[str, str]]:
    """Every language that the source has, read once for all tests."""
    codes = Languages.load().codes(source)
    texts: dict[str, dict[str, str]] = import_module(f"bench.data.sources.packages.{source}").read(codes)
    return texts


def translated(texts: dict[str, str], english: dict[str, str]) -> list[str]:
    return [text for key, text in texts.items() if key in english and text != english[key]]


@pytest.mark.packages
@pytest.mark.parametrize("source", ["quran", "kolibri", "scratch", "django", "home_assistant", "udhr"])
def test_each_code_has_text_in_the_script_of_its_language(languages: Languages, source: str) -> None:
    texts = texts_of(source)
    for code in languages.codes(source):
        sample = translated(texts[code], texts["eng_Latn"])[:300]
        assert len(sample) >= 15, (source, code)
        assert share_of_script(" ".join(sample), code[4:]) > 0.6, (source, code)


@pytest.mark.packages
def test_each_cldr_code_has_names_in_the_script_of_its_language(languages: Languages) -> None:
    symbols = import_module("bench.data.sources.packages.cldr").read(languages.codes("cldr"))
    for code in languages.codes("cldr"):
        names = [one.name for one in symbols[code].values() if one.name]
        assert len(names) >= 800, code
        assert share_of_script(" ".join(names[::4]), code[4:]) > 0.7, code


@pytest.mark.packages
def test_each_language_of_an_order_has_enough_text(languages: Languages) -> None:
    """Counts raw texts, so an upper bound: catches a code that leads to a nearly empty catalogue."""
    found: Counter[str] = Counter()
    for source in ("quran", "kolibri", "scratch", "django", "home_assistant"):
        texts = texts_of(source)
        long = {key: text for key, text in texts["eng_Latn"].items() if len(text.split()) >= 3}
        for code in languages.codes(source):
            found[code] += len(set(translated(texts[code], long)))
    wanted = {*languages.orders["low"], *languages.orders["mixed"], *languages.groups["guard"]}
    assert {code: found[code] for code in wanted if found[code] < 450} == {}
