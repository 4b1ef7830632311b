"""Search indexes are parsed by hand; a pickle that names a class is refused."""

import io
import os
import pickle
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.data.sources.packages import whoosh


class Evil:
    def __reduce__(self):
        return os.system, ("touch /nowhere",)


def dcz(records):
    body, directory = io.BytesIO(), b""
    for record in records:
        blob = pickle.dumps(record, 2)
        directory += struct.pack(">II", 4 + body.tell(), len(blob))
        body.write(blob)
    return struct.pack(">I", 4 + body.tell()) + body.getvalue() + directory


def segment(records, length_code="H", offset_code="i"):
    """A compound file as Whoosh 2.7 writes it; None = a document without stored fields."""
    blobs = [zlib.compress(pickle.dumps(record, 2)) if record is not None else b"" for record in records]
    offsets, at = [], 0
    for blob in blobs:
        offsets.append(at)
        at += len(blob)
    column = b"".join(blobs)
    column += struct.pack(f">{len(blobs)}{length_code}", *map(len, blobs))
    column += struct.pack(f">{len(blobs)}{offset_code}", *offsets)
    column += f"{length_code}{offset_code}X".encode()
    other = b"postings"
    directory = {
        "M_1.pst": {"offset": 12, "length": len(other)},
        "M_1._stored.col": {"offset": 12 + len(other), "length": len(column)},
    }
    pickled = pickle.dumps(directory, 2) + pickle.dumps({}, 2)
    start = 12 + len(other) + len(column)
    return struct.pack(">qi", start, len(pickled)) + other + column + pickled


RECORDS = [{"gid": n, "text": "v" * (n % 7) + "\u0639"} for n in range(1, 60)]


def test_dcz_round_trip():
    assert list(whoosh.dcz_records(dcz([["a", None, 1], ["\u0639", None, 2]]))) == [
        ["a", None, 1],
        ["\u0639", None, 2],
    ]
    assert list(whoosh.dcz_records(dcz([]))) == []


@pytest.mark.parametrize("codes", ["Hi", "HI", "Bi", "ii"])
def test_segment_round_trip_without_being_told_the_number_of_rows(codes):
    assert list(whoosh.segment_records(segment(RECORDS, *codes))) == RECORDS


def test_segment_rows_may_be_empty_at_both_ends():
    rows = [None, None, *RECORDS[:3], None, RECORDS[4], None]
    assert list(whoosh.segment_records(segment(rows))) == [*RECORDS[:3], RECORDS[4]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.none() | st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=80)), min_size=1
    )
)
def test_segment_round_trip_of_anything_plain(rows):
    assert list(whoosh.segment_records(segment(rows))) == [row for row in rows if row is not None]


def test_unwanted_records_are_not_loaded():
    rows = [{"kind": "word", "bad": Evil()}, {"kind": "verse"}]
    assert list(whoosh.segment_records(segment(rows), lambda raw: b"word" not in raw)) == [{"kind": "verse"}]


@pytest.mark.parametrize("make", [dcz, segment])
def test_a_record_that_names_a_function_is_refused_and_not_run(make, monkeypatch):
    ran = []
    monkeypatch.setattr(os, "system", ran.append)
    read = whoosh.dcz_records if make is dcz else whoosh.segment_records
    content = make([{"fine": Evil()}])
    with pytest.raises(BenchError, match="wants to load"):
        list(read(content))
    assert ran == []


def test_a_directory_that_names_a_class_is_refused():
    pickled = pickle.dumps(Evil(), 2)
    with pytest.raises(BenchError, match="wants to load"):
        list(whoosh.segment_records(struct.pack(">qi", 12, len(pickled)) + pickled))


def test_a_record_that_inflates_to_too_much_is_refused():
    with pytest.raises(BenchError, match="larger than"):
        list(whoosh.segment_records(segment([{"bomb": "0" * (whoosh.MAX_RECORD_BYTES + 1)}])))


def test_tables_that_do_not_fit_are_refused():
    content = bytearray(segment(RECORDS))
    table = content.index(b"HiX")
    content[table - 8] ^= 1  # an offset in the middle
    with pytest.raises(BenchError, match="do not fit"):
        list(whoosh.segment_records(bytes(content)))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_gives_records_or_a_clear_error(data):
    make, read = data.draw(
        st.sampled_from([(dcz, whoosh.dcz_records), (segment, whoosh.segment_records)]), label="format"
    )
    content = bytearray(make(RECORDS[:5]))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        list(read(bytes(content[:cut])))
    except BenchError:
        pass
