import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.analysis import resampling
from bench.analysis.results import load
from bench.cli import app
from bench.output.report import content, write
from bench.output.report.embed import unpacked
from bench.output.report.paper import figures
from tests import made_up
from tests.cli.test_app import bench, loaded
from tests.output.report import made


class Parts(HTMLParser):
    """Elements with their attributes, and what stands in scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.inside, self.open = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open = tag

    def handle_data(self, data):
        if self.open in ("script", "style"):
            self.inside.append((self.open, data))
        self.open = ""


def test_nothing_from_the_data_becomes_markup(html):
    parts = Parts(html)
    assert [tag for tag, _ in parts.tags].count("script") == 2 and "img" not in [tag for tag, _ in parts.tags]
    assert not any(name.startswith("on") for _, attributes in parts.tags for name in attributes)
    assert made.EVIL not in html and "&lt;/script&gt;" in html, "it is there, escaped"


def test_a_browser_may_run_this_page_s_own_parts_only(html):
    parts = Parts(html)
    policy = next(attributes["content"] for tag, attributes in parts.tags if attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for kind in ("script", "style"):
        own = [text for tag, text in parts.inside if tag == kind][-1]
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    outside = [value for tag, attributes in parts.tags for name, value in attributes.items() if name in ("src", "href", "action")]
    assert all(value.startswith(("#", "data:")) for value in outside), outside
    assert not re.search(r"(@import|url\()", next(text for tag, text in parts.inside if tag == "style"))


def test_the_answer_is_readable_without_scripts(html, found):
    text = re.sub(r"<[^>]+>", "", html.partition('<div id="tested">')[0])
    for one in found["views"][0]["compared"]:
        assert one["headline"].replace("`", "") in text
    assert "One training run a point" in text and "8 of 8 cells" not in text and "7 of 8 cells done" in text


def test_minus_signs_are_minus_signs_outside_of_code():
    assert write._coded("from -.012 to `x-1`, a-b, 1e-5") == "from \u2212.012 to <code>x-1</code>, a-b, 1e-5"


def test_the_data_survive_embedding(html, found):
    inside = re.search(r'<script type="text/plain" id="data">(.*?)</script>', html, re.S)
    assert unpacked(inside[1]) == json.loads(json.dumps(found))


def test_page_figures_and_table_for_a_paper(world, tmp_path):
    files = write.write([world], tmp_path / "out" / "page.html")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in files}
    pictures = ("gain", "difference", "scaling", "scaling-symbols", "scaling-faq", "differences", "languages", "cost", "training",
                "heat")  # fmt: skip
    expected = {f"figures/{name}{end}" for name in pictures for end in (".svg", ".png")}
    assert names == expected | {"page.html", "leaderboard.tex"}
    assert all(path.stat().st_size > 500 for path in files)
    assert write.write([world], tmp_path / "alone.html", pictures=False) == [tmp_path / "alone.html"]


def test_figures_are_the_same_every_time(world, found, tmp_path):
    [board] = content.content([load(world)])[1].boards
    tables = [table for _, table in board.values()]
    once, again = (figures.write(tmp_path / name, found, tables) for name in ("once", "again"))
    assert [one.read_bytes() == other.read_bytes() for one, other in zip(once, again, strict=True)] == [True] * len(once)


def test_a_figure_without_data_is_left_out(found):
    view = found["views"][0] | {"compared": [], "cells": []}
    assert figures.differences(found, view) is None and figures.training(found, view) is None


def test_the_command_loads_nothing_heavy(world, tmp_path):
    done = bench("report", "-p", str(world), "--out", str(tmp_path / "x.html"), "--texts", "none", "--no-figures")
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [] and (tmp_path / "x.html").stat().st_size > 50_000


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("-p", "nowhere"), "holds no experiment"), (("--texts", "some"), "unknown choice of --texts 'some'"),
     (("--highlight", "optcal"), "did you mean 'optical'")],
)  # fmt: skip
def test_mistakes_are_one_message(world, arguments, expected):
    asked = arguments if "-p" in arguments else (*arguments, "-p", str(world))
    done = CliRunner().invoke(app, ["report", *asked])
    assert done.exit_code and expected in str(done.exception)


def test_the_page_of_300_cells_stays_small(tmp_path, monkeypatch):
    """All that grows with cells: 2 orders x (24 methods x 6 sizes, a further one x 4, floor, ceiling), 60 languages, 3 tasks."""
    codes = [f"l{n:02}_Latn" for n in range(60)]
    tasks = {name: tuple(codes) for name in ("symbols", "faq", "passages")}
    monkeypatch.setattr(made_up, "TASKS", tasks)
    monkeypatch.setattr(made_up, "GUARD", tuple(codes[50:]))
    monkeypatch.setattr(made_up, "QUESTIONS", 2)
    monkeypatch.setattr(resampling, "DRAWS", 20)
    monkeypatch.setattr(resampling.weights, "__defaults__", (20,))
    sizes = (5, 10, 20, 30, 40, 50)
    trained = [f"method-with-a-long-name-{m:02}@{size}#0" for m in range(25) for size in (sizes if m < 24 else sizes[:4])]
    ids = [f"{name}{end}" for end in ("", "~mixed") for name in ("untrained@0#0", "english@0#0", *trained)]
    assert len(ids) == 300
    orders = {"low": codes[:50], "mixed": codes[49::-1]}
    folder = made_up.plan(tmp_path / "large", ids, orders, tuple(tasks))
    numbers = iter(range(10**9))
    first = made_up.cell(folder, ids[0], lambda *_: [next(numbers) % 97 / 97, next(numbers) % 89 / 89], pairs_per_second=70.0)
    questions, metrics = pd.read_parquet(first / "per_query.parquet"), pd.read_csv(first / "metrics.csv")
    for number, name in enumerate(ids[1:]):
        place = folder / "cells" / name
        place.mkdir()
        for table in (questions, metrics):
            table[["ndcg@10", "mrr@10", "recall@100", "success@1"]] *= 0.999 - 1e-4 * (number % 7)
        questions.to_parquet(place / "per_query.parquet", index=False)
        metrics.to_csv(place / "metrics.csv", index=False)
        content_of = {"id": name, "key": f"key of {name}", "status": "done", "seconds": {"train": 80.0, "total": 120.0}}
        (place / "manifest.json").write_text(json.dumps(content_of))
        (place / "train.csv").write_text("step,loss,dev_loss\n" + "\n".join(f"{n},{1.2345 / n:.4f}," for n in range(1, 180)))
    target = tmp_path / "large.html"
    monkeypatch.setattr("bench.output.report.answer.pairs", lambda *_: [])  # their time grows with cells
    write.write([folder], target, pictures=False)
    assert 300_000 < target.stat().st_size < 3_000_000
