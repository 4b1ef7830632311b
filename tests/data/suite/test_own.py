import pytest

from bench.base.errors import BenchError
from bench.data.suite import inside, leakage
from bench.data.suite.own import Choices, assemble, own_key, own_suite
from bench.data.suite.types import Suite
from tests.own_data import LANGUAGES, PAIRS, beir, bitext, collection, documents, english, opened, other, queries, tsv, write

CODES = ["swh_Latn", "amh_Ethi"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))


def suite(root, told=None) -> Suite:
    return own_suite(opened(root), LANGUAGES, CODES, Choices(), (told if told is not None else []).append)


def test_a_part_of_a_relevant_document_is_taken_out_in_all_languages(tmp_path):
    part = " ".join(documents()[10][1].split()[1:9])
    assert len(part.split()) == 8
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv((part, "sehemu")),
                                            "bitext/am.tsv": bitext("am") + tsv((part, "another part"))})  # fmt: skip
    made = suite(root)
    assert not {part, "sehemu", "another part"} & (set(made.bitext.frame()["english"]) | set(made.bitext.frame()["text"]))
    assert any("stand in its relevant documents; left out" in note for note in made.info["notes"])


def test_a_source_that_documents_are_made_of_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(inside, "FEWEST", 1)
    part = " ".join(documents()[10][1].split()[1:9])
    root = collection(tmp_path / "mine", **{"bitext/flores/sw.tsv": tsv((part, "sehemu"))})
    with pytest.raises(BenchError, match="flores cannot be trained on where news is evaluated: 1 of its 1 English sentences"):
        suite(root)


def test_a_collection_becomes_a_suite_like_the_built_in_one(tmp_path):
    root, told = collection(tmp_path / "mine"), []
    made = suite(root, told=told)
    assert made.bitext.frame().groupby("language").size().to_dict() == {"swh_Latn": PAIRS, "amh_Ethi": PAIRS}
    task = made.task("news")
    assert task.parallel and task.languages("test") == ["amh_Ethi", "eng_Latn", "swh_Latn"] and task.splits() == ["test"]
    assert len(task.queries("test", "swh_Latn")) == 10 and task.qrels("test", "swh_Latn")["q3"] == {"d3": 2, "d4": 1}
    assert len(task.documents) == 15
    assert made.info["counts"]["documents"] == {"news": 15} and made.info["notes"]
    assert told and suite(root, told=(again := [])).hash == made.hash and again == [], "made once"


def test_a_key_knows_content_languages_and_choices(tmp_path):
    root = collection(tmp_path / "mine")
    keys = {own_key(opened(root), codes, choices) for codes in (CODES, CODES[:1]) for choices in (
        Choices(), Choices(dev_share=0.5), Choices(max_pairs=10))}  # fmt: skip
    assert len(keys) == 6
    assert own_key(opened(root), CODES[::-1], Choices()) in keys, "in any order"
    write(root, {"bitext/sw.tsv": bitext("sw", 30)})
    assert own_key(opened(root), CODES, Choices()) not in keys


def test_pairs_that_hold_a_text_of_a_task_are_taken_out_in_all_languages(tmp_path):
    long = f"News {documents()[10][1]}"  # it answers question 9 in part, and holds the text of no question
    leaks = [
        (english(3), "hii siyo siri"),  # an English query
        ("nothing to see in here", f"kama {other(4, 'sw')} basi"),  # holds a Swahili query
        ("a translation of a relevant document", long),
        (long + " again", "tafsiri ya hati"),
    ]
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv(*leaks), "bitext/am.tsv": bitext("am") + tsv(
        ("nothing to see in here", "harmless"), (english(1000), "another harmless one"))})  # fmt: skip
    made = suite(root)
    texts = set(made.bitext.frame()["english"]) | set(made.bitext.frame()["text"])
    for pair in leaks:
        assert not texts & set(pair), pair
    assert "harmless" not in texts and "another harmless one" in texts
    assert made.info["rejected"]["leak"]["pairs"] >= 5
    # Documents that answer nothing may be trained on: they are what any English text is.
    assert documents()[14][1] not in texts


def test_documents_that_answer_nothing_are_not_protected(tmp_path):
    loose = documents()[14][1]
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv((f"News {loose}", "habari za bure kabisa"))})
    assert "habari za bure kabisa" in set(suite(root).bitext.frame()["text"])


def test_training_pairs_do_not_hold_dev_pairs(tmp_path):
    root = collection(tmp_path / "mine", **{
        "bitext/sw.dev.tsv": tsv(("the ship leaves the harbour at night", "meli inaondoka bandarini usiku")),
        "bitext/sw.tsv": bitext("sw") + tsv(("So the ship leaves the harbour at night, she said", "alisema hivyo"))})  # fmt: skip
    made = suite(root)
    assert "alisema hivyo" not in set(made.bitext.frame()["text"])
    assert "meli inaondoka bandarini usiku" in set(made.bitext.frame().loc[made.bitext.frame()["split"] == "dev", "text"])


def test_a_test_query_must_not_be_in_a_dev_pair_a_dev_query_may(tmp_path):
    news = beir()
    news["qrels/dev.tsv"] = "".join(line + "\n" for line in news["qrels/test.tsv"].splitlines()[:7])
    news["qrels/test.tsv"] = "".join(
        line + "\n" for number, line in enumerate(news["qrels/test.tsv"].splitlines()) if number == 0 or number > 6
    )
    dev = tsv((english(1), "swali la dev"), (english(7), "swali la test"))
    root = collection(tmp_path / "mine", {"news": news}, **{"bitext/sw.dev.tsv": dev})
    texts = set(suite(root).bitext.frame()["text"])
    assert "swali la dev" in texts and "swali la test" not in texts


def test_bitext_that_is_all_leaks_is_refused(tmp_path):
    questions = tsv(*((text, f"swali {i}") for i, (_, text) in enumerate(queries("en"))))
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": questions})
    with pytest.raises(BenchError, match="all training pairs of swh_Latn hold a text of a task"):
        suite(root)


def test_the_check_fails_if_a_leak_is_let_through(tmp_path, monkeypatch):
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv((english(3), "siri"))})
    monkeypatch.setattr("bench.data.suite.own.remove_leaks", lambda pairs, tasks, parts: (pairs, ()))
    with pytest.raises(BenchError, match="leakage: 1 pairs"):
        suite(root)


def test_many_texts_are_searched_in_parts(tmp_path, monkeypatch):
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv((english(3), "siri"))})
    monkeypatch.setattr(leakage, "_PART", 7)
    monkeypatch.setattr("bench.data.stored.spool.PART", 5)
    assert "siri" not in set(suite(root).bitext.frame()["text"])


def test_tasks_of_the_names_of_built_in_ones_get_no_special_rules(tmp_path):
    leak = tsv((f"x {english(3)} y", "siri"))
    root = collection(tmp_path / "mine", {"symbols": beir()}, **{"bitext/sw.tsv": bitext("sw") + leak})
    assert "siri" not in set(suite(root).bitext.frame()["text"])


def test_notes_of_the_reader_stay(tmp_path):
    news = beir()
    news["qrels/sw.tsv"] = news.pop("qrels/test.tsv")
    data = opened(collection(tmp_path / "mine", {"news": news})).read(CODES, lambda line: None)
    assert any("take the judgements" in note for note in assemble(data, Choices(), lambda line: None).notes)
