"""The page for readers who see little, no colour, or use the keyboard alone: axe-core finds nothing, and contrasts are enough."""

from __future__ import annotations

import pytest

from bench.output.report.write import page as html_of
from tests.browser import violations
from tests.output.report.test_page import Opened

MODES = {
    "light": {"width": 1280, "color_scheme": "light"}, "dark": {"width": 1280, "color_scheme": "dark"},
    "phone": {"width": 390, "color_scheme": "light"}, "print": {"width": 800, "color_scheme": "light"},
}  # fmt: skip
# axe does not judge text in pictures. Colours of (text, mark) against what is behind them, as the browser computes them.
CONTRASTS = """() => {
  const luminance = (color) => {
    const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.match(/[\\d.]+/g).map((v) => linear(Number(v) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(color) && color !== "transparent") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const found = new Map();
  for (const element of document.querySelectorAll("svg.chart text, svg .mark, svg .trace, svg .whisker")) {
    if (!element.checkVisibility() || element.classList.contains("other")) continue;
    const style = getComputedStyle(element), isText = element.tagName === "text";
    const filled = element.classList.contains("mark") && !element.classList.contains("hollow");
    const ink = isText || filled ? style.fill : style.stroke;
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const back = behind(element.closest("svg").parentElement);
    const [front, rear] = [ink, back].map((color) => color.match(/[\\d.]+/g).map(Number));
    const mixed = `rgb(${front.slice(0, 3).map((v, n) => v * opacity + rear[n] * (1 - opacity)).join(", ")})`;
    const name = `${isText ? "text" : element.getAttribute("class")} ${mixed} on ${back}`;
    found.set(name, [isText ? "text" : "mark", ratio(mixed, back)]);
  }
  return [...found].map(([name, [kind, value]]) => [name, kind, value]);
}"""


@pytest.fixture(scope="module")
def file(ladder, tmp_path_factory):
    path = tmp_path_factory.mktemp("accessible") / "report.html"
    path.write_text(html_of(ladder), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=MODES)
def tab(request, browser, file):
    """The page with everything unfolded, and the rest of the methods in grey."""
    opened = Opened(browser, file, **MODES[request.param])
    opened.tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if request.param == "print":
        opened.tab.emulate_media(media="print")
    yield opened.tab
    opened.tab.close()
    assert opened.said == []


def test_axe_finds_nothing(tab):
    assert violations(tab) == []


def test_texts_and_marks_of_figures_stand_out(tab):
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for what a picture is made of (1.4.11)."""
    least = {"text": 4.5, "mark": 3.0}
    found = tab.evaluate(CONTRASTS)
    assert {kind for _, kind, _ in found} == set(least)
    assert [f"{name}: {value:.2f}" for name, kind, value in found if value < least[kind]] == []


def test_axe_would_find_what_is_wrong(browser, file, tmp_path):
    bad = tmp_path / "bad.html"
    text = file.read_text(encoding="utf-8")
    bad.write_text(text.replace('<html lang="en">', "<html>"), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(bad.as_uri())
    assert {line.split(" ")[0] for line in violations(tab)} >= {"html-has-lang"}
    tab.close()
