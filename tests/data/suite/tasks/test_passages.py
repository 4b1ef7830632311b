from bench.data.suite.bitext import resolve_verses
from bench.data.suite.tasks.passages import Verses, passages_task, windows

TEN = " ".join(["word"] * 10)


def test_windows_close_at_the_length_and_at_the_end_of_a_surah() -> None:
    surah = {"1": 1, "2": 1, "3": 1, "4": 1, "5": 2, "6": 2}
    assert windows(surah, dict.fromkeys(surah, TEN), words=20) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert windows(surah, dict.fromkeys(surah, TEN), words=25) == [["1", "2", "3"], ["4"], ["5", "6"]]
    assert windows(surah, {"1": TEN, "6": TEN}, words=25) == [["1"], ["6"]]


def made() -> tuple[dict[str, str], Verses]:
    """Surah 6 (test): verses 1, 2, 5, 6; surah 3 (dev): 3; surah 1 (train): 4, which repeats verse 1."""
    surah = {"1": 6, "2": 6, "5": 6, "6": 6, "3": 3, "4": 1}
    english = {
        "1": "the first verse of all has seven words",
        "2": "this one is short",
        "3": "the verse for dev has seven words too",
        "4": "another wording of the very first verse",
        "5": "The first verse, of all, has seven words!",
    }
    arabic = {"1": "الف", "2": "باء", "3": "جيم", "4": "الف", "5": "دال", "6": "هاء"}
    sahih = {verse: f"{TEN} {verse}" for verse in surah}
    return english, Verses(surah, english, sahih, arabic, resolve_verses(surah, arabic, english))


def test_queries_are_held_out_verses_of_six_words_each_text_once() -> None:
    english, verses = made()
    swahili = {"1": "aya ya kwanza (kabisa)", "3": "aya ya dev", "5": "aya ya tano"}
    task = passages_task({"eng_Latn": english, "swh_Latn": swahili}, verses)
    assert sorted(task.queries) == [
        ("dev", "eng_Latn", "v0003", english["3"]),
        ("dev", "swh_Latn", "v0003", "aya ya dev"),
        ("test", "eng_Latn", "v0001", english["1"]),
        ("test", "swh_Latn", "v0001", "aya ya kwanza"),
    ]


def test_windows_of_identical_arabic_are_relevant_too() -> None:
    english, verses = made()
    task = passages_task({"eng_Latn": english}, verses)
    judged = {row[3] for row in task.qrels if row[2] == "v0001"}
    assert {task.documents[doc_id].rpartition(" ")[2] for doc_id in judged} == {"6", "4"}  # last verse of each
    assert {row[4] for row in task.qrels} == {1}
