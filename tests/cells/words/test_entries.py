"""A lexicon of words and phrases, asked before the word table."""

from __future__ import annotations

import pytest

from bench.cells.words.cutting import key
from bench.cells.words.entries import Entries
from bench.cells.words.ibm1 import train
from bench.cells.words.lexicon import Lexicon

LISTED = [
    ("Cat", "paka"), ("thank you", "asante sana"), ("thanks", "Asante"), ("bird", "ndege"), ("airplane", "ndege"),
    ("aeroplane", "ndege"), ("to go", "enda"), ("go!", "enda"), ("...", "simba"), ("bird", "ndege"), ("lion", "?"),
]  # fmt: skip
PAIRS = [("ndege paka", "airplane cat"), ("ndege simba", "airplane lion"), ("paka anasoma", "cat reads")]


def entries() -> Entries:
    return Entries(LISTED, list)


def learnt(listed: Entries | None = None) -> Lexicon:
    table, _ = train([f.split() for f, _ in PAIRS], [e.split() for _, e in PAIRS], 20)
    return Lexicon(table, 3, listed)


def test_words_and_phrases_without_case_each_translation_once():
    assert entries().english[("ndege",)] == [("bird",), ("airplane",), ("aeroplane",)]
    assert ("simba",) not in entries().english and len(entries()) == 5 and entries().longest == 2


def test_the_longest_match_counts():
    keys = [key(word) for word in "asante sana ndege asante".split()]
    assert [entries().match(keys, at) for at in range(4)] == [("asante", "sana"), (), ("ndege",), ("asante",)]
    assert entries().covered(keys) == 4 and entries().covered(["sana", "paka"]) == 1


def test_the_lexicon_goes_first_and_the_table_chooses():
    lexicon = learnt(entries())
    assert lexicon.translate(["Asante", "sana", "Paka"]) == "thank you cat"
    assert lexicon.translate(["asante", "Simba", "xyz"]) == "thanks lion xyz"  # of the table; of neither
    # Of several translations the one that the bitext supports; without any, the fewest words, then the fewest letters.
    assert lexicon.translate(["ndege"]) == "airplane"
    assert Lexicon(entries().table(), 0, entries()).translate(["ndege", "enda"]) == "bird go"


def test_without_entries_nothing_changes():
    words = ["Ndege", "pakani", "xyz"]
    assert learnt().translate(words) == learnt(Entries([], list)).translate(words) == "airplane cat xyz"
    assert learnt().term("ndege", 10, 1.0) == learnt(Entries([], list)).term("ndege", 10, 1.0)


def test_a_table_of_single_words():
    table = entries().table()
    assert table.source == ["asante", "enda", "ndege", "paka"] and table.counts.tolist() == [0, 1, 1, 1, 1]
    assert [table.row(0)[0].size, table.values.sum()] == [0, pytest.approx(4)]
    columns, values = table.row(table.source.index("enda") + 1)
    assert {table.target[c]: v for c, v in zip(columns, values, strict=True)} == {"go": 0.75, "to": 0.25}
    # Words that nobody listed are taken for those with the longest beginning in common.
    assert Lexicon(table, 3, entries()).best("pakani") == "cat" and Lexicon(table, 0, entries()).best("pakani") is None


def test_structured_queries_take_the_mean_of_both():
    both, table = dict(learnt(entries()).term("ndege", 10, 1.0)), dict(learnt().term("ndege", 10, 1.0))
    assert set(both) == {"bird", "airplane", "aeroplane", *table}
    for english, share in both.items():
        own = 1 / 3 if english in ("bird", "airplane", "aeroplane") else 0
        assert share == pytest.approx((own + table.get(english, 0)) / 2)
    assert dict(learnt(entries()).term("asante", 10, 1.0)) == {"thanks": 1.0}  # of the lexicon alone
    assert learnt(entries()).term("xyz", 10, 1.0) == (("xyz", 1.0),)
