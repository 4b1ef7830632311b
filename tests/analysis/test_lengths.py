import pandas as pd
import pytest

from bench.output.tables import leaderboard
from tests.made_up import QUESTIONS, cell, plan

IDS = ("untrained@0#0", "english@0#0", "optical@2#0", "optical@2#1")


def made(folder, lengths=True):
    """Six questions: the longer, the better; the ids do not follow their lengths."""
    plan(folder, IDS)
    order = [3, 1, 5, 0, 4, 2, 7, 6]
    for name in IDS:
        place = cell(folder, name, lambda cell_id, *at: [(0.1 if at[2] == "amh_Ethi" else 0.0) + n / 10 for n in order])
        if lengths:
            frame = pd.read_parquet(place / "per_query.parquet")
            number = frame["query_id"].str[-1].astype(int)
            frame.assign(unit="", characters=number.map(lambda q: 10 * (order[q] + 1))).to_parquet(place / "per_query.parquet")
    leaderboard.write(folder)
    return pd.read_csv(folder / "lengths.csv")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(leaderboard, "_draw", lambda *_: None)


def test_thirds_by_hand(tmp_path):
    found = made(tmp_path / "x")
    rows = found.query("scorer == 'late' and task == 'faq' and group == 'trained' and method == 'optical'").set_index("third")
    # Eight questions with scores .0 to .7, and .1 more in Amharic: three, three and two of them.
    assert rows["ndcg@10"].to_dict() == pytest.approx({"short": 0.15, "middle": 0.45, "long": 0.7})
    assert rows["characters"].to_dict() == {"short": 20, "middle": 50, "long": 75}
    assert rows["questions"].sum() == 2 * QUESTIONS and (rows["languages"] == 2).all()
    english = found.query("task == 'faq' and method == 'english' and group == 'trained' and scorer == 'dense'")
    assert len(english) == 3, "the same questions; those of symbols are others"
    assert not len(found.query("task == 'symbols' and method == 'english'"))
    text = (tmp_path / "x" / "leaderboard.md").read_text()
    assert "## By length of the query" in text and "faq, long (75)" in text


def test_without_lengths_there_is_no_table(tmp_path):
    assert not len(made(tmp_path / "x", lengths=False))
    assert "By length" not in (tmp_path / "x" / "leaderboard.md").read_text()
