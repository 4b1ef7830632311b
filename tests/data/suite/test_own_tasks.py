import pytest

from bench.data.sources.collection import OwnTask, task_frames
from bench.data.suite.own_tasks import own_task, same_questions
from tests.own_data import documents, english, other

LANGUAGES = ("eng_Latn", "swh_Latn", "amh_Ethi")


def plain(code, i):
    return f"q{i}"


def graded(code, i):
    return {f"d{i % 15}": 1 + i % 3}


def task(split="", languages=LANGUAGES, count=20, ids=plain, judged=graded, **more):
    """A task with questions 0, 1, ... in some languages."""
    rows, qrels = [], []
    for code in languages:
        for i in range(count):
            text = english(i) if code == "eng_Latn" else other(i, code[:2])
            rows.append((split, code, ids(code, i), text))
            qrels += [(split, code, ids(code, i), document, grade) for document, grade in judged(code, i).items()]
    return OwnTask("news", **task_frames(documents(), rows, qrels), **more)


def by_split(rows):
    found = {}
    for split, language, query_id, _ in rows.queries:
        found.setdefault((split, language), []).append(query_id)
    return found


def test_a_fifth_is_dev_where_no_split_is_named_the_same_questions_in_all_languages():
    rows, notes = own_task(task())
    split = by_split(rows)
    assert rows.parallel and len(split["dev", "swh_Latn"]) == 4 and len(split["test", "swh_Latn"]) == 16
    assert split["dev", "swh_Latn"] == split["dev", "eng_Latn"] == split["dev", "amh_Ethi"]
    assert split["test", "swh_Latn"] == split["test", "eng_Latn"], "sample order, the same in all languages"
    assert "task news: no split is named: 4 of 20 questions are held out for dev, by a hash of their ids" in notes
    assert by_split(own_task(task())[0]) == split


@pytest.mark.parametrize(("split", "share", "dev"), [("", 0.5, 10), ("", 0.0, 0), ("test", None, 0), ("test", 0.25, 5)])
def test_the_share_can_be_chosen_and_a_named_test_set_stays_whole(split, share, dev):
    rows, notes = own_task(task(split), share)
    assert len(by_split(rows).get(("dev", "swh_Latn"), ())) == dev
    assert any(("held out for dev" in note) == bool(dev) for note in notes if "questions are" in note)


def test_splits_that_the_data_names_are_kept():
    one, two = task("dev", count=5), task("test", count=12)
    both = OwnTask("news", one.documents, *(_joined(one, two, name) for name in ("queries", "qrels")))
    rows, notes = own_task(both, 0.5)
    split = by_split(rows)
    assert len(split["dev", "swh_Latn"]) == 5 and len(split["test", "swh_Latn"]) == 12  # ids of the two may be the same
    assert "splits as the data names them (dev 15, test 36 queries)" in " ".join(notes)


def _joined(one, two, name):
    import pandas as pd

    return pd.concat([getattr(one, name), getattr(two, name)], ignore_index=True)


def test_the_same_ids_for_other_questions_are_kept_apart():
    rows, notes = own_task(task(judged=lambda code, i: {f"d{(i + len(code[:1]) * LANGUAGES.index(code)) % 15}": 1}))
    assert not rows.parallel and "the languages ask questions of their own" in notes[0]
    ids = [query_id for _, _, query_id, _ in rows.queries]
    assert len(set(ids)) == len(ids) and "swh_Latn:q3" in ids
    assert {query for _, _, query, _, _ in rows.qrels} == set(ids)


def test_a_profile_can_say_what_ids_mean():
    assert own_task(task(parallel=False))[0].parallel is False
    different = task(judged=lambda code, i: {f"d{(i + LANGUAGES.index(code)) % 15}": 1}, parallel=True)
    rows, notes = own_task(different)
    assert rows.parallel and "as the profile says" in notes[0]
    assert {query for _, _, query, _, _ in rows.qrels} == {f"q{i}" for i in range(20)}


def test_ids_of_their_own_stay_as_they_are():
    rows, _ = own_task(task(ids=lambda code, i: f"{code[:2]}{i}"))
    assert not rows.parallel and "sw3" in {query_id for _, _, query_id, _ in rows.queries}


def test_english_versions_of_questions_that_nobody_asks_do_not_part_the_others_from_theirs():
    judged = {("", code, f"{code}-{n}"): {f"{code}{n}": 1} for code in ("swh_Latn", "yor_Latn") for n in range(3)}
    english = {("", "eng_Latn", f"{code}-{n}"): {f"{code}{n}": 1} for code in ("swh_Latn", "yor_Latn", "hau_Latn", "zul_Latn")
               for n in range(3)}  # fmt: skip
    assert same_questions(judged | english)
    assert not same_questions(judged)


def test_same_questions_share_ids_and_documents():
    judged = {("", "a", "1"): {"d": 1}, ("", "b", "1"): {"d": 2, "e": 1}, ("", "a", "2"): {"f": 1}}
    assert not same_questions(judged)  # one of two ids is shared: not most
    assert same_questions(judged | {("", "b", "2"): {"f": 1}})
    assert not same_questions(judged | {("", "b", "2"): {"g": 1}})


def test_grades_are_kept_and_what_cannot_be_scored_is_left_out():
    one = task(judged=lambda code, i: {"d1": 3, "d2": 1, "d3": 0, "gone": 2} if i else {"gone": 1})
    rows, notes = own_task(one)
    # What is not in the corpus stays: it counts as never found, also where a query has nothing else.
    assert {(document, grade) for *_, document, grade in rows.qrels} == {("d1", 3), ("d2", 1), ("gone", 2), ("gone", 1)}
    assert len(by_split(rows)["test", "swh_Latn"]) + len(by_split(rows)["dev", "swh_Latn"]) == 20
    assert any("judgements name documents that are not in the corpus: they count as never found" in note for note in notes)


def test_documents_of_one_text_are_merged_where_that_is_asked_for():
    frames = {"documents": [("a", "same text"), ("b", "other"), ("c", "same  text"), ("d", "same text")],
              "queries": [("", "swh_Latn", "1", "x"), ("", "swh_Latn", "2", "y")],
              "qrels": [("", "swh_Latn", "1", "c", 1), ("", "swh_Latn", "1", "d", 2), ("", "swh_Latn", "2", "b", 1)]}  # fmt: skip
    one = OwnTask("news", **task_frames(*frames.values()))
    kept, _ = own_task(one)
    assert len(kept.documents) == 4 and len(kept.qrels) == 3
    rows, notes = own_task(one, merge=True)
    assert set(rows.documents) == {"b", "c"}, "the first that is judged stays"
    assert {row[2:] for row in rows.qrels} == {("1", "c", 2), ("2", "b", 1)}
    assert "task news: 2 documents with the text of another one were merged into it" in notes


def test_english_is_optional_and_told_where_it_lacks():
    rows, notes = own_task(task(languages=("swh_Latn", "amh_Ethi")))
    assert rows.parallel and "task news: no English queries, so it has no ceiling" in notes
    fewer = task(languages=("swh_Latn", "amh_Ethi"))
    part = task(languages=("eng_Latn",), count=15)
    both = OwnTask("news", fewer.documents, *(_joined(fewer, part, name) for name in ("queries", "qrels")))
    assert "task news: 5 of 20 questions have no English version; the ceiling goes without them" in own_task(both)[1]
