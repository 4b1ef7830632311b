"""The data sheet of a published folder: what the experiment read, of which release, under which licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.analysis.results import Experiment
from bench.base.jsonfile import read_json
from bench.base.markdown import table
from bench.base.paths import cache_dir
from bench.data.settings import SOURCES, is_own
from bench.data.sources.hubs.revisions import data_set, revision_said
from bench.data.sources.packages.catalogue import PACKAGES
from bench.data.suite.keys import SOURCE_PACKAGES
from bench.encoders.builtin.names import BUILTIN

OWN = "not known here: its owner's to state"
COLUMNS = ("kind", "used for", "release", "licence", "sha256 or revision")


def sheet(experiment: Experiment, keys: Sequence[str]) -> dict[str, Any]:
    """Facts of the catalogue in the code about all that the cells read; no time, nothing measured.

    Args:
        keys: of the suites that the cells were made with (`data_key` of their specs).

    Returns:
        `suites`: key, hash of the content and counts of each, as far as the cache of this machine holds them; `data`: packages,
        data sets of the hubs and own data; `models`: encoders.
    """
    data = experiment.plan.profile.get("data") or {}
    found = [*_packages(data), *_hubs(data), *_own(data)]
    return {"suites": [_suite(key) for key in keys], "data": found, "models": _models(experiment)}


def markdown(facts: Mapping[str, Any]) -> str:
    """The data sheet to read."""
    parts = [
        "# Data sheet",
        "What the experiment read. This folder holds ids of queries and documents, judgements and scores; "
        "it holds no text of queries, documents or training pairs.",
    ]
    rows = [[one["name"], *(str(one.get(name) or "") for name in ("kind", "used_for", "release", "licence", "sha256"))]
            for one in (*facts["data"], *facts["models"])]  # fmt: skip
    parts += ["## Data and models", table("name", rows, COLUMNS)]
    notes = [f"- {one['name']}: {one['note']}" for one in (*facts["data"], *facts["models"]) if one.get("note")]
    parts += ["\n".join(notes)] if notes else []
    if closed := [one["name"] for one in facts["data"] if one.get("shareable") is False]:
        parts.append(f"Texts of {' and '.join(closed)} must not be passed on. Who repeats the experiment gets them there.")
    for one in facts["suites"]:
        parts += [f"## Suite {one['key']}", *_counted(one)]
    return "\n\n".join(parts) + "\n"


def _counted(suite: Mapping[str, Any]) -> list[str]:
    if not suite.get("hash"):
        return ["It was not in the cache of the machine that wrote this sheet, so its content is not counted here."]
    text = [f"sha256 of its rows: `{suite['hash']}`."]
    for name in ("pairs", "queries", "documents"):
        if counts := suite.get(name):
            text.append(f"{name.capitalize()}: " + ", ".join(f"{part} {count:,}" for part, count in counts.items()) + ".")
    return text


def _suite(key: str) -> dict[str, Any]:
    """Pairs are counted by source, queries and documents by task, over all languages and splits."""
    info = read_json(cache_dir() / "suite" / key / "suite.json")
    if not info:
        return {"key": key}
    counts = info.get("counts") or {}
    pairs: dict[str, int] = {}
    for sources in (counts.get("pairs") or {}).values():
        for source, splits in sources.items():
            pairs[source] = pairs.get(source, 0) + _total(splits)
    queries = {task: _total(found) for task, found in (counts.get("queries") or {}).items()}
    return {"key": key, "hash": info.get("hash"), "pairs": dict(sorted(pairs.items())), "queries": queries,
            "documents": dict(counts.get("documents") or {})}  # fmt: skip


def _total(counts: Any) -> int:
    return sum(map(_total, counts.values())) if isinstance(counts, Mapping) else int(counts)


def _packages(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    if is_own(data):
        return []
    without = set(data.get("without") or ())
    return [
        _package(name, f"bitext, task {SOURCES[source]}" if SOURCES[source] else "bitext")
        for source, names in SOURCE_PACKAGES.items() if source not in without for name in names
    ]  # fmt: skip


def _package(name: str, used_for: str) -> dict[str, Any]:
    one = PACKAGES[name]
    return {
        "name": name, "kind": f"{one.client} package", "used_for": used_for, "release": one.requirement, "licence": one.licence,
        "sha256": one.sha256, "file": one.filename, "command": one.command, "shareable": one.shareable, "note": one.note,
    }  # fmt: skip


def _hubs(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for text in data.get("hubs") or ():
        one = data_set(str(text))
        found.append({
            "name": one.name, "kind": f"data set ({one.library})", "used_for": one.kind, "release": one.id,
            "licence": one.licence, "sha256": revision_said(one) if one.library == "datasets" else "",
            "citation": one.citation, "note": "; ".join(filter(None, (one.size, one.note, one.citation))),
        })  # fmt: skip
    return found


def _own(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Data on disk: the suite's hash stands for its content, and its place is nobody's business."""
    parts = {"suite": ["folder"] if data.get("suite", "builtin") != "builtin" else [],
             "bitext": data.get("bitext") or [], "tasks": data.get("tasks") or []}  # fmt: skip
    return [
        {"name": f"own data ({name})", "kind": "files", "used_for": "bitext and tasks" if name == "suite" else name,
         "release": f"{len(given)} {'entry' if len(given) == 1 else 'entries'}", "licence": OWN}
        for name, given in parts.items() if given
    ]  # fmt: skip


def _models(experiment: Experiment) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for side, name, known in _named(cell.manifest for cell in experiment.cells if cell.done):
        one = found.setdefault(name, _model(name, known))
        one["used_for"] = ", ".join(dict.fromkeys([*filter(None, one["used_for"].split(", ")), side]))
    return list(found.values())


def _named(manifests: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (side, str(known.get("name")), known)
        for manifest in manifests for side, known in sorted((manifest.get("models") or {}).items())
    ]  # fmt: skip


def _model(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    if name in BUILTIN:
        return _package(BUILTIN[name].package, "") | {"name": name}
    content = known.get("sha256") or known.get("revision")
    return {"name": name, "kind": "folder" if "sha256" in known else "hub", "used_for": "", "release": name,
            "licence": OWN if "sha256" in known else "see its page on the hub", "sha256": content}  # fmt: skip
