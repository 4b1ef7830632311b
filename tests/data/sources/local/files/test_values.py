import datetime

import pytest

from bench.data.sources.local.files.values import several, text_of


@pytest.mark.parametrize(("record", "expected"), [
    ({"_id": "007"}, "007"), ({"_id": 7}, "7"), ({"id": "x"}, "x"), ({"_id": None, "id": "x"}, "x"),
    ({"_id": "", "id": "x"}, "x"),
    ({"other": 1}, None),
])  # fmt: skip
def test_texts_and_whole_numbers_are_texts(record, expected):
    assert text_of(record, ("_id", "id"), empty=False) == (expected, "")


@pytest.mark.parametrize(("value", "said"), [
    (1.0, "_id is 1.0 (a number with a point)"), (True, "_id is True (true or false)"), (["a"], "_id is ['a'] (a list)"),
    ({"a": 1}, "(an object)"), (b"x", "(bytes)"), (datetime.date(2022, 1, 1), "(date)"), (None, "_id is null"),
    (float("nan"), "_id is nan"), (["a" * 100], "... (a list)"),
])  # fmt: skip
def test_anything_else_is_a_flaw_that_names_itself(value, said):
    found = text_of({"_id": value}, ("_id",), empty=False)
    assert found.text is None and said in found.flaw


def test_null_is_an_empty_text_where_texts_may_be_empty():
    assert text_of({"text": None}, ("text",)) == ("", "")


def test_fields_of_one_meaning_that_differ_are_told():
    assert several({"id": 5, "docid": "D5"}, ("id", "docid")) == "has id and docid, which differ: id is taken"
    assert several({"id": 5, "docid": "5", "pid": None}, ("id", "docid", "pid")) == ""
