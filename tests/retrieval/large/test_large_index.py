import shutil

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.data.documents import DocumentStream
from bench.retrieval.dense import DenseIndex
from bench.retrieval.large import index as module
from bench.retrieval.large.build import encode_collection, index_collection
from bench.retrieval.late import LateIndex
from tests.made_collection import documents, encode, made_space, questions

COUNT = 700


@pytest.fixture(scope="module")
def space():
    return made_space()


@pytest.fixture(scope="module")
def asked(space):
    return questions(space)


@pytest.fixture(scope="module")
def in_memory(space):
    """The same documents in the indexes for collections that fit into memory."""
    ids, texts = zip(*documents(COUNT), strict=True)
    pooled, tokens = encode(texts)
    late = Ragged(space.tokens(tokens.vectors), tokens.offsets)
    return DenseIndex(ids, space.pooled(pooled)), LateIndex(ids, late)


def build(folder, space, bits=8, shard=150, candidates=200, probes=1000, made=None, encode=encode):
    made = made or documents(COUNT)
    collection = DocumentStream(lambda: made, "made", len(made))
    shards = encode_collection(folder, collection, encode, bits, shard, lambda _: None)
    return index_collection(folder, shards, space, candidates, probes)


@pytest.fixture(scope="module")
def index(space, tmp_path_factory):
    return build(tmp_path_factory.mktemp("large"), space)


@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_dense_rankings_are_those_of_the_index_in_memory(index, in_memory, asked, mode):
    dense, late, names = asked
    found = index.search(dense, late, 30, names, mode)["dense"]
    expected = in_memory[0].search(dense, 30, names)
    for query in range(len(names)):
        assert found.ids(query) == expected.ids(query)
    np.testing.assert_array_equal(found.scores, expected.scores)


@pytest.mark.parametrize(("bits", "off"), [(8, 0.01), (4, 0.12)])
def test_late_scores_are_those_in_memory_but_for_the_codes(in_memory, asked, space, tmp_path, bits, off):
    dense, late, names = asked
    found = build(tmp_path, space, bits).search(dense, late, COUNT, names, "exact")["late"]
    expected = in_memory[1].search(late, COUNT, names)
    for query in range(len(names)):
        truth = dict(zip(expected.ids(query), expected.scores[query], strict=True))
        assert len(truth) == COUNT == len(found.ids(query))
        np.testing.assert_allclose(found.scores[query], [truth[name] for name in found.ids(query)], atol=off)


def test_a_candidate_has_the_score_of_the_exhaustive_search(index, asked):
    dense, late, names = asked
    exact = index.search(dense, late, COUNT, names, "exact")["late"]
    rough = index.search(dense, late, 40, names, "approximate")["late"]
    for query in range(len(names)):
        truth = dict(zip(exact.ids(query), exact.scores[query], strict=True))
        np.testing.assert_allclose(rough.scores[query], [truth[name] for name in rough.ids(query)], atol=1e-5)


def test_all_documents_as_candidates_are_the_exhaustive_search(space, asked, tmp_path):
    dense, late, names = asked
    index = build(tmp_path, space, candidates=COUNT)
    exact, rough = (index.search(dense, late, 25, names, mode)["late"] for mode in ("exact", "approximate"))
    assert [exact.ids(query) for query in range(12)] == [rough.ids(query) for query in range(12)]


def test_shards_leave_no_trace(space, asked, tmp_path):
    dense, late, names = asked
    rankings = [build(tmp_path / str(shard), space, shard=shard).search(dense, late, 20, names, "exact") for shard in (64, 1000)]
    for scorer in ("dense", "late"):
        one, other = (found[scorer] for found in rankings)
        assert [one.ids(query) for query in range(12)] == [other.ids(query) for query in range(12)]


def test_equal_documents_stand_in_the_order_of_their_ids(space, asked, tmp_path):
    dense, late, names = asked
    made = [(f"x{i:03d}", text) for i, (_, text) in enumerate(documents(300))]
    made = [*made, *((f"a{i}", made[7][1]) for i in (3, 1, 2))]
    index = build(tmp_path, space, made=made, shard=100)
    own = encode([made[7][1]])
    query = space.pooled(own[0]), Ragged(space.tokens(own[1].vectors), own[1].offsets)
    for mode in ("exact", "approximate"):
        for ranking in index.search(*query, 2, ["q"], mode).values():
            assert ranking.ids(0) == ["a1", "a2"]


def test_an_interrupted_encoding_goes_on_and_a_finished_one_reads_nothing(space, tmp_path):
    encoded = []

    def counting(texts):
        if len(encoded) > 4:
            raise KeyboardInterrupt
        encoded.append(len(texts))
        return encode(texts)

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, space, encode=counting)
    kept = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert kept == ["00000", "00001", "00002"]  # the first two calls, of 512 documents at most, were for the quantiser
    encoded.clear()
    build(tmp_path, space, encode=counting)
    assert encoded == [150, 100]  # 700 documents, 450 in three shards of 150
    collection = DocumentStream(lambda: pytest.fail("the documents were read again"), "made")
    encode_collection(tmp_path, collection, encode, 8, 150, lambda _: None)


def test_other_documents_than_those_begun_with_are_refused(space, tmp_path):
    made = documents(300)
    build(tmp_path, space, made=made)
    (tmp_path / "complete.json").unlink()
    made[3] = (made[3][0], "another text")
    with pytest.raises(BenchError, match="are not those that"):
        build(tmp_path, space, made=made)


def test_what_is_deleted_after_damage_is_made_again_and_nothing_else(space, asked, tmp_path):
    dense, late, names = asked
    before = build(tmp_path, space).search(dense, late, 20, names, "exact")["late"]
    shutil.rmtree(tmp_path / "00001")
    [derived] = tmp_path.glob("space-*")
    (derived / "lengths" / "00002").write_bytes(b"")
    encoded = []

    def counting(texts):
        encoded.append(len(texts))
        return encode(texts)

    with pytest.raises(BenchError, match="shorter than it should be") as found:
        build(tmp_path, space, encode=counting).search(dense, late, 20, names, "exact")
    assert encoded == [150] and f"delete {derived / 'lengths'}" in found.value.hint
    shutil.rmtree(derived / "lengths")
    after = build(tmp_path, space, encode=counting).search(dense, late, 20, names, "exact")["late"]
    assert encoded == [150]
    np.testing.assert_array_equal(after.scores, before.scores)


@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_queries_are_searched_in_parts_that_leave_no_trace(index, asked, monkeypatch, mode):
    dense, late, names = asked
    whole = index.search(dense, late, 20, names, mode)
    monkeypatch.setattr(module, "CELLS", 1)
    monkeypatch.setattr(module, "TOGETHER", 5)
    for scorer, ranking in index.search(dense, late, 20, names, mode).items():
        assert [ranking.ids(query) for query in range(12)] == [whole[scorer].ids(query) for query in range(12)]
        np.testing.assert_allclose(ranking.scores, whole[scorer].scores, atol=1e-6)


def test_rows_of_different_widths_are_cut_and_stacked():
    scores = np.array([[1, 3, 3, 2], [4, 1, 2, 3]], dtype=np.float32)
    documents = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    parts = [module._cut(scores[:1], documents[:1], 1), module._cut(scores[1:], documents[1:], 1)]
    stacked, found = module._stacked(parts)
    assert found.tolist() == [[1, 2], [4, -1]] and stacked.tolist() == [[3, 3], [4, -np.inf]]


@pytest.mark.parametrize("broken", ["pooled", "token", "none"])
def test_a_document_with_a_broken_vector_is_named(space, tmp_path, broken):
    def encoding(texts):
        pooled, tokens = encode(texts)
        for number, text in enumerate(texts):
            if text == "text 60" + " word" * 4:
                if broken == "none":
                    kept = [tokens[i] if i != number else tokens[i][:0] for i in range(len(tokens))]
                    return pooled, Ragged.from_list(kept)
                (pooled[number] if broken == "pooled" else tokens[number])[..., 0] = np.nan
        return pooled, tokens

    with pytest.raises(BenchError, match="document 'd0420'"):
        build(tmp_path, space, encode=encoding)
    assert not (tmp_path / "00000").exists()


def test_one_encoding_serves_several_spaces(space, asked, tmp_path):
    first = build(tmp_path, space)
    pooled, tokens = encode(["another text altogether", "and some more words here"])
    other = type(space).fit(tokens.vectors, pooled)
    second = build(tmp_path, other, encode=lambda texts: pytest.fail("encoded again"))
    dense, late, names = asked
    one, another = (index.search(dense, late, 5, names, "exact")["late"] for index in (first, second))
    assert one.ids(0) != another.ids(0)


def test_mistakes_are_told(index, asked, space, tmp_path):
    dense, late, names = asked
    with pytest.raises(BenchError, match="unknown late mode 'rough'"):
        index.search(dense, late, 10, names, "rough")
    broken = dense.copy()
    broken[3, 0] = np.nan
    with pytest.raises(BenchError, match="query 'q3'"):
        index.search(broken, late, 10, names)
    with pytest.raises(BenchError, match="dimensions"):
        index.search(dense[:, :8], late, 10, names)
    with pytest.raises(BenchError, match="no documents"):
        encode_collection(tmp_path / "none", DocumentStream(lambda: [], "none"), encode, 8, 10, lambda _: None)
    with pytest.raises(BenchError, match="occurs more than once"):
        build(tmp_path / "twice", space, made=[("a", "one text"), ("b", "two"), ("a", "three")], shard=1)


def test_no_queries_have_an_empty_ranking(index, asked):
    dense, late, _ = asked
    nothing = Ragged(late.vectors[:0], np.zeros(1, dtype=np.int64))
    assert all(len(found) == 0 for found in index.search(dense[:0], nothing, 10, []).values())
