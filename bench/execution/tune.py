"""Equal care: the same number of dev trials for every method, each with the same budget; test queries stay unread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.analysis.results import NAMES
from bench.base.errors import BenchError, unknown
from bench.base.manifest import cores
from bench.base.paths import atomic_write
from bench.base.yamlfile import read_mapping
from bench.data.languages import Languages
from bench.execution.local import LocalProcesses, call_in_child, nursery_of
from bench.execution.progress import RunView
from bench.execution.tuning.trials import draw
from bench.experiment.costs import Costs
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from bench.experiment.profile.schema import Profile
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store
from bench.output.tables.leaderboard_text import TUNING
from bench.output.terminal.screen import show
from methods.declaration import ENCODED, SPARSE
from methods.facts import holder

TRIALS = Path(__file__).with_name("tuning") / "full.yaml"  # those of the profile `full`
CRITERIA = ("mean", *ENCODED, SPARSE)


def read_trials(file: Path) -> dict[str, Any]:
    """What a trials file says. Raises `BenchError` when it is not there, not YAML or lacks a key."""
    described = read_mapping(file, "trials file")
    needed = {"name", "profile", "size", "seed", "tasks", "arms"} | (set() if "trials" in described else {"draws", "search"})
    if lacking := sorted(needed - set(described)):
        raise BenchError(
            f"trials file {str(file)!r} lacks {', '.join(lacking)}", "write it like bench/execution/tuning/full.yaml"
        )
    for arm, scorer in described["arms"].items():
        if scorer not in CRITERIA:
            raise unknown(f"criterion of {arm}", str(scorer), CRITERIA)
    return described


def arms_of(described: dict[str, Any], base: Profile, file: Path) -> dict[str, list[dict[str, Any]]]:
    """The trials of each arm: those that the file lists, or draws from the search spaces of the methods.

    Raises:
        BenchError: arms have different numbers of trials.
    """
    if "trials" not in described:
        own = base.training.model_dump()
        if unsettled := sorted(set(described["search"]) - set(own)):
            raise unknown("training setting", unsettled[0], own)
        skipped: dict[str, list[str]] = described.get("unsearched", {})
        if strangers := sorted(set(skipped) - set(described["arms"])):
            raise unknown("arm under unsearched", strangers[0], described["arms"])
        spaces = {
            arm: {key: values for key, values in described["search"].items() if key not in skipped.get(arm, ())}
            for arm in described["arms"]
        }
        return {arm: draw(arm, space, own, described["draws"]) for arm, space in spaces.items()}
    listed: dict[str, list[dict[str, Any]]] = described["trials"]
    counts = {arm: len(listed.get(arm, ())) for arm in described["arms"]}
    if len(set(counts.values())) > 1 or set(listed) - set(counts):
        shown = ", ".join(f"{arm}: {n}" for arm, n in ({arm: len(one) for arm, one in listed.items()} | counts).items())
        raise BenchError(f"arms have different numbers of trials ({shown})", f"give each the same number in {file.name}")
    return listed


def trial_cells(file: Path, workers: int | None = None) -> tuple[Profile, list[tuple[str, str, CellSpec]]]:
    """The profile that trials share, and (arm, settings in words, cell) of each trial.

    Raises:
        BenchError: arms have different numbers of trials, or a trial does not fit its method.
    """
    described = read_trials(file)
    base = load_profile(described["profile"], described.get("set", ()))
    arms = arms_of(described, base, file)
    content = base.model_dump(exclude_unset=True) | {"name": described["name"], "method_settings": {}}
    content["evaluation"] = base.evaluation.model_dump() | {
        "split": "dev", "tasks": tuple(described["tasks"]), "languages": None,  # settings are chosen by all that are trained
    }  # fmt: skip
    if workers:
        content["hardware"] = base.hardware.model_dump() | {"workers": workers, "threads": 0}
    languages = Languages.load(Path(base.data.languages_file) if base.data.languages_file else None)

    def profile(method: str, settings: Mapping[str, Any]) -> Profile:
        grid = {"methods": [method], "sizes": [described["size"]], "seeds": [described["seed"]]}
        return Profile.model_validate(content | {"grid": grid, "method_settings": {method: dict(settings)} if settings else {}})

    shared = profile(holder("floor"), {})
    threads = shared.hardware.threads or max(1, cores() // shared.hardware.workers)
    found = [("floor", "", cells(shared, languages, threads)[0])]
    for arm, trials in arms.items():
        for number, trial in enumerate(trials, 1):
            settings = {k: v for k, v in trial.items() if k != "method"}
            [spec] = cells(profile(trial["method"], settings), languages, threads)
            words = "; ".join(f"{k}={v}" for k, v in settings.items())
            found.append(
                (
                    arm,
                    f"{trial['method']}; {words}" if words else trial["method"],
                    spec.model_copy(update={"id": f"{spec.id}~trial{number}"}),
                )
            )
    # All methods are named, so that the preparation makes what any of them needs.
    methods = list(dict.fromkeys(trial["method"] for one in arms.values() for trial in one))
    return Profile.model_validate(shared.model_dump() | {"grid": {"methods": methods, "sizes": [described["size"]]}}), found


def tune(file: Path, results: Path, console: Console, workers: int | None = None) -> pd.DataFrame:
    """Run the trials that have no result yet, and write tuning.csv: one row a trial, the best of each arm marked.

    Args:
        file: description of the trials (`bench/execution/tuning/full.yaml`).
        results: folder of experiments.
        console: where progress goes, as that of `bench run`.
        workers: trials at the same time.

    Raises:
        BenchError: the file does not hold up, or the preparation fails.
    """
    profile, trials = trial_cells(file, workers)
    described = read_trials(file)
    store = Store(results / profile.name)
    with store.lock():
        todo = [spec for _, _, spec in trials if store.state(spec) != "done"]
        show(console, f"{len(todo)} of {len(trials)} trials to run")
        costs = Costs(profile, store.manifests())
        view = RunView(todo, len(trials) - len(todo), costs, profile.hardware.workers, console)
        with view, nursery_of(todo) as nursery:
            if todo:
                threads = profile.hardware.threads or cores()
                call_in_child("bench.cells.prepare:prepare", profile, threads, view.step, nursery)
                view.prepared()
            # Closed on Ctrl-C too: that ends the children.
            with closing(LocalProcesses(store, profile.hardware.workers, nursery=nursery).run(todo)) as events:  # type: ignore[type-var]
                for event in events:
                    view.handle(event)
        table = collect(store, trials, described["arms"])
        content = table.to_csv(index=False, float_format="%.4f")
        # Beside the tables of the experiment that the trials are for, too: its leaderboard links to it.
        for name in (profile.name, load_profile(described["profile"]).name):
            atomic_write(results / name / TUNING, content)
    return table


def collect(store: Store, trials: list[tuple[str, str, CellSpec]], criteria: Mapping[str, str]) -> pd.DataFrame:
    """Dev scores of all trials; a trial that failed has none.

    A score is the mean over tasks of the mean over the trained languages; the criterion of an arm is that of one scorer,
    or `mean`, that of dense and late (of sparse for a method that is scored with nothing else).
    """
    rows = []
    for arm, settings, spec in trials:
        row: dict[str, Any] = {"arm": arm, "trial": settings}
        row |= {"pairs": spec.pairs, "languages": spec.size}
        criterion = criteria.get(arm, "mean")
        metrics = store.folder(spec) / "metrics.csv"
        if store.state(spec) == "done" and metrics.exists():
            frame = pd.read_csv(metrics, keep_default_na=False, dtype=NAMES)
            core = spec.order_languages[: trials[-1][2].size]
            means = frame[frame["language"].isin(core)].groupby(["scorer", "task"])["ndcg@10"].mean()
            for (one, task), value in means.items():
                row[f"{task} {one}"] = value
            row |= {scorer: means[scorer].mean() for scorer in means.index.unique("scorer")}
            encoded = [row[one] for one in ENCODED if one in row] or [row[SPARSE]]
            row["criterion"] = sum(encoded) / len(encoded) if criterion == "mean" else row.get(criterion)
            manifest = store.manifest(spec)
            row["dev_loss_start"] = manifest.get("dev", {}).get("loss_start")
            row["dev_loss_end"] = manifest.get("dev", {}).get("loss_end")
            row["chrf"] = manifest.get("translation", {}).get("chrf")
            row["english_chrf"] = manifest.get("translation", {}).get("english_chrf")
            collapse = manifest.get("collapse", {})
            row |= {name: collapse.get(name) for name in ("effective_rank", "mean_cosine", "english_score")}
            row["warning"] = collapse.get("warning", "")
            row["seconds"] = manifest.get("seconds", {}).get("total")
        rows.append(row)
    table = pd.DataFrame(rows)
    scored = table.dropna(subset=["criterion"]) if "criterion" in table else table[:0]
    best = scored.groupby("arm")["criterion"].idxmax() if len(scored) else []  # of equal trials the first
    table.insert(2, "chosen", table.index.isin(best) & (table["arm"] != "floor"))
    return table
