"""The page's pictures for a paper, with few and many methods: texts never overlap, and grey is enough."""

from __future__ import annotations

from functools import partial

import pytest

from bench.analysis.results import load
from bench.output.report.content import content
from bench.output.report.paper import figures
from tests.output.drawn import alike, draw, faults
from tests.output.report import made

LONG = (
    "optical(cost=cosine,epsilon=0.05,masses=idf,reach=0.5,temperature=0.1)", "contrastive(form=dense,temperature=0.1)",
    "shuffled(method=contrastive(form=dense,temperature=0.1))", "optical_contrastive", "mimo(contrast=0.5)",
    "clear(temperature=0.1)", "multilingual_kd", "token_alignment", "score_kl(temperature=0.1)", "code_switch(share=0.75)",
    "a-method-of-somebody-else", "another",
)  # fmt: skip
DRAWN = {"differences": figures.differences, "heat": figures.heat, "cost": figures.cost, "training": figures.training}


@pytest.fixture(scope="module")
def many(world, tmp_path_factory):
    folder = made.experiment(tmp_path_factory.mktemp("many") / "many", LONG)
    return content([load(folder)], (*made.METHODS, *LONG))[0]


@pytest.mark.parametrize("name", DRAWN)
def test_few_methods(found, name):
    figure = draw(partial(DRAWN[name], found, found["views"][0]))
    assert faults(figure) == [] and alike(figure) == []


@pytest.mark.parametrize("name", DRAWN)
def test_fifteen_methods_with_long_names(many, name):
    assert sum(method["shown"] and not method["reference"] for method in many["methods"]) == 15
    figure = draw(partial(DRAWN[name], many, many["views"][0]))
    assert faults(figure) == [] and alike(figure) == []
