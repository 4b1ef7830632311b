import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from bench.data.sources.local.files.records import records
from bench.data.sources.local.problems import ERROR, Problems


@pytest.mark.parametrize(("line", "said"), [
    ('{"_id": "a", "_id": "b"}', "'_id' stands twice in one object"), ('{"score": NaN}', "NaN is no JSON value"),
    ("{", "is no JSON"), ("[" * 100_000, "is no JSON"), ("3", "is no JSON object but int"),
])  # fmt: skip
def test_what_json_does_not_say_clearly_is_an_error(tmp_path, line, said):
    (tmp_path / "a.jsonl").write_text('{"_id": "x"}\n' + line + "\n")
    problems = Problems(tmp_path)
    assert list(records(tmp_path / "a.jsonl", problems)) == [(1, {"_id": "x"})]
    [(level, place, text)] = problems.lines()
    assert (level, place) == (ERROR, "a.jsonl:2") and said in text


def test_parquet_gives_values_of_their_types(tmp_path):
    pd.DataFrame({"_id": [1.0, 2.0], "text": ["a", None]}).to_parquet(tmp_path / "a.parquet")
    problems = Problems(tmp_path)
    assert list(records(tmp_path / "a.parquet", problems)) == [(1, {"_id": 1.0, "text": "a"}), (2, {"_id": 2.0, "text": None})]


def test_parquet_text_that_is_not_utf8_is_an_error_and_no_traceback(tmp_path):
    broken = pyarrow.array([b"fine", b"\xff"], pyarrow.binary()).view(pyarrow.string())
    pyarrow.parquet.write_table(pyarrow.table({"text": broken}), tmp_path / "a.parquet")
    problems = Problems(tmp_path)
    list(records(tmp_path / "a.parquet", problems))
    assert problems.lines()[0][0] == ERROR and "cannot be read as parquet" in problems.lines()[0][2]
