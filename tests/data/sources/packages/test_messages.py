"""JSON and gettext message files, and the choice of source codes."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.data.sources.packages import messages


def mo(entries, order="<"):
    """A compiled gettext file of {id: text}."""
    ids = [key.encode() for key in entries]
    texts = [text.encode() for text in entries.values()]
    table = b""
    at = 28 + 16 * len(ids)
    for blob in ids + texts:
        table += struct.pack(f"{order}2I", len(blob), at)
        at += len(blob) + 1
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(ids), 28, 28 + 8 * len(ids), 0, at)
    return head + table + b"".join(blob + b"\0" for blob in ids + texts)


ENTRIES = {
    "": "Plural-Forms: nplurals=2; plural=__import__('os');\n",
    "Save": "Hifadhi",
    "menu\x04Open": "Fungua",
    "%d day\0%d days": "siku %d\0siku %d zote",
    "Untranslated": "",
}


@pytest.mark.parametrize("order", "<>")
def test_gettext_entries(order):
    found = messages.gettext_messages(mo(ENTRIES, order), "x.mo")
    assert found["%d day\0%d days"] == ("siku %d", "siku %d zote")
    assert set(found) == set(ENTRIES) - {""}


def test_gettext_pairs_match_general_plural_with_general_plural():
    english, translated = messages.gettext_pairs(messages.gettext_messages(mo(ENTRIES), "x.mo"))
    assert english == {"Save": "Save", "menu\x04Open": "Open", "%d day\0%d days": "%d days"}
    assert translated == {"Save": "Hifadhi", "menu\x04Open": "Fungua", "%d day\0%d days": "siku %d zote"}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_gettext_files_give_entries_or_a_clear_error(data):
    content = bytearray(mo(ENTRIES))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        messages.gettext_messages(bytes(content[: data.draw(st.integers(0, len(content)))]), "x.mo")
    except BenchError as error:
        assert "x.mo" in str(error)


def test_json_messages_flatten():
    content = b'\xef\xbb\xbf{"a": {"b": "x", "c": {"d": "y"}}, "e": ""}'
    assert messages.json_messages(content, "x") == {"a.b": "x", "a.c.d": "y", "e": ""}


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": 1}', b'{"a": ["x"]}', b"\xff", b'{"a":' * 20_000])
def test_json_that_is_no_message_file(content):
    with pytest.raises(BenchError, match="x.json is not a message file"):
        messages.json_messages(content, "x.json")


def test_codes_may_differ_in_case_and_dash():
    chosen = messages.choose("s", {"zho_Hans": "ZH-hans", "eng_Latn": "ignored"}, ["zh_Hans", "en"], "en")
    assert chosen == {"zho_Hans": "zh_Hans", "eng_Latn": "en"}


def test_an_unknown_code_names_the_language_and_the_nearest():
    with pytest.raises(BenchError, match="unknown kolibri code of swh_Latn 'sw': did you mean 'sw_TZ'"):
        messages.choose("kolibri", {"swh_Latn": "sw"}, ["sw_TZ", "yo", "en"], "en")
