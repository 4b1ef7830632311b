import re

import pandas as pd
import pytest

from bench.analysis.results import load
from bench.output.tables import leaderboard_tex
from bench.output.tables.leaderboard import boards_of
from tests.made_up import cell, failure, plan

CELLS = (
    "untrained@0#0", "english@0#0", "optical@2#0", "optical@3#0", "contrastive(form=dense)@2#0", "contrastive(form=dense)@3#0",
    "teacher_query(ask=english)@0#0", "my_method@2#0",
)  # fmt: skip


def score(cell_id, *_):
    return {"untrained": 0.1, "english": 0.9, "optical": 0.5, "my_method": 0.3}.get(cell_id.partition("@")[0], 0.45)


@pytest.fixture
def made(tmp_path):
    folder = plan(tmp_path / "made", CELLS)
    for name in CELLS[:-3]:
        cell(folder, name, score, collapse={"warning": "rank fell"} if name == "optical@3#0" else {})
    cell(folder, CELLS[-2], score)
    cell(folder, CELLS[-1], lambda *at: None if at[1::2] == ("symbols", "amh_Ethi") else score(*at))
    failure(folder, "contrastive(form=dense)@3#0", "ValueError: no")
    return load(folder)


def tables(experiment):
    boards = {order: table for order, (_, table) in boards_of(experiment).items()}
    return leaderboard_tex.text(experiment.plan, boards)


def test_every_table_is_whole_latex(made):
    text = tables(made)
    found = re.findall(r"\\begin\{table\*\}.*?\\end\{table\*\}", text, re.S)
    assert len(found) == 4 and text.count("\\begin") == text.count("\\end") == 8
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(set(labels)) == 4 and "tab:made-up-low-held-out" in labels
    for table in found:
        columns = len(re.search(r"\\begin\{tabular\}\{(l?r+)\}", table)[1])
        body = re.findall(r"^(?!\\).*\\\\$|^\\(?:emph|texttt).*\\\\$", table, re.M)
        assert len(body) >= 6
        for line in body:
            spanned = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line))
            assert len(re.findall(r"(?<!\\)&", line)) + 1 + spanned == columns, line
        depth = 0
        for sign in re.findall(r"(?<!\\)[{}]", table):
            depth += 1 if sign == "{" else -1
            assert depth >= 0
        assert depth == 0


def test_what_is_bold_incomplete_failed_and_warned_of(made):
    lines = tables(made).split("\\end{table*}")[0].splitlines()
    line = {name: next(line for line in lines if name in line and line.endswith(r"\\")) for name in
            ("optical", "contrastive", "my\\_method", "english (ceiling)", "its own ceiling", "untrained (floor)")}  # fmt: skip
    assert r"\textbf{.500}\,{\scriptsize$\pm$.000}" in line["optical"] and line["optical"].count(r"\,!") == 2
    assert line["contrastive"].count(r"\emph{failed}") == 2 and "(form=dense)" in line["contrastive"]
    assert "(.300)" in line["my\\_method"] and "textbf" not in line["my\\_method"]
    order = [lines.index(line[name]) for name in ("english (ceiling)", "its own ceiling", "optical", "untrained (floor)")]
    assert order == sorted(order)
    assert [lines[order[1] + 1], lines[order[3] - 1]] == [r"\midrule"] * 2 and lines[order[0] + 1] != r"\midrule"


def test_of_many_sizes_first_last_and_some_between(made):
    assert leaderboard_tex._sizes([5, 10, 20, 30, 40, 50]) == [5, 20, 50] and leaderboard_tex._sizes([5, 9]) == [5, 9]
    rows = []
    for size in (5, 10, 20, 30):
        rows.append({
            "method": "a", "scorer": "dense", "size": size, "status": "done", "complete": True, "ndcg@10": 0.1, "low": 0.05,
            "high": 0.15, "ties_best": False, "warning": "", "task": "mean", "group": "core",
        })  # fmt: skip
    text = leaderboard_tex.text(made.plan, {"low": pd.DataFrame(rows), "b_c": pd.DataFrame(rows)})
    assert "leaderboard.csv" in text and "$N=10$" not in text and "order b\\_c" in text
    assert text.count("\\begin{table*}") == 2


@pytest.mark.parametrize(
    ("given", "set_as"),
    [("50 % & more", r"50 \% \& more"), ("a^b~c\\d", r"a\textasciicircum{}b\textasciitilde{}c\textbackslash{}d")],
)
def test_special_signs(given, set_as):
    assert leaderboard_tex.escape(given) == set_as
