import pandas as pd
import pytest

from bench.base.errors import BenchError
from bench.data.suite import inside
from bench.data.suite.leakage import DEV, TEST
from bench.data.suite.types import TABLES, table

SENTENCE = "The ferry crosses the strait twice a day in summer."
PASSAGE = f"Ports are busy. {SENTENCE.replace(' in', ', in').upper()} In winter it does not run."
OTHER = "Nobody knows how the old bridge was built without any iron at all, say those who live there."


def pairs(*english: str, source: str = "news") -> pd.DataFrame:
    rows = [(f"p{n}", "swh_Latn", source, "train", text, f"maneno {n}") for n, text in enumerate(english)]
    return table(rows, TABLES["bitext"])


def tasks(*documents: str, judged: tuple[tuple[int, str], ...] = ((0, "test"),), name: str = "quiz") -> dict[str, pd.DataFrame]:
    qrels = [(name, split, "swh_Latn", f"q{number}", f"d{number}", 1) for number, split in judged]
    return {
        "documents": table([(name, f"d{n}", text) for n, text in enumerate(documents)], TABLES["documents"]),
        "qrels": table(qrels, TABLES["qrels"]),
    }


def test_a_sentence_of_a_relevant_document_is_a_leak_whatever_its_case_and_punctuation():
    found = inside.find(pairs("Something else is said in this sentence.", SENTENCE), tasks(PASSAGE))
    assert set(found.leaks) == {"p1"} and found.leaks["p1"][0] == TEST
    assert found.by_task == {"quiz": frozenset(["p1"])}


def test_documents_that_answer_nothing_protect_nothing():
    assert not inside.find(pairs(SENTENCE), tasks("Another text.", PASSAGE)).leaks


def test_what_is_short_stands_in_many_texts():
    assert not inside.find(pairs("Twice a day in summer.", "Ports are busy."), tasks(PASSAGE)).leaks


def test_the_level_is_that_of_the_most_protected_document():
    quiz = tasks(PASSAGE, f"Well. {PASSAGE}", OTHER, judged=((0, "dev"), (1, "test"), (2, "dev")))
    found = inside.find(pairs(SENTENCE, OTHER), quiz)
    assert {pair: level for pair, (level, _) in found.leaks.items()} == {"p0": TEST, "p1": DEV}


def test_all_pairs_of_a_sentence_are_found():
    both = pairs(SENTENCE, SENTENCE.lower())
    assert set(inside.find(both, tasks(PASSAGE)).leaks) == {"p0", "p1"}


def test_a_long_run_in_common_is_counted_and_kept():
    longer = f"{OTHER[:-1]} and everybody laughs."
    found = inside.find(pairs(SENTENCE, longer, OTHER), tasks(PASSAGE, f"Tell me. {OTHER}", judged=((0, "test"), (1, "test"))))
    assert set(found.leaks) == {"p0", "p2"} and found.runs == {"quiz": 1}
    said = inside.notes(found)
    assert any("2 English sentences of the bitext stand in its relevant documents; left out" in one for one in said)
    assert any("1 further English sides have 64 letters in a row in common with one; kept" in one for one in said)
    assert inside.notes(inside.find(pairs("A sentence on another matter altogether."), tasks(PASSAGE))) == []


def test_runs_do_not_reach_from_one_text_into_the_next():
    half = len(OTHER) // 2
    assert inside.find(pairs(OTHER[:half], OTHER[half:]), tasks(OTHER)).runs == {"quiz": 0}
    short = "complicated international telecommunication lines", "extraordinary constitutional responsibilities"
    both = tasks(*short, judged=((0, "test"), (1, "test")))
    assert inside.find(pairs(*short), both).runs == {"quiz": 0}


def test_bitext_that_a_tasks_documents_are_made_of_is_refused_whatever_it_is_called():
    sentences = [f"Sentence number {n} says that the answer to it is {n * n}." for n in range(40)]
    passages = [" ".join(sentences[n : n + 4]) for n in range(0, 40, 4)]
    judged = tuple((n, "test") for n in range(5))  # half of the passages are asked about
    made_of = pairs(*sentences, source="anything")
    found = inside.find(made_of, tasks(*passages, judged=judged))
    assert len(found.leaks) == 20
    with pytest.raises(BenchError, match="anything cannot be trained on where quiz is evaluated: 20 of its 40 English sentences"):
        inside.refuse_made_of(made_of, found)
    fewer = inside.find(made_of, tasks(*passages, judged=judged[:4]))
    inside.refuse_made_of(made_of, fewer)
    inside.refuse_made_of(made_of.head(4), inside.find(made_of.head(4), tasks(*passages, judged=judged)))  # too few to say


def test_many_documents_and_pairs_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch):
    texts = [f"This is line {n} of a long book on {n} ships that never came home again." for n in range(30)]
    quiz = tasks(*texts, judged=tuple((n, "test" if n % 3 else "dev") for n in range(30)))
    whole = inside.find(pairs(*texts), quiz)
    assert {pair: level for pair, (level, _) in whole.leaks.items()} == {f"p{n}": TEST if n % 3 else DEV for n in range(30)}
    monkeypatch.setattr(inside, "_PART", 4)
    assert inside.find(pairs(*texts), quiz) == whole
