"""Words of any script, translation word by word, and the whole cell on a made-up suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.pairs import training_pairs
from bench.cells.translation.lexical import WordTranslator
from bench.cells.translation.lexical import train as train_tables
from bench.cells.words.cutting import key, pieces_of, words
from bench.cells.words.ibm1 import train
from bench.cells.words.lexicon import Lexicon
from methods.facts import facts
from tests.made_suite import LETTERS, WORDS, World, made_world, translated


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nani anaona mwezi? (2)", ["Nani", "anaona", "mwezi", "2"]),
        ("Ng’ombe 'ya'ya ʼyan", ["Ng'ombe", "ya'ya", "yan"]),
        ("बिल्ली दूध, पीती है।", ["बिल्ली", "दूध", "पीती", "है"]),  # vowel signs are marks, and part of the word
        ("ድመቷ፡ወተት፣ትጠጣለች።", ["ድመቷ", "ወተት", "ትጠጣለች"]),  # the Ethiopic word space
        ("ﬁne\u200d ｆｕｌｌ so\u00adft", ["fine", "full", "soft"]),
        ("猫喝milk 牛奶", ["猫", "喝", "milk", "牛", "奶"]),
        ("—…!", []),
    ],
)
def test_words(text: str, expected: list[str]):
    assert words(text) == expected


def test_without_case():
    assert [key(word) for word in words("Straße ΣΟΦΟΣ")] == ["strasse", "σοφοσ"]


class Backend:
    """Cuts after two characters; the first piece is empty, as that of a space that the tokenizer adds."""

    truncation = None

    def encode(self, run: str, add_special_tokens: bool) -> SimpleNamespace:
        assert not add_special_tokens
        return SimpleNamespace(offsets=[(0, 0), *((i, min(i + 2, len(run))) for i in range(0, len(run), 2))])


def test_scripts_without_spaces_are_cut_by_the_tokenizer():
    pieces = pieces_of(SimpleNamespace(backend_tokenizer=Backend()))
    assert words("ខ្មែរ កខគ and ខ", pieces) == ["ខ្", "មែ", "រ", "កខ", "គ", "and", "ខ"]
    assert pieces_of(SimpleNamespace())("กขค") == ["ก", "ข", "ค"]


def test_a_real_tokenizer_loses_no_character(world: World):
    pieces = pieces_of(world.context.teacher.encoder.tokenizer)
    for run in ("猫喝牛奶", "ခွေးသည်စာအုပ်", "กขค"):
        assert "".join(pieces(run)) == run and all(pieces(run))


def test_a_length_left_in_the_tokenizer_cuts_no_words_and_stays(world: World):
    tokenizer = world.context.teacher.encoder.tokenizer
    run = "0123456789" * 6
    try:
        tokenizer(["some text"], truncation=True, max_length=6)
        left = dict(tokenizer.backend_tokenizer.truncation)
        assert left["max_length"] == 6
        assert pieces_of(tokenizer)(run) == list(run)
        assert tokenizer.backend_tokenizer.truncation == left
    finally:
        tokenizer.backend_tokenizer.no_truncation()


SWAHILI = [
    ("paka anasoma", "cat reads"), ("paka anakunywa", "cat drinks"), ("mbwa anasoma", "dog reads"), ("vitabu", "books"),
    ("vitabu vyangu", "books mine"), ("vitambaa", "cloths"), ("kitabu", "book"),
]  # fmt: skip


def lexicon(prefix: int = 4) -> Lexicon:
    table, _ = train([f.split() for f, _ in SWAHILI], [e.split() for _, e in SWAHILI], 20)
    return Lexicon(table, prefix)


def test_one_best_word_by_word():
    assert lexicon().translate(["Mbwa", "anakunywa"]) == "dog drinks"
    assert lexicon().best("paka") == "cat"


def test_an_unknown_word_is_translated_as_the_known_ones_with_the_longest_beginning_in_common():
    assert lexicon().best("vitabuni") == "books"  # vitabu is nearer than vitambaa
    # `vita` is shared by two words; the more frequent one weighs more.
    assert lexicon().best("vitanda") == "books"
    assert lexicon(5).best("vitanda") is None and lexicon(0).best("vitabuni") is None
    assert lexicon().best("simba") is None
    assert lexicon().translate(["Simba", "anasomea"]) == "Simba reads"
    columns, values = lexicon().distribution("vitanda")
    assert list(columns) == sorted(columns) and values.sum() == pytest.approx(1.0)


def test_a_word_beside_empty_english_alone_is_unknown():
    table, _ = train([["tupu"], ["paka"]], [[], ["cat"]], 2)
    assert Lexicon(table, 3).best("tupu") is None and Lexicon(table, 3).best("tupuni") is None


def test_languages_without_a_lexicon_pass_through():
    translator = WordTranslator({"swh_Latn": lexicon()}, list)
    told: list[float] = []
    asked = [("swh_Latn", "Paka?"), ("hau_Latn", "Paka, anasoma!"), ("swh_Latn", "!?")]
    assert translator.translate(asked, told.append) == ["cat", "Paka, anasoma!", "!?"]
    assert told == [1.0]


def test_each_language_has_its_own_table(world: World):
    spec = world.spec("lexical")
    _, rows = training_pairs(spec, world.context, world.context.teacher.encoder)
    tables, record = train_tables(rows, rows, 5, False, list)
    assert set(tables) == {"swh_Latn", "hau_Latn"}
    for language, table in tables.items():
        assert {word[-1] for word in table.source} == {LETTERS[language]}
        right = [Lexicon(table, 0).best(translated(word, language)) == word for word in WORDS]
        assert sum(right) >= 13, language
    assert record["loss"].dropna().is_monotonic_decreasing
    both, same_record = train_tables(rows, rows, 5, True, list)
    pd.testing.assert_frame_equal(record, same_record)
    for language, table in both.items():
        assert sum(Lexicon(table, 0).best(translated(word, language)) == word for word in WORDS) == len(WORDS)


def test_the_whole_cell(world: World):
    spec, told = world.spec("lexical"), []
    folder = world.out("lexical")
    found = run_cell(spec, folder, lambda *what: told.append(what))
    floor = world.out("floor")
    run_cell(world.spec("untrained"), floor, lambda *_: None)
    assert found["pairs_seen"] == 48 and found["pairs_by_language"] == {"hau_Latn": 24, "swh_Latn": 24}
    assert found["dev"]["loss_end"] < 0.75 * found["dev"]["loss_start"] and set(found["words"]) == {"hau_Latn", "swh_Latn"}
    assert found["translation"]["chrf"] > 50 and found["translation"]["pairs"] == 16
    steps = pd.read_csv(folder / "train.csv")
    assert steps["step"].tolist() == [0, *range(6), 5] and len(steps["dev_loss"].dropna()) == 2
    texts = pd.read_csv(folder / "translations.csv", keep_default_na=False)
    german = texts[texts["language"] == "deu_Latn"]
    assert len(german) and (german["text"] == german["translation"]).all()  # never trained: no lexicon
    scores = {
        where.name: pd.read_csv(where / "metrics.csv").groupby("language")["mrr@10"].mean() for where in (folder, floor)
    }
    assert (scores["lexical"] > scores["floor"]).loc[["swh_Latn", "hau_Latn"]].all()
    again = world.out("again")
    run_cell(spec, again, lambda *_: None)
    for name in ("metrics.csv", "per_query.parquet", "translations.csv", "train.csv"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_all_pairs_of_the_languages(world: World):
    folder = world.out("every")
    found = run_cell(world.spec("lexical(pairs=all)"), folder, lambda *_: None)
    assert found["pairs_by_language"] == {"hau_Latn": 72, "swh_Latn": 72} and found["pairs_distinct"] == 144
    marked = ("lexical(pairs=all)", "lexical(form=structured,pairs=all)", "fused(method=lexical(pairs=all))")
    assert {facts(text).role for text in marked} == {"not budget-matched"} and not facts("lexical(rounds=3)").role


def test_terms_of_a_structured_query():
    one = Lexicon(train([["f"]] * 10, [["a", "b", "c"]] * 6 + [["a", "b"]] * 3 + [["a"]], 1)[0], 3)
    whole = one.term("f", 10, 1.0)
    assert [word for word, _ in whole] == ["a", "b", "c"] and sum(share for _, share in whole) == pytest.approx(1)
    shares = dict(whole)
    assert shares["a"] > shares["b"] > shares["c"]
    assert [word for word, _ in one.term("f", 2, 1.0)] == ["a", "b"]
    assert dict(one.term("f", 2, 1.0))["a"] == pytest.approx(shares["a"] / (shares["a"] + shares["b"]))
    assert one.term("f", 10, shares["a"]) == (("a", 1.0),)  # what reaches the mass is enough
    assert len(one.term("f", 10, shares["a"] + 0.01)) == 2
    assert one.term("unknown", 10, 1.0) == (("unknown", 1.0),)


def test_the_whole_structured_cell(world: World):
    spec = world.spec("lexical(form=structured,rounds=2,mass=1)")
    folder, floor, ceiling = map(world.out, ("structured", "low", "high"))
    found = run_cell(spec, folder, lambda *_: None)
    run_cell(world.spec("untrained"), floor, lambda *_: None)
    run_cell(world.spec("english"), ceiling, lambda *_: None)
    assert found["pairs_seen"] == 48 and found["translation"]["chrf"] > 50
    metrics = {where.name: pd.read_csv(where / "metrics.csv") for where in (folder, floor, ceiling)}
    assert set(metrics["structured"]["scorer"]) == {"sparse"}
    sparse = {name: table[table["scorer"] == "sparse"].set_index(["task", "language"]) for name, table in metrics.items()}
    own, low, high = (sparse[name]["ndcg@10"] for name in ("structured", "low", "high"))
    assert set(own.index) == set(low.index) == set(high.index)
    # A language that was not trained is searched by its own words: exactly the floor, here nothing.
    german = own.index.get_level_values("language") == "deu_Latn"
    assert (low == 0).all() and (own[german] == 0).all()
    assert (own[~german] > 0.3).all() and (high > own - 0.1).all()
    texts = pd.read_csv(folder / "translations.csv", keep_default_na=False)
    assert texts.columns.tolist() == ["language", "text", "translation", "structured"]
    trained = texts[texts["language"] != "deu_Latn"]
    assert (trained["structured"].str.count(r"\|") == trained["text"].str.count(" ")).all()
    assert trained["structured"].str.contains(r"[a-z] \.\d\d").any()
    again = world.out("again")
    run_cell(spec, again, lambda *_: None)
    for name in ("metrics.csv", "per_query.parquet", "runs/faq.sparse.swh_Latn.trec.gz"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


@pytest.mark.parametrize("given", ["alternatives=0", "mass=0", "mass=1.5"])
def test_structured_queries_without_translations_are_a_mistake(world: World, given: str):
    with pytest.raises(BenchError, match="leave no translation"):
        run_cell(world.spec(f"lexical(form=structured,{given})"), Path(world.out("none")), lambda *_: None)


def test_no_rounds_are_a_mistake(world: World):
    with pytest.raises(BenchError, match="rounds=0"):
        run_cell(world.spec("lexical(rounds=0)"), Path(world.out("none")), lambda *_: None)
