"""`bench report`: from stored results to one HTML file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from bench.analysis.results import READING, load
from bench.analysis.tables import SCORING
from bench.base.paths import atomic_write
from bench.base.progress import parts, tell
from bench.output import budget, paired, plots
from bench.output.report.content import VIEWS, content
from bench.output.report.embed import packed
from bench.output.report.paper import figures
from bench.output.report.texts import Which
from bench.output.tables import leaderboard_tex
from bench.output.tables.leaderboard import known_facts

PAGE = Path(__file__).parent / "page"
FIGURES = "figures"
PICTURES = "pictures of the answer"  # phase of progress
# Phases with their share of the time: seconds of one core for 186 cells (`benchmarks.made_cells`).
PHASES = {READING: 3.1, SCORING: 11.7, VIEWS: 6.5, figures.FIGURES: 14.9, PICTURES: 4.0}
WITHOUT_FIGURES = {name: share for name, share in PHASES.items() if name not in (figures.FIGURES, PICTURES)}
MINUS = re.compile(r"(?<![\w.-])-(?=\.?\d)")
SCRIPTS = (
    "dom", "state", "looks", "tip", "table", "chart", "bars", "families", "answer", "scaling", "leaderboard", "heat", "language",
    "cost", "training", "queries", "record", "main",
)  # fmt: skip


def write(
    folders: Sequence[Path], target: Path, highlight: Sequence[str] = (), which: Which = "shareable", pictures: bool = True
) -> list[Path]:  # fmt: skip
    """Write the page of one or more experiments to `target`, and beside it what a paper takes from it.

    Args:
        folders: `results/<experiment>`, each with profile.yaml and cells/.
        target: the HTML file.
        highlight: methods shown in colour at first; default: one of each family of the question and the best of the rest.
        which: texts of the query browser: those that may be passed on, all (for your own use), or none.
        pictures: also write `figures/` and leaderboard.tex into the folder of `target`.

    Returns:
        The files written, the page first.

    Raises:
        BenchError: a folder holds no experiment or no result, or an unknown method.
    """
    experiments = [load(folder) for folder in parts(folders)]
    found, behind = content(experiments, highlight, which)
    atomic_write(target, page(found))
    if not pictures:
        return [target]
    folder, boards = target.parent / FIGURES, behind.boards
    files = figures.write(folder, found, [table for board in boards for _, table in board.values()])
    tell(PICTURES)
    # Those that answer, of the experiment that the page opens on.
    first = experiments[0]
    files += paired.write(first, [table for _, table in boards[0].values()], folder, known_facts(first), behind.comparer)
    for suffix in (".svg", ".png"):  # of an earlier choice of experiments
        (folder / f"{budget.NAME}{suffix}").unlink(missing_ok=True)
    files += plots.save(partial(budget.draw, behind.budget), folder / budget.NAME)
    own = zip(experiments, boards, strict=True)
    tex = [leaderboard_tex.text(one.plan, {order: table for order, (_, table) in board.items()}) for one, board in own]
    atomic_write(target.with_name(leaderboard_tex.FILE), "\n".join(tex))
    return [target, *files, target.with_name(leaderboard_tex.FILE)]


def page(found: dict[str, Any]) -> str:
    """The HTML of `content`. It names its own style and script by hash: a browser runs and loads nothing else."""
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    parts = "\n".join((PAGE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(async () => {{\n{parts}\n}})();'
    template = Template((PAGE / "page.html").read_text(encoding="utf-8"))
    first = found["experiments"][0]
    names = " and ".join(one["name"] for one in found["experiments"])
    return template.substitute(
        policy=_policy(style, script), version=escape(found["version"]), title=escape(f"XLSD bench: {names}"),
        style=style, script=script, data=packed(found), heading=escape(f"XLSD bench: {names}"),
        verdict=_verdict(found), summary=escape(_sentence(first["summary"])), facts=_facts(found), answer=_answer(found),
    )  # fmt: skip


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _facts(found: dict[str, Any]) -> str:
    done = sum(one["done"] for one in found["experiments"])
    cells = sum(one["cells"] for one in found["experiments"])
    finished = max(one["provenance"]["finished"] for one in found["experiments"])
    tasks = len(found["tasks"]) - 1
    facts = [
        f"{done} of {cells} cells done", f"{len(found['languages'])} languages", f"{tasks} {'task' if tasks == 1 else 'tasks'}",
        f"orders: {', '.join(dict.fromkeys(view['order'] for view in found['views']))}",
        f"last cell finished {finished[:10]}" if finished else "",
    ]  # fmt: skip
    return "".join(f"<li>{escape(fact)}</li>" for fact in facts if fact)


def _verdict(found: dict[str, Any]) -> str:
    """The first sentence of the page."""
    compared = found["views"][0]["compared"]
    return f'<p class="verdict-line" data-verdict="0">{_coded(compared[0]["verdict"])}</p>' if compared else ""


def _answer(found: dict[str, Any]) -> str:
    """The answer as HTML that needs no script; the script adds figures to it."""
    compared = found["views"][0]["compared"]
    cards = [
        f'<div class="panel verdict{" first" if number == 0 else ""}"><div>'
        f'<h2 data-headline="{number}">{_coded(one["headline"])}</h2><p data-sentence="{number}">{_coded(one["sentence"])}</p>'
        f'</div><div data-compared="{number}"></div></div>'
        for number, one in enumerate(compared)
    ]
    several = len(found["views"]) > 1
    lines = [f"{view['label']}: {view['of_size']}" if several else view["of_size"] for view in found["views"] if view["of_size"]]
    lines += list(dict.fromkeys(one["seeds"] for one in found["experiments"] if one["seeds"]))
    listed = "".join(f"<li>{_coded(line)}</li>" for line in lines)
    return f'<div class="verdicts">{"".join(cards)}</div><ul class="plain">{listed}</ul><div id="tested"></div>'


def _coded(text: str) -> str:
    """Escaped text with what stands in backticks as code, and with real minus signs outside of it."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else MINUS.sub("\u2212", part) for number, part in enumerate(parts))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text and not text.endswith(".") else text
