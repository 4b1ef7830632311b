import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.suite.common_letters import RUN, Beginnings, Runs

KEY = st.text("ab", min_size=0, max_size=90)


@settings(deadline=None)
@given(st.lists(KEY, min_size=1, max_size=6), st.lists(KEY, max_size=6), st.integers(0, 5), st.integers(0, 60))
def test_no_text_that_stands_in_a_document_is_missed(documents: list[str], texts: list[str], which: int, start: int) -> None:
    texts.append(documents[which % len(documents)][start:])
    found = Beginnings(10)
    for document in documents:
        found.add([document])
    there = [number for number, text in enumerate(texts) if len(text) >= 8 and any(text in one for one in documents)]
    among = found.among(texts)
    assert set(there) <= set(among) and among == sorted(set(among))


def test_other_texts_hardly_pass() -> None:
    found = Beginnings(1000)
    found.add(["".join(chr(97 + i * i % 23) for i in range(500))])
    assert len(found.among([f"{number:09}and so on" for number in range(1000)])) < 50
    assert Beginnings(1).among(["nothing was added here"]) == []


def test_runs_lie_within_one_text_and_tasks_are_told_apart() -> None:
    run = "".join(chr(97 + i * 7 % 26) for i in range(RUN))
    found = Runs()
    found.add("one", ["x", f"so {run}"])
    found.add("one", ["other letters" * 9])
    found.add("two", [f"{run[:40]}", f"{run[40:]}"])
    found.close()
    texts = ["short", f"it is {run} again", run[1:], run[: RUN // 2], run[RUN // 2 :], "other letters" * 8]
    among = {task: sorted(set(np.asarray(places).tolist())) for task, places in found.among(texts)}
    assert among == {"one": [1, 5], "two": []}
