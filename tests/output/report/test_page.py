"""The page in a browser: what a reader can do with it, and what it must not do."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from bench.analysis.results import load
from bench.output.report.content import content
from bench.output.report.write import page as html_of
from tests.output.report import made


class Opened:
    """The page in a tab, with what the browser said and asked for."""

    def __init__(self, browser, path, width=1280, **options):
        self.said, self.asked = [], []
        self.tab = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.tab.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(path.as_uri())
        self.tab.wait_for_selector("html[data-ready]", state="attached")

    def texts(self, selector):
        return [text.strip() for text in self.tab.locator(selector).all_inner_texts()]

    def column(self, section, number):
        return self.texts(f"#{section} tbody tr > *:nth-child({number})")


@pytest.fixture(scope="module")
def file(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    one = Opened(browser, file)
    yield one
    one.tab.close()
    assert one.said == [], "no error and no refused part, whatever was done"
    assert [url for url in one.asked if not url.startswith(("file:", "data:"))] == []
    assert [url for url in one.asked if url.startswith("file:")] == [file.as_uri()]


def choose(tab, label, text):
    tab.get_by_label(label, exact=True).first.select_option(label=text)


def test_every_section_is_filled_and_nothing_escapes(opened):
    for name in ("answer", "scaling", "leaderboard", "languages", "language", "cost", "training", "queries", "record", "reading"):
        assert len(opened.tab.locator(f"#{name}").inner_text()) > 60, name
    assert opened.tab.locator("main svg.chart").count() > 15
    assert opened.tab.evaluate("window.broken") is None and opened.tab.locator("img").count() == 0
    assert "<img src=http://evil.invalid" in opened.tab.locator("#record").inner_text(), "shown as the text that it is"
    assert "undefined" not in opened.tab.locator("main").inner_text() and "NaN" not in opened.tab.locator("main").inner_text()
    assert "[object" not in opened.tab.locator("main").inner_text()


def test_the_page_opens_on_the_answer(opened, found):
    [view] = found["views"]
    first = opened.texts("#answer > *")
    assert first[1] == view["compared"][0]["verdict"].replace("`", "").replace("-.", "−.")
    assert "no other arm says how runs differ, they are over questions alone" in opened.texts("#gain .lead")[0]
    assert first[2].startswith("Gain over the floor") and first[3].startswith("optical minus contrastive")
    assert first[4] == "", "one experiment is no ladder of budgets"
    assert opened.tab.locator("#difference").bounding_box()["y"] < 900, "both can be seen without scrolling"
    gain = opened.tab.locator("#gain svg.chart")
    assert gain.count() == len(found["scorers"])
    rows = len(view["gains"]["size"])
    assert opened.tab.locator("#gain .whisker").count() == rows == opened.tab.locator("#gain .panel .mark").count()
    sure = sum(view["difference"]["sure"])
    assert opened.tab.locator("#difference .panel .mark.hollow").count() == len(view["difference"]["size"]) - sure
    assert opened.tab.locator("#difference rect.margin").count() == len(found["scorers"])
    gain.first.focus()
    opened.tab.keyboard.press("ArrowRight")
    assert "optical" in opened.tab.locator("#tip").inner_text() and "[" in opened.tab.locator("#tip").inner_text()


def test_bars_stand_where_their_numbers_are(opened, found):
    """Heights of the first panel's marks are a straight line in the numbers that were stored."""
    [view] = found["views"]
    part, scorer = view["gains"], found["views"][0]["gains"]["scorer"][0]
    stored = sorted(value for value, at in zip(part["difference"], part["scorer"], strict=True) if at == scorer)
    places = opened.tab.locator("#gain svg.chart").first.locator(".mark").evaluate_all(
        "(marks) => marks.map((one) => Number(one.getAttribute('transform').match(/ ([-.\\d]+)\\)/)[1]))")  # fmt: skip
    drawn = sorted(places, reverse=True)
    slope = (drawn[-1] - drawn[0]) / (stored[-1] - stored[0])
    assert [drawn[0] + slope * (value - stored[0]) for value in stored] == pytest.approx(drawn, abs=0.2) and slope < 0


def test_languages_by_family_follow_the_size_that_is_shown(opened):
    assert opened.texts("#families figcaption")[0] == "Afroasiatic"
    label = opened.tab.locator("#families svg.chart").first.get_attribute("aria-label")
    assert "Amharic (Ethi), trained: optical +" in label
    held_out = opened.tab.locator("#families").inner_text().count("held-out language")
    choose(opened.tab, "Training languages N", "2")
    assert "N = 2" in opened.tab.locator("#families h3").inner_text() and held_out == 1
    opened.tab.get_by_label("optical", exact=True).uncheck()
    assert "optical" not in opened.tab.locator("#families svg.chart").first.get_attribute("aria-label")


def test_a_method_far_below_stands_at_the_edge_and_does_not_flatten_the_others(browser, tmp_path, monkeypatch):
    heights = []
    for name, floor, lost in (("near", 0.2, 0.1), ("far", 0.6, 0.0)):
        monkeypatch.setitem(made.LEVEL, "untrained", floor)
        monkeypatch.setitem(made.LEVEL, "nmt", lost)
        path = tmp_path / f"{name}.html"
        path.write_text(html_of(content([load(made.experiment(tmp_path / name))])[0]), encoding="utf-8")
        one = Opened(browser, path)
        choose(one.tab, "Training languages N", "2")  # at 3 the cell of nmt failed
        bar = one.tab.locator("#gain svg.chart").first.locator(".whisker").first
        heights.append(bar.bounding_box()["height"])
        numbers = one.tab.locator("#gain svg.chart text")
        said = [text for text in numbers.all_text_contents() if text.startswith("\N{DOWNWARDS ARROW}")]
        drawn = one.tab.locator("#families svg.chart").first.get_attribute("aria-label")
        missing = [text for text in one.texts("#families p") if text.startswith("Not drawn")]
        if name == "near":
            assert said == missing == [] and "nmt" in drawn
            assert "lower edge" not in one.texts("#gain .lead")[0]
        else:
            assert said == ["\N{DOWNWARDS ARROW}\N{MINUS SIGN}.60"] * 2 and "nmt" not in drawn
            assert missing == ["Not drawn, far below: nmt (\N{MINUS SIGN}.60 in the mean)."]
            assert one.texts("#gain .lead")[0].endswith("What lies far below the rest stands at the lower edge, with its number.")
            assert "nmt \N{MINUS SIGN}.60" in one.tab.locator("#gain svg.chart").first.get_attribute("aria-label")
            for method in ("optical", "contrastive"):
                one.tab.get_by_label(method, exact=True).uncheck()
            assert not [text for text in numbers.all_text_contents() if "\N{DOWNWARDS ARROW}" in text], "now it is all there is"
        assert one.said == []
        one.tab.close()
    assert heights[1] > 0.8 * heights[0]


def test_the_ladder_of_budgets_is_a_curve(browser, ladder, tmp_path):
    path = tmp_path / "ladder.html"
    path.write_text(html_of(ladder), encoding="utf-8")
    one = Opened(browser, path)
    assert set(one.tab.locator("#budget svg text").all_text_contents()) >= {"300", "1,200"}
    assert one.tab.locator("#budget .panel .mark").count() == len(ladder["budget"]["size"]) and one.said == []
    one.tab.close()


def test_the_leaderboard_sorts_by_every_column(opened):
    names = opened.column("leaderboard", 1)
    assert names[0] == "english (ceiling)" and set(names) >= {"optical", "contrastive", "nmt", "untrained (floor)"}
    head = opened.tab.locator("#leaderboard thead button").first
    head.focus()
    opened.tab.keyboard.press("Enter")
    assert opened.column("leaderboard", 1) == sorted(names)
    assert opened.tab.locator("#leaderboard thead th").first.get_attribute("aria-sort") == "ascending"
    opened.tab.keyboard.press("Enter")
    assert opened.column("leaderboard", 1) == sorted(names, reverse=True)
    opened.tab.locator("#leaderboard thead button", has_text="N = 2").click()
    scores = [float(text.partition("±")[0]) for text in opened.column("leaderboard", 2)]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1]
    assert "failed" in opened.column("leaderboard", 3)[opened.column("leaderboard", 1).index("nmt")]


def test_english_of_the_collapse_check_is_held_against_the_start_where_it_is_known(opened):
    shown = dict(zip(opened.column("training", 1), opened.column("training", 4), strict=True))
    assert shown["optical@2#0"] == ".600 → .500" and shown["optical@3#0"] == ".500, teacher .900"


def test_the_numbers_shown_are_those_stored(opened, found):
    board, methods = found["views"][0]["board"], [method["name"] for method in found["methods"]]
    keys = zip(*(board[name] for name in ("scorer", "task", "group", "size", "method")), strict=True)
    at = {key: n for n, key in enumerate(keys)}
    row = at[found["scorers"].index("late"), 0, 0, 3, methods.index("optical")]
    shown = opened.column("leaderboard", 3)[opened.column("leaderboard", 1).index("optical")]
    half = (board["high"][row] - board["low"][row]) / 2
    assert shown.replace("!", "").strip() == f"{board['ndcg@10'][row] / 1e4:.3f}±{half / 1e4:.3f}".replace("0.", ".")
    assert shown.endswith("!"), "the collapse check warned of this cell"
    choose(opened.tab, "Scorer", "dense")
    assert opened.column("leaderboard", 3)[opened.column("leaderboard", 1).index("optical")] != shown
    choose(opened.tab, "Number shown", "gap closed")
    assert all(re.fullmatch(r"−?\d+ %( !)?|\(.*failed|failed|", text) for text in opened.column("leaderboard", 2))


def test_methods_can_be_chosen_and_found(opened):
    lines = opened.tab.locator("#scaling svg path.trace").count()
    opened.tab.get_by_label("contrastive", exact=True).uncheck()
    fewer = opened.tab.locator("#scaling svg path.trace").count()
    assert fewer < lines
    assert opened.tab.evaluate("document.activeElement.id").startswith("method-"), "the keyboard stays where it was"
    opened.tab.get_by_label("the rest in grey").check()
    assert opened.tab.locator("#scaling svg path.trace.other").count() > 0
    opened.tab.get_by_label("Find a method").fill("contr")
    assert opened.column("leaderboard", 1) == ["contrastive"]
    opened.tab.get_by_role("button", name="Reset").click()
    assert opened.tab.locator("#scaling svg path.trace:not(.other)").count() == lines


def test_languages_are_ordered_filtered_and_opened(opened):
    choose(opened.tab, "Ordered by", "training pairs available")
    names = [text.split("\n")[0] for text in opened.texts("#languages tbody th[scope=row] button")]
    assert names == ["German", "Khmer", "Hausa", "Amharic", "Swahili"], "500 pairs to 100"
    choose(opened.tab, "Ordered by", "family")
    assert "Afroasiatic" in opened.texts("#languages tr.band")
    opened.tab.get_by_label("Find a language, family or script").fill("ethi")
    assert opened.texts("#languages tbody th[scope=row] button") == ["Amharic"]
    cell = opened.tab.locator("#languages tbody td").first
    cell.hover()
    assert "Amharic" in opened.tab.locator("#tip").inner_text() and "gap closed" in opened.tab.locator("#tip").inner_text()
    opened.tab.get_by_role("button", name="Amharic").click()
    assert "Afroasiatic/Semitic" in opened.tab.locator("#language").inner_text()
    assert "20 / 200" in opened.tab.locator("#language").inner_text()


def test_a_figure_is_read_with_the_arrow_keys(opened):
    figure = opened.tab.locator("#scaling svg.chart").first
    assert "optical" in figure.get_attribute("aria-label")
    figure.focus()
    opened.tab.keyboard.press("ArrowRight")
    assert "N = 2" in opened.tab.locator("#tip").inner_text() and "english (ceiling)" in opened.tab.locator("#said").inner_text()
    opened.tab.keyboard.press("ArrowRight")
    assert "N = 3" in opened.tab.locator("#tip").inner_text()
    opened.tab.keyboard.press("Escape")
    assert opened.tab.locator("#tip").is_hidden()


def test_queries_are_browsed(opened):
    choose(opened.tab, "Ahead", "optical")
    choose(opened.tab.locator("#queries"), "Task", "faq")
    cards = opened.tab.locator("#queries article")
    assert cards.count() > 1
    first = cards.first
    assert "✓ 1" in first.locator(".lists > div").first.inner_text(), "the one that is ahead found the answer"
    assert "In English: “eng_Latn asks" in first.inner_text() and "document" in first.inner_text()
    opened.tab.locator("#queries select").first.select_option(label="optical / nmt")
    choose(opened.tab, "Ahead", "either")
    choose(opened.tab.locator("#queries"), "Language", "Swahili")
    assert "searched with “translated" in opened.tab.locator("#queries").inner_text()


def test_views_change_every_section(opened):
    before = opened.tab.locator("#cost").inner_text()
    choose(opened.tab, "Training languages N", "2")
    choose(opened.tab, "Languages", "Held-out languages")
    assert "held-out languages, N = 2" in opened.tab.locator("#overview").inner_text()
    assert opened.tab.locator("#cost").inner_text() != before
    choose(opened.tab, "Languages", "Guard languages")
    choose(opened.tab, "Task", "faq")
    assert "faq" in opened.tab.locator("#overview h3").inner_text()


def test_another_experiment_has_its_own_answer(browser, found, tmp_path):
    both = json.loads(json.dumps(found))
    other = json.loads(json.dumps(found["views"][0])) | {"label": "other budget", "experiment": "other"}
    said = {"headline": "`optical` is worse than `contrastive` everywhere", "sentence": "Of 1 comparison, by -.010."}
    other["compared"][0] |= said
    both["views"].append(other)
    path = tmp_path / "both.html"
    path.write_text(html_of(both), encoding="utf-8")
    one = Opened(browser, path)
    before = one.tab.locator("h2[data-headline]").first.inner_text()
    assert before == found["views"][0]["compared"][0]["headline"].replace("`", "")
    choose(one.tab, "Order or experiment", "other budget")
    assert one.tab.locator("h2[data-headline]").first.inner_text() == "optical is worse than contrastive everywhere"
    assert "by −.010" in one.tab.locator("#answer").inner_text() and one.said == []
    one.tab.close()


def test_light_and_dark(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    opened.tab.emulate_media(color_scheme="dark")
    dark = opened.tab.evaluate(paper)
    opened.tab.locator("#theme").click()
    light = opened.tab.evaluate(paper)
    assert opened.tab.locator("#theme").inner_text() == "Light" and light != dark
    opened.tab.locator("#theme").click()
    assert opened.tab.evaluate(paper) == dark
    opened.tab.emulate_media(media="print")
    assert opened.tab.evaluate(paper) == "rgb(255, 255, 255)" and opened.tab.locator(".side").is_hidden()


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_width_scrolls_the_page_sideways(browser, file, width):
    one = Opened(browser, file, width)
    assert one.tab.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:
        choose_views = one.tab.locator("#shown")
        assert not one.tab.get_by_label("Scorer", exact=True).first.is_visible()
        choose_views.click()
        one.tab.get_by_label("Scorer", exact=True).first.select_option(label="dense")
        assert "dense" in choose_views.inner_text()
    assert one.said == []
    one.tab.close()


def test_the_policy_stops_what_is_not_the_page_s_own(browser, html, tmp_path):
    path = tmp_path / "tampered.html"
    foreign = "<script>window.broken=1</script><img src=http://evil.invalid/x.png>"
    path.write_text(html.replace("</main>", f"{foreign}</main>"), "utf-8")
    one = Opened(browser, path)
    assert one.tab.evaluate("window.broken") is None
    assert any("Content Security Policy" in text for text in one.said)
    one.tab.close()


def test_a_page_without_queries_or_comparisons_still_opens(browser, found, tmp_path):
    bare = json.loads(json.dumps(found))
    for view in bare["views"]:
        view |= {"compared": [], "cells": [], "costs": [], "gains": None, "difference": None, "families": None}
        view["queries"]["pairs"] = []
    path = tmp_path / "bare.html"
    path.write_text(html_of(bare), encoding="utf-8")
    one = Opened(browser, path)
    assert one.said == [] and "No two methods" in one.tab.locator("#queries").inner_text()
    one.tab.close()


def test_cells_of_two_machines_are_told_of_where_the_table_stands(browser, world, tmp_path):
    copy = tmp_path / "mixed"
    shutil.copytree(world, copy)
    for name, precision in (("optical@2#0", "bf16-mixed"), ("contrastive@2#0", "32-true")):
        path = copy / "cells" / name / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"precision": precision}))
    file = tmp_path / "report.html"
    file.write_text(html_of(content([load(copy)])[0]), encoding="utf-8")
    one = Opened(browser, file)
    for section in ("leaderboard", "record"):
        shown = one.tab.locator(f"#{section} .mixed").inner_text()
        assert "different hardware or software" in shown
        assert "precision: 32-true (contrastive@2#0), bf16-mixed (optical@2#0)" in shown
    one.tab.close()
    assert one.said == []
