import json

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.retrieval.large.codec import TokenCodec
from bench.retrieval.large.shards import Shards, read_ranges, write_shard
from tests.made_collection import documents, encode

SIZES = (40, 1, 25)


@pytest.fixture(scope="module")
def codec() -> TokenCodec:
    return TokenCodec.train(encode([text for _, text in documents(50)])[1].vectors, 8)


@pytest.fixture
def shards(codec, tmp_path) -> Shards:
    rest, folders = documents(sum(SIZES)), []
    for number, size in enumerate(SIZES):
        part, rest = rest[:size], rest[size:]
        folders.append(tmp_path / str(number))
        folders[-1].mkdir()
        write_shard(folders[-1], [name for name, _ in part], [text for _, text in part], encode, codec, lambda _: None)
    return Shards(folders, codec)


def test_documents_are_found_by_position_across_shards(shards, codec):
    made = documents(sum(SIZES))
    positions = np.array([0, 1, 5, 39, 40, 41, 42, 65])
    assert shards.ids(positions) == [made[i][0] for i in positions]
    pooled, tokens = encode([made[i][1] for i in positions])
    np.testing.assert_array_equal(shards.pooled(positions), pooled)
    codes = np.concatenate([shard.codes_of(rows).vectors for _, shard, rows in shards.split(positions)])
    np.testing.assert_array_equal(codes, codec.encode(tokens.vectors))
    lengths = np.concatenate([shard.codes_of(rows).lengths for _, shard, rows in shards.split(positions)])
    np.testing.assert_array_equal(lengths, tokens.lengths)
    assert [start for start, _, _ in shards.split(positions)] == [0, 4, 5]
    assert len(shards) == 66


def test_a_range_of_documents_has_the_same_codes_as_its_documents(shards):
    whole, single = shards.shards[0].codes(3, 9), shards.shards[0].codes_of(np.arange(3, 9))
    np.testing.assert_array_equal(whole.vectors, single.vectors)
    np.testing.assert_array_equal(whole.offsets, single.offsets)


def test_an_id_in_two_shards_is_told(codec, tmp_path):
    for number, name in enumerate(("same", "other", "same")):
        (tmp_path / str(number)).mkdir()
        write_shard(tmp_path / str(number), [name], ["some text"], encode, codec, lambda _: None)
    shards = Shards([tmp_path / str(number) for number in range(3)], codec)
    with pytest.raises(BenchError, match="document id 'same' occurs more than once"):
        shards.check_unique()


def test_damaged_shards_are_told(shards, codec):
    folder = shards.shards[0].folder
    codes = folder / "codes.bin"
    codes.write_bytes(codes.read_bytes()[:-1])
    with pytest.raises(BenchError, match="shorter than it should be"):
        shards.shards[0].codes(0, 40)
    (folder / "shard.json").write_text(json.dumps({}))
    with pytest.raises(BenchError, match="no readable shard"):
        Shards([folder], codec)


def test_ranges_are_read_in_order_whether_or_not_they_touch(tmp_path):
    rows = np.arange(60, dtype=np.uint8).reshape(20, 3)
    rows.tofile(tmp_path / "rows.bin")
    starts, counts = np.array([0, 2, 2, 9, 11]), np.array([2, 0, 3, 2, 4])
    found = read_ranges(tmp_path / "rows.bin", starts, counts, 3)
    np.testing.assert_array_equal(found, rows[[0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14]])
