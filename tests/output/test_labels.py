"""Of every picture, with few and many methods, long names and up to eight sizes: texts never overlap, and grey is enough."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pandas as pd
import pytest

from bench.analysis.tables import MEAN
from bench.analysis.verdicts.gains import LANGUAGE_COLUMNS, SEEN
from bench.data.languages import Languages
from bench.output import budget, languages, paired, plots
from tests.output.drawn import alike, draw, faults

FEW = ["untrained", "english", "optical", "contrastive", "nmt"]
LONG = "optical(cost=cosine,epsilon=0.05,masses=idf,reach=0.5,temperature=0.1)"
MANY = [*FEW, "centred", LONG, "contrastive(form=dense,temperature=0.1)", "optical_contrastive", "mimo(contrast=0.5)",
        "clear(temperature=0.1)", "multilingual_kd", "token_alignment", "score_kl(temperature=0.1)", "code_switch(share=0.75)",
        "shuffled(method=contrastive(form=dense,temperature=0.1))", "lexical(prefix=0)", "a-method-of-somebody-else"]  # fmt: skip
SIZES = {2: (5, 20), 3: (5, 20, 50), 8: (3, 5, 10, 20, 30, 40, 50, 100)}
CASES = list(itertools.product(("few", "many"), SIZES))
SCORERS = {"few": ("dense", "late"), "many": ("dense", "late", "sparse")}


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    """Methods, scorers and sizes."""
    methods, count = request.param
    return {"few": FEW, "many": MANY}[methods], SCORERS[methods], SIZES[count]


def check(figure):
    assert faults(figure) == []
    assert alike(figure) == []


def own(methods):
    return [name for name in methods if name not in ("untrained", "english")]


def test_gain(case, monkeypatch):
    methods, scorers, sizes = case
    rows = [
        {"first": name, "second": over, "scorer": scorer, "size": str(size), "seeds": 1 + n % 2,
         "difference": 0.01 * n, "low": 0.01 * n - 0.1234, "high": 0.01 * n + 0.1}
        for over in ("untrained", "centred") if over in methods
        for n, name in enumerate(own(methods)) if name != over for scorer in scorers for size in sizes
    ]  # fmt: skip
    monkeypatch.setattr(paired, "gains", lambda comparer, shown: pd.DataFrame(rows))
    check(draw(lambda: paired.gain(SimpleNamespace(methods=methods), methods)))


@pytest.mark.parametrize("two", [("optical", "contrastive"), (LONG, MANY[-3])])
def test_difference(case, two, monkeypatch):
    _, scorers, sizes = case
    rows = pd.DataFrame([
        {"scorer": scorer, "group": group, "size": str(size), "difference": -0.02, "low": -0.1, "high": 0.06, "margin": 0.01,
         "verdict": "better" if size == 5 else "undecided"}
        for scorer in scorers for group in ("trained", "held-out") for size in sizes
    ])  # fmt: skip
    monkeypatch.setattr(paired, "differences", lambda comparer: (two, rows))
    check(draw(lambda: paired.difference(SimpleNamespace())))


def board(methods, scorers, sizes, groups=plots.GROUPS):
    rows = [
        (scorer, MEAN, group, size, name, True, 0.2 + 0.04 * n, 0.15 + 0.04 * n, 0.25 + 0.04 * n)
        for scorer in scorers for group in groups for size in sizes for n, name in enumerate(methods)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["scorer", "task", "group", "size", "method", "complete", "ndcg@10", "low", "high"])


@pytest.mark.parametrize("groups", [plots.GROUPS, ("trained",)])
def test_scaling(case, groups):
    methods, scorers, sizes = case
    table = board(methods, scorers, sizes, groups)
    check(draw(lambda: plots.draw(table, shown=own(methods)[: 5 if len(groups) > 1 else 99])))


@pytest.mark.parametrize("recipes", [1, 2])
def test_budget(case, recipes):
    methods, scorers, sizes = case
    named = ["everything trained", "6 layers and embeddings frozen"][:recipes]
    rows = pd.DataFrame([
        {"pairs": 1000 * size * size, "recipe": recipe, "size": 20, "scorer": scorer, "group": "trained", "method": name,
         "over": over, "difference": 0.1, "low": 0.05, "high": 0.15}
        for over in ("untrained", "centred") if over in methods
        for recipe in named for scorer in scorers for name in own(methods)[:7] if name != over for size in sizes
    ])  # fmt: skip
    check(draw(lambda: budget.draw(rows)))


@pytest.mark.parametrize(("count", "scorers"), [(1, ("late",)), (12, ("dense", "late")), (60, ("dense", "late", "sparse"))])
def test_languages(count, scorers, monkeypatch):
    every = {one.code: {"name": one.name, "family": one.family, "script": one.script} for one in Languages.load()}
    codes = [*every][:count]
    methods = ["optical", LONG, "contrastive(form=dense,temperature=0.1)"][: 1 if count == 1 else 3]
    rows = [
        ("low", scorer, name, "untrained", 20, code, SEEN[n % 3], 0.01 * (n % 9), 0.01 * (n % 9) - 0.05 * (1 + n % 7), 0.2)
        for scorer in scorers for name in methods for n, code in enumerate(codes)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS))
    monkeypatch.setattr(languages, "shown", lambda comparer: methods)
    monkeypatch.setattr(languages, "by_language", lambda comparer, shown: table)
    figure = draw(lambda: languages.draw(SimpleNamespace(methods=["untrained", *methods]), every))
    check(figure)
    assert max(figure.get_size_inches()) < 60
