"""README.md of a published folder: what it is, how to check it, how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from bench.analysis.results import Experiment

ABOUT = {
    "leaderboard.md": "the table to read first",
    "leaderboard.csv": "means by scorer, task, group of languages, size and method, with intervals and ranks",
    "leaderboard.tex": "the main table for a paper",
    "per_language.csv": "scores of each cell, scorer, task and language",
    "lengths.csv": "scores by length of the question",
    "scaling.md": "growth with the number of languages, in words and tables",
    "scaling.csv": "slopes of each method",
    "slopes.csv": "slopes of two methods against each other",
    "transfer.csv": "what reaches languages that were not trained",
    "covariates.csv": "what goes with a language's gain",
    "agreement.csv": "whether a question gets the same ranking in every language",
    "translation.csv": "chrF and BLEU of each translator by language",
    "texts.csv": "how the tokenizer sees each language",
    "tuning.csv": "the dev trials behind the settings",
    "profile.yaml": "the whole profile, with the cells and their keys",
    "languages.yaml": "the languages file that the experiment used",
    "manifest.json": "runs, versions, hardware, the record of each cell, and the sha256 of every file",
    "questions.parquet": "scores of every question in every cell (pandas.read_parquet)",
    "cells.parquet": "of each cell what its key is the hash of, its means and its log of training",
    "mteb.zip": "the scores of each cell as MTEB writes them: MODEL/REVISION/TASK.json",
    "data.md": "data sheet: sources, releases, licences, hashes",
    "data.json": "the same for programs",
    "CITATION.cff": "how to cite",
    "citation.bib": "BibTeX of software, data and models",
    "runs/": "TREC run files, one a cell, task, scorer and language",
    "qrels/": "the judgements to score them with; `KEY.english` are those of cells that ask in English",
}  # fmt: skip


def command(experiment: Experiment) -> str:
    """What makes the cells again, from the folder that holds profile.yaml. It names only axes on which less was run than the
    profile has."""
    grid = experiment.plan.profile.get("grid") or {}
    cells = [cell.name for cell in experiment.cells]
    entries = [one if isinstance(one, Mapping) else {"method": one} for one in grid.get("methods") or ()]
    methods = list(dict.fromkeys(name.id.rpartition("@")[0] for name in cells))
    sizes, seeds = sorted({name.size for name in cells if name.size}), sorted({name.seed for name in cells if name.size})
    asked = {*(grid.get("sizes") or ()), *(size for one in entries for size in one.get("sizes") or ())}
    drawn = {*(grid.get("seeds") or (0,)), *(seed for one in entries for seed in one.get("seeds") or ())}
    words = ["bench", "run", "--profile", "profile.yaml"]
    if len(methods) < len(entries):
        words += ["--methods", ",".join(methods)]
    if sizes and set(sizes) < asked:
        words += ["--sizes", ",".join(map(str, sizes))]
    if seeds and set(seeds) < drawn:
        words += ["--seeds", ",".join(map(str, seeds))]
    return shlex.join(words)


def text(experiment: Experiment, manifest: Mapping[str, Any], names: Iterable[str], left_out: str) -> str:
    """Markdown, without times.

    Args:
        manifest: of the folder.
        names: of the files in it.
        left_out: why there are no run files or judgements; empty if there are both.
    """
    plan = experiment.plan
    done, planned = sum(cell.done for cell in experiment.cells), len(experiment.cells)
    versions = _distinct(manifest, "versions")
    commits = dict.fromkeys(str(one.get("commit")) for one in _distinct(manifest, "git") if one.get("commit"))
    there = {f"{name.partition('/')[0]}/" if "/" in name else name for name in names}
    packed = {name.removesuffix(".gz"): name for name in there}
    listed = [f"- `{packed[name]}`: {about}." for name, about in ABOUT.items() if name in packed]
    rest = sorted(name for name in there if name.removesuffix(".gz") not in ABOUT and name != "README.md")
    pictures = [name for name in rest if name.endswith((".png", ".svg"))]
    for kind, names_of_kind in (("pictures", pictures), ("further files", [name for name in rest if name not in pictures])):
        listed += [f"- {', '.join(f'`{name}`' for name in names_of_kind)}: {kind}."] if names_of_kind else []
    summary = str(plan.profile.get("summary") or "")
    version = f" {versions[0]['xlsd-bench']}" if versions and "xlsd-bench" in versions[0] else ""
    parts = [
        f"# {plan.name}", *([f"{summary[:1].upper()}{summary[1:]}."] if summary else []),
        f"{done} of {planned} cells are done. Made with XLSD bench; `bench publish` wrote this folder.",
        "## Check it", "Needs neither data nor models: all tables are worked out again from the scores in here.",
        _block("bench verify ."), *([left_out] if left_out else ["Scores of questions are worked out again from the rankings."]),
        "## Make it again", f"With XLSD bench{version} installed (`pip install .` in a clone of it):",
        _block(str(manifest["command"])),
        " ".join(["Versions of all packages stand in manifest.json.", *_code(commits)]),
        "## Go on from it", "Puts the cells back into a folder of results; `bench run` then runs what is missing.",
        _block("bench restore . --profile profile.yaml --results results", f"{manifest['command']} --results results"),
        "## Files", "\n".join(listed),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _code(commits: Iterable[str]) -> list[str]:
    listed = ", ".join(f"`{one}`" for one in commits)
    unknown = "Commits of somebody's working copy need not be in the repository."
    return [f"The code was at commit {listed}. {unknown}"] if listed else []


def _block(*lines: str) -> str:
    return "\n".join(["```sh", *lines, "```"])


def _distinct(manifest: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = [cell.get(name) for cell in manifest.get("cells") or () if cell.get(name)]
    return [one for number, one in enumerate(found) if one not in found[:number]]
