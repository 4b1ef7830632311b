import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.data.sources.collection import PAIR_COLUMNS, frame
from bench.data.suite.own_pairs import own_bitext
from bench.data.suite.splits import english_pair_id
from bench.data.suite.types import BITEXT_COLUMNS
from tests.own_data import english, other


def pairs(language, numbers, split="", source="web"):
    return [(language, source, split, english(i), other(i, language[:2])) for i in numbers]


def made(*parts, max_pairs=None):
    rows = [row for part in parts for row in part]
    bitext, rejected = own_bitext(frame(rows, PAIR_COLUMNS), max_pairs)
    return bitext.frame(), rejected


def split_of(bitext, split):
    part = bitext[bitext["split"] == split]
    return {code: set(own["pair_id"]) for code, own in part.groupby("language")}


def test_without_dev_files_an_eighth_at_most_100_is_held_out_in_all_languages():
    bitext, rejected = made(pairs("swh_Latn", range(80)), pairs("amh_Ethi", range(40)), pairs("deu_Latn", range(2000, 4000)))
    assert tuple(bitext.columns) == BITEXT_COLUMNS and rejected == {}
    dev, train = split_of(bitext, "dev"), split_of(bitext, "train")
    assert len(dev["deu_Latn"]) == 100 and 10 <= len(dev["swh_Latn"]) <= 15 and 5 <= len(dev["amh_Ethi"])
    held = set.union(*dev.values())
    assert not held & set.union(*train.values()), "what one language holds out, none trains on"
    again, _ = made(pairs("deu_Latn", range(2000, 4000)), pairs("amh_Ethi", range(40)), pairs("swh_Latn", range(80)))
    pd.testing.assert_frame_equal(bitext, again)


def test_dev_files_are_kept_and_win_over_training_files():
    bitext, rejected = made(
        pairs("swh_Latn", range(50)), pairs("swh_Latn", range(45, 60), "dev"), pairs("amh_Ethi", range(40, 80), "train")
    )
    dev = split_of(bitext, "dev")
    assert dev["swh_Latn"] >= {english_pair_id(english(i)) for i in range(45, 60)}
    assert {english_pair_id(english(i)) for i in range(45, 60)} <= dev["amh_Ethi"] <= dev["swh_Latn"] | dev["amh_Ethi"]
    assert rejected == {"web": {"duplicate of the English side": 5}}


def test_what_is_left_out_is_counted_by_source():
    odd = [
        ("swh_Latn", "web", "", "The Same Text.", "the same text"), ("swh_Latn", "web", "", "...", "x y z"),
        ("swh_Latn", "web", "", "a b c", "?!"), ("swh_Latn", "other", "", english(3).upper() + "!", "again"),
    ]  # fmt: skip
    bitext, rejected = made(pairs("swh_Latn", range(20)), odd)
    assert len(bitext) == 20
    assert rejected == {"other": {"duplicate of the English side": 1}, "web": {"empty": 2, "untranslated copy": 1}}


def test_texts_come_onto_one_line_and_a_pair_has_one_english_text():
    rows = pairs("swh_Latn", range(20)), pairs("amh_Ethi", range(20))
    shout = [("deu_Latn", "web", "", english(i).upper() + " !", f" ein\u200b  Satz\t{i} ") for i in range(20)]
    bitext, _ = made(*rows, shout)
    german = bitext[bitext["language"] == "deu_Latn"]
    assert "ein Satz 3" in set(german["text"])
    assert (bitext.groupby("pair_id")["english"].nunique() == 1).all() and bitext["pair_id"].nunique() == 20


def test_max_pairs_takes_the_same_english_texts_in_every_language():
    bitext, rejected = made(pairs("swh_Latn", range(100)), pairs("amh_Ethi", range(100), source="b"), max_pairs=30)
    train = split_of(bitext, "train")
    assert len(train["swh_Latn"]) == 30 and train["swh_Latn"] == train["amh_Ethi"]
    assert len(split_of(bitext, "dev")["swh_Latn"]) == 12
    assert rejected["b"]["beyond data.max_pairs"] == 100 - 12 - 30


def test_a_language_with_too_few_pairs_is_refused():
    with pytest.raises(BenchError, match="deu_Latn has 5 usable pairs and none for dev"):
        made(pairs("swh_Latn", range(100)), pairs("deu_Latn", range(500, 505)))
    with pytest.raises(BenchError, match="none for train"):
        made(pairs("swh_Latn", range(100)), pairs("deu_Latn", range(500, 505), "dev"))
