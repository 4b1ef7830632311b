import numpy as np
import pytest
import torch

from bench.base.errors import BenchError
from bench.retrieval.large.codec import TokenCodec


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Dimensions of different means and widths."""
    generator = np.random.default_rng(0)
    return (generator.standard_normal((500, 24)) * np.linspace(0.1, 3, 24) + np.linspace(-5, 5, 24)).astype(np.float32)


@pytest.mark.parametrize(("bits", "size", "lost"), [(8, 24, 1e-4), (4, 12, 0.02)])
def test_codes_are_small_and_close(vectors, bits, size, lost):
    codec = TokenCodec.train(vectors, bits)
    codes = codec.encode(vectors)
    assert codes.shape == (500, size) and codes.dtype == np.uint8 and codec.size == size
    error = np.square(codec.decode(codes) - vectors).sum() / np.square(vectors - vectors.mean(0)).sum()
    assert error < lost


@pytest.mark.parametrize("bits", [8, 4])
def test_products_with_codes_are_those_with_what_faiss_decodes(vectors, bits):
    codec = TokenCodec.train(vectors, bits)
    codes = codec.encode(vectors)
    queries = np.random.default_rng(1).standard_normal((7, 24)).astype(np.float32)
    folded, constant = codec.fold(queries)
    products = codec.unpack(torch.from_numpy(codes)).numpy() @ folded.T + constant
    np.testing.assert_allclose(products, codec.decode(codes) @ queries.T, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("bits", [8, 4])
def test_a_saved_codec_gives_the_same_codes(vectors, bits, tmp_path):
    codec = TokenCodec.train(vectors, bits)
    codec.save(tmp_path / "codec.npz")
    again = TokenCodec.load(tmp_path / "codec.npz")
    np.testing.assert_array_equal(again.encode(vectors), codec.encode(vectors))
    np.testing.assert_array_equal(again.decode(codec.encode(vectors)), codec.decode(codec.encode(vectors)))


def test_no_vectors_have_no_codes(vectors):
    codec = TokenCodec.train(vectors, 4)
    assert codec.encode(vectors[:0]).shape == (0, 12) and codec.decode(codec.encode(vectors[:0])).shape == (0, 24)


def test_mistakes_are_told(vectors, tmp_path):
    with pytest.raises(BenchError, match="unknown number of bits '5'"):
        TokenCodec.train(vectors, 5)
    with pytest.raises(BenchError, match="no token vectors"):
        TokenCodec.train(vectors[:0], 8)
    (tmp_path / "codec.npz").write_bytes(b"PK damaged")
    with pytest.raises(BenchError, match="cannot read the quantiser"):
        TokenCodec.load(tmp_path / "codec.npz")
