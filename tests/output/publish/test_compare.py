import pandas as pd
import pytest

from bench.output.publish import compare

TABLE = "method,size,score\noptical,5,0.1\n\"a, b\",20,0.2\n"


@pytest.mark.parametrize(
    ("published", "line"),
    [
        (TABLE, ""),
        (TABLE.replace("0.2", "0.3"), "score is '0.3', the scores give '0.2' (method a, b, size 20)"),
        (TABLE.replace("0.", "1."), "score is '1.1', the scores give '0.1' (method optical, size 5); 1 more"),
        (TABLE + "x,1,1\n", "it has 3 rows, the scores give 2"),
        (TABLE.replace("size", "N"), "line 1 has 'method,N,score', the scores give 'method,size,score'"),
        (TABLE.replace("\n", "\r\n"), "it differs in the ends of lines"),
        ("", "it has -1 rows, the scores give 2"),
    ],
)
def test_tables(published: str, line: str) -> None:
    assert compare.texts("some.csv", published, TABLE) == line


def test_texts() -> None:
    long = "x" * 100
    assert compare.texts("a.md", f"one\n{long}1{long}\n", f"one\n{long}2{long}\nthree\n") == (
        f"line 2 has '{'x' * 30}1{'x' * 29}', the scores give '{'x' * 30}2{'x' * 29}'; 1 more"
    )


def test_scores_of_questions() -> None:
    frame = pd.DataFrame({"query_id": ["q1", "q2"], "ndcg@10": [0.5, 1.0], "mrr@10": 1.0, "recall@100": 1.0, "success@1": 1.0})
    assert compare.frames(frame, frame) == ""
    other = frame.assign(**{"ndcg@10": [0.5, float("nan")], "mrr@10": [1.0, 0.5]})
    assert compare.frames(frame, other) == "query 'q2': ndcg@10 is 1.000000, the ranking gives nan; 1 more"
    assert compare.frames(frame, frame.assign(query_id=["q2", "q1"])) == "the questions are others"
