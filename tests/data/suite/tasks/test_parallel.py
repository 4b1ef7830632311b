from bench.data.suite.splits import english_pair_id
from bench.data.suite.tasks.parallel import declaration_task, strings_task

ENGLISH = {"1.1/1": "All human beings are born free", "2.1/2": "Everyone is entitled", "2.2/2": "No one"}


def test_declaration_asks_paragraphs_that_both_texts_have() -> None:
    swahili = {"1.1/1": "Watu wote wamezaliwa huru", "2.1/1": "Kila mtu anastahili", "2.2/2": "NO ONE"}
    task = declaration_task({"eng_Latn": ENGLISH, "swh_Latn": swahili}, ["a distractor"])
    assert [row for row in task.queries if row[1] == "swh_Latn"] == [("test", "swh_Latn", "d000", "Watu wote wamezaliwa huru")]
    assert len([row for row in task.queries if row[1] == "eng_Latn"]) == 3
    assert task.documents["d000"] == ENGLISH["1.1/1"] and task.documents["x0000"] == "a distractor"
    assert all(row[3] == row[2] for row in task.qrels)


def row(pair: str, language: str, source: str, split: str) -> tuple[str, str, str, str, str, str]:
    return pair, language, source, split, f"english {pair}", f"{language} {pair}"


def test_strings_asks_dev_pairs_of_the_interface_among_strings_that_nobody_trains_on() -> None:
    rows = [
        row("p1", "swh_Latn", "kolibri", "dev"),
        row("p1", "hau_Latn", "kolibri", "dev"),
        row("p2", "hau_Latn", "django", "train"),
        row("p3", "hau_Latn", "quran", "dev"),
    ]
    task = strings_task(rows, ["A string: withheld"])
    other = english_pair_id("A string: withheld")
    assert task.documents == {"p1": "english p1", other: "A string: withheld"}
    assert sorted(task.queries) == [
        ("dev", "eng_Latn", "p1", "english p1"),
        ("dev", "hau_Latn", "p1", "hau_Latn p1"),
        ("dev", "swh_Latn", "p1", "swh_Latn p1"),
    ]
    assert task.parallel
