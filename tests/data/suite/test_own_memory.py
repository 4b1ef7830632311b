"""A bitext larger than memory: the same suite, and never more than some of its pairs in memory together."""

import random
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

from bench.data.sources.collection import PAIR_COLUMNS, OwnData, frame
from bench.data.stored import sorting, spool
from bench.data.stored.bitext import store
from bench.data.stored.spool import Spool
from bench.data.suite import build, inside, leakage, own_pairs
from bench.data.suite.own import Choices, assemble, own_suite
from bench.data.suite.own_pairs import own_bitext
from bench.data.suite.types import Suite
from tests.data.suite.plain_pairs import plain_bitext
from tests.own_data import LANGUAGES, bitext, collection, documents, english, opened, other, tsv

CODES = ["swh_Latn", "amh_Ethi"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is done in parts is done in small ones."""
    for module, name, value in (
        (spool, "PART", 7), (sorting, "RUN", 5), (own_pairs, "MATCHED", 11), (inside, "_PART", 4), (inside, "_TOGETHER", 3),
        (leakage, "_PART", 3),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def rows(seed: int, count: int = 600) -> list[tuple[str, str, str, str, str]]:
    """Pairs of all kinds in no order: of three languages and sources, dev and not, copies, empty, twice, in other cases."""
    rng, found = random.Random(seed), []
    for _ in range(count):
        number, language = rng.randrange(150), rng.choice(["swh_Latn", "amh_Ethi", "deu_Latn"])
        said = rng.choice([english(number), english(number).upper() + "!", f" {english(number)} ", "...", "\u200b"])
        text = rng.choice([other(number, language[:2]), f"other {number}", english(number), "?"])
        split = rng.choice(["", "train", "dev"] if language == "deu_Latn" else ["", "train"])
        found.append((language, rng.choice(["web", "Book", "a"]), split, said, text))
    return found


@pytest.mark.parametrize("max_pairs", [None, 20, 1])
@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_those_that_a_table_in_memory_gives(seed: int, max_pairs: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = frame(rows(seed), PAIR_COLUMNS)
    expected, gone = plain_bitext(pairs, max_pairs)
    for in_parts in (False, True):
        if in_parts:
            small(monkeypatch)
        raw = Spool(PAIR_COLUMNS)
        for start in range(0, len(pairs), 50):
            raw.add(pairs.iloc[start : start + 50])
        made, rejected = own_bitext(raw, max_pairs)
        pd.testing.assert_frame_equal(made.frame(), expected)
        assert rejected == gone and list(rejected)[: len(gone)] == list(gone)
        flagged = pd.concat(list(made.parts("pair_id", "first")))
        assert flagged[flagged["first"]]["pair_id"].is_unique
        assert set(flagged[flagged["first"]]["pair_id"]) == set(expected["pair_id"])


def mine(folder: Path) -> Path:
    """Pairs of which some hold texts of a task, and the other way round."""
    part = " ".join(documents()[10][1].split()[1:9])
    leaks = [(english(3), "hii siyo siri"), ("nothing", f"kama {other(4, 'sw')} basi"), (part, "sehemu"), (part.upper(), "x")]
    run = f"he said that {documents()[9][1]} and more"
    return collection(folder, **{
        "bitext/sw.tsv": bitext("sw", 90) + tsv(*leaks, (run, "ndefu")), "bitext/web/sw.tsv": bitext("sw", 40, 170),
        "bitext/am.tsv": bitext("am", 60) + tsv((english(110).upper(), "once more"), (part, "another part")),
    })  # fmt: skip


def suite(root: Path) -> Suite:
    return own_suite(opened(root), LANGUAGES, CODES, Choices(max_pairs=115), lambda line: None)


# Of the suite as it was made when every table was in memory. The rules decide it: they were not changed, nor was RULES raised.
HASH = "54d04c87c20b25a6254fc0dc738302d429cc646d10dea5123053af36c544a633"


def test_the_suite_is_the_same_in_parts(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = mine(tmp_path / "mine")
    whole = suite(root)
    assert whole.hash == HASH
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "again"))
    small(monkeypatch)
    parted = suite(root)
    assert parted.info == whole.info and whole.info["rejected"]["leak"]["pairs"] >= 5
    assert any("letters in a row in common" in note for note in whole.info["notes"])
    for name in ("pair_id", "language", "source", "split", "english", "text"):
        assert list(parted.bitext[name]) == list(whole.bitext[name])
        assert list(parted.bitext[name].values) == list(whole.bitext[name].values)
        assert parted.bitext[name].codes.dtype == whole.bitext[name].codes.dtype
    assert not cache.joinpath("scratch").exists(), "few pairs need no files"
    assert [path.name for path in (tmp_path / "again" / "scratch").iterdir()] == [".lock"], "what was needed is gone"


def test_what_is_told_of_leaks_is_the_same_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for in_parts in (False, True):
        if in_parts:
            small(monkeypatch)
        data = opened(mine(tmp_path / "mine")).read(CODES, lambda line: None)
        made.append(assemble(data, Choices(), lambda line: None))
    assert made[0].leaks == made[1].leaks and len(made[0].leaks) == 3
    assert (made[0].rejected, made[0].notes) == (made[1].rejected, made[1].notes)


def test_few_pairs_are_looked_at_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, most = mine(tmp_path / "mine"), dict.fromkeys(("cleaned", "compared", "read", "sorted"), 0)
    small(monkeypatch)
    monkeypatch.setattr(sorting, "RUN", 20)

    def watched(module: object, name: str, what: str) -> None:
        plain = getattr(module, name)

        def counted(*given: object) -> object:
            most[what] = max(most[what], len(given[-1]))  # type: ignore[arg-type]
            return plain(*given)

        monkeypatch.setattr(module, name, counted)

    watched(own_pairs, "keys", "cleaned")
    watched(Spool, "add", "read")
    watched(sorting, "_write", "sorted")
    finding = leakage.Finder.find
    monkeypatch.setattr(
        leakage.Finder, "find",
        lambda self, texts: most.update(compared=max(most["compared"], len(texts))) or finding(self, texts),
    )  # fmt: skip
    monkeypatch.setattr(Spool, "frame", None)  # all of it is never asked for
    assert len(suite(root).bitext) > 100
    assert {name: 0 < count <= limit for (name, count), limit in zip(most.items(), (7, 3, 7, 40), strict=True)} == {
        name: True for name in most
    }, most


def peak(count: int, folder: Path) -> int:
    """Bytes of Python and numpy at most, while so many long pairs are cleaned, hashed, written and stored."""
    (folder / "pairs").mkdir(parents=True)
    raw = Spool(PAIR_COLUMNS)
    tracemalloc.start()
    try:
        for start in range(0, count, 100):
            long = " ".join(map(str, range(100)))
            raw.add(frame([(code, "web", "", f"{english(i)} {long}", f"{other(i, code[:2])} {long}")
                           for i in range(start, start + 100) for code in CODES], PAIR_COLUMNS))  # fmt: skip
        made, _ = own_bitext(raw)
        assert len(made) == 2 * count
        build.content_hash({"bitext": made})
        build.write_suite(folder / "suite", {"bitext": made}, {})
        store(folder / "suite" / "bitext.parquet", folder / "pairs")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_by_some_bytes_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PART", 200)
    monkeypatch.setattr(sorting, "RUN", 200)
    peak(200, tmp_path / "warm")  # what is made once a process
    few, many = (peak(count, tmp_path / str(count)) for count in (300, 1300))
    assert (many - few) / 2000 < 150, "the two texts of a pair alone have more than 600 letters"


def test_a_reader_of_data_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opened(mine(tmp_path / "mine")).read(CODES, lambda line: None)
    small(monkeypatch)
    parted: OwnData = opened(tmp_path / "mine").read(CODES, lambda line: None)
    assert isinstance(whole.pairs, Spool) and isinstance(parted.pairs, Spool)
    pd.testing.assert_frame_equal(parted.pairs.frame(), whole.pairs.frame())
    assert max(len(part) for part in parted.pairs.parts()) == 7
