import io
from pathlib import Path

import pandas as pd
import pytest
import yaml
from rich.console import Console

import bench.execution.tune
from bench.analysis.results import MEASURES
from bench.base.errors import BenchError
from bench.execution.base import Failed, Finished, Started
from bench.execution.tune import collect, trial_cells, tune
from bench.experiment.spec import CellSpec
from bench.experiment.store import Store

SMALL = str(Path(__file__).parents[1] / "profiles" / "small.yaml")
ARMS = {"contrastive": "late", "contrastive(form=dense)": "dense"}
TRIALS = {
    "contrastive": [{"method": "contrastive"}, {"method": "contrastive(temperature=0.1)", "learning_rate": 1e-4}],
    "contrastive(form=dense)": [
        {"method": "contrastive(form=dense)"}, {"method": "contrastive(form=dense)", "learning_rate": 1e-4},
    ],
}  # fmt: skip
# Of each trial (dense, late): late chooses the first of the first arm, dense the second of the second.
SCORES = {"floor": [(0.9, 0.9)], "contrastive": [(0.1, 0.5), (0.6, 0.3)], "contrastive(form=dense)": [(0.2, 0.8), (0.4, 0.7)]}


def described(folder: Path, trials: dict | None = None) -> Path:
    file = folder / "trials.yaml"
    content = {
        "name": "trying", "profile": SMALL, "size": 2, "seed": 0, "set": ["training.pairs=64"], "tasks": ["faq", "symbols"],
        "arms": ARMS if trials is None else dict.fromkeys(trials, "late"), "trials": TRIALS if trials is None else trials,
    }  # fmt: skip
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def save(store: Store, spec: CellSpec, dense: float, late: float) -> None:
    """A finished trial; languages that are not trained score 1, which must not count."""
    rows = []
    for scorer, value in (("dense", dense), ("late", late)):
        for place, language in enumerate(spec.suite_languages):
            # The two tasks lie around the value; only their mean says it.
            for task, shift in (("faq", -0.1), ("symbols", 0.1)):
                score = value + shift if place < 2 else 1.0
                rows.append([task, scorer, language, 20, *[score] * len(MEASURES)])
    with store.writing(spec) as folder:
        columns = ["task", "scorer", "language", "queries", *MEASURES]
        pd.DataFrame(rows, columns=columns).to_csv(folder / "metrics.csv", index=False)
        (folder / "per_query.parquet").write_bytes(b"-")
        manifest = {"dev": {"loss_start": 2.0, "loss_end": 1.0}, "collapse": {"warning": "odd"}, "seconds": {"total": 5.0}}
        store.finish(spec, folder, {"status": "done", **manifest})


def fill(store: Store, trials: list[tuple[str, str, CellSpec]]) -> None:
    left = {arm: list(scores) for arm, scores in SCORES.items()}
    for arm, _, spec in trials:
        save(store, spec, *left[arm].pop(0))


def test_trials_share_everything_but_their_settings(tmp_path: Path):
    profile, trials = trial_cells(described(tmp_path), workers=2)
    assert [arm for arm, _, _ in trials] == ["floor", "contrastive", "contrastive", *["contrastive(form=dense)"] * 2]
    assert profile.name == "trying" and profile.hardware.workers == 2
    specs = [spec for _, _, spec in trials]
    assert len({spec.id for spec in specs}) == 5 and len({spec.key for spec in specs}) == 5
    for spec in specs:
        assert spec.evaluation.split == "dev" and spec.evaluation.tasks == ("faq", "symbols")
    for spec in specs[1:]:
        assert (spec.size, spec.seed, spec.pairs, spec.languages) == (2, 0, 64, ("swh_Latn", "amh_Ethi"))
    assert [spec.training.learning_rate for spec in specs[1:]] == [5e-5, 1e-4, 5e-5, 1e-4]
    assert trials[2][1] == "contrastive(temperature=0.1); learning_rate=0.0001" and specs[2].params["temperature"] == 0.1


def test_settings_are_chosen_by_all_trained_languages_whatever_is_asked_of_the_test(tmp_path: Path):
    file = described(tmp_path)
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump(content | {"set": [*content["set"], "evaluation.languages=[de]"]}), encoding="utf-8")
    assert all({"swh_Latn", "amh_Ethi"} <= set(spec.asked) for _, _, spec in trial_cells(file)[1])


def test_arms_with_different_numbers_of_trials(tmp_path: Path):
    unequal = {**TRIALS, "contrastive": TRIALS["contrastive"][:1]}
    with pytest.raises(BenchError, match=r"different numbers of trials \(contrastive: 1, contrastive\(form=dense\): 2\)"):
        trial_cells(described(tmp_path, unequal))


def test_settings_that_do_not_exist(tmp_path: Path):
    wrong = {"contrastive": [{"method": "contrastive", "learning_rat": 1}]}
    with pytest.raises(BenchError, match="learning_rat"):
        trial_cells(described(tmp_path, wrong))


def test_the_best_of_each_arm_by_its_own_scorer_is_chosen(tmp_path: Path):
    _, trials = trial_cells(described(tmp_path))
    store = Store(tmp_path / "trying")
    fill(store, trials)
    table = collect(store, trials, ARMS)
    assert table["chosen"].tolist() == [False, True, False, False, True]  # never the floor
    assert table["criterion"].tolist() == pytest.approx([0.9, 0.5, 0.3, 0.2, 0.4])
    assert table["late"].tolist() == pytest.approx([0.9, 0.5, 0.3, 0.8, 0.7])
    assert table["faq dense"].tolist() == pytest.approx([0.8, 0.0, 0.5, 0.1, 0.3])
    assert table.loc[1, ["dev_loss_start", "dev_loss_end", "warning", "seconds"]].tolist() == [2.0, 1.0, "odd", 5.0]
    assert table["languages"].tolist() == [0, 2, 2, 2, 2]


def test_a_trial_that_failed_has_no_score_and_is_not_chosen(tmp_path: Path):
    _, trials = trial_cells(described(tmp_path))
    store = Store(tmp_path / "trying")
    fill(store, [*trials[:1], *trials[3:]])
    save(store, trials[2][2], 0.6, 0.3)
    with store.writing(trials[1][2]) as folder:
        store.finish_failed(trials[1][2], folder, "it broke", {})
    table = collect(store, trials, ARMS)
    assert pd.isna(table.loc[1, "criterion"])
    assert table["chosen"].tolist() == [False, False, True, False, True]


def test_of_equal_trials_the_first_is_chosen(tmp_path: Path):
    _, trials = trial_cells(described(tmp_path))
    store = Store(tmp_path / "trying")
    for _, _, spec in trials:
        save(store, spec, 0.5, 0.5)
    assert collect(store, trials, ARMS)["chosen"].tolist() == [False, True, False, True, False]


def test_without_any_result(tmp_path: Path):
    _, trials = trial_cells(described(tmp_path))
    table = collect(Store(tmp_path / "trying"), trials, ARMS)
    assert len(table) == 5 and not table["chosen"].any()


def test_only_what_is_missing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = described(tmp_path)
    _, trials = trial_cells(file)
    prepared: list[str] = []
    ran: list[str] = []

    class Fake:
        def __init__(self, store: Store, workers: int, nursery: object) -> None:
            self.store = store

        def run(self, specs):
            for spec in specs:
                ran.append(spec.id)
                yield Started(spec.id)
                if "~trial2" in spec.id and "form" in spec.id:
                    yield Failed(spec.id, "it broke")
                else:
                    save(self.store, spec, 0.5, 0.5)
                    yield Finished(spec.id, {})

    monkeypatch.setattr(bench.execution.tune, "LocalProcesses", Fake)
    monkeypatch.setattr(bench.execution.tune, "call_in_child", lambda what, *_: prepared.append(what))
    console = Console(file=io.StringIO(), width=200)
    table = tune(file, tmp_path, console)
    said = console.file.getvalue().splitlines()
    assert ran == [spec.id for _, _, spec in trials] and prepared == ["bench.cells.prepare:prepare"]
    assert said[0] == "5 of 5 trials to run" and "FAILED: it broke" in said[-1] and said[-1].split()[1] == "[5/5]"
    assert any("[1/5]" in line and "left" in line for line in said), "each trial that ends says how long the others will take"
    written = pd.read_csv(tmp_path / "trying" / "tuning.csv")
    # The experiment that the trials are for has the table too: its leaderboard links to it.
    name = yaml.safe_load(Path(SMALL).read_text())["name"]
    assert (tmp_path / name / "tuning.csv").read_text() == (tmp_path / "trying" / "tuning.csv").read_text()
    assert written["trial"].fillna("").tolist() == table["trial"].tolist()
    ran.clear()
    tune(file, tmp_path, console)
    assert ran == [trials[-1][2].id]


def test_the_mean_of_both_scorers_can_decide(tmp_path: Path):
    _, trials = trial_cells(described(tmp_path))
    store = Store(tmp_path / "trying")
    fill(store, trials)
    table = collect(store, trials, {"contrastive": "mean", "contrastive(form=dense)": "mean"})
    assert table["criterion"].tolist() == pytest.approx([0.9, 0.3, 0.45, 0.5, 0.55])
    assert table["chosen"].tolist() == [False, False, True, False, True]


def test_trials_are_drawn_where_none_are_listed(tmp_path: Path):
    file = described(tmp_path)
    content = yaml.safe_load(file.read_text())
    del content["trials"]
    file.write_text(yaml.safe_dump(content | {"draws": 3, "search": {"learning_rate": [5e-5, 1e-4]}}))
    _, trials = trial_cells(file)
    assert [arm for arm, _, _ in trials] == ["floor", *["contrastive"] * 3, *["contrastive(form=dense)"] * 3]
    assert len({(spec.method, spec.training.learning_rate) for _, _, spec in trials[1:]}) == 6
    assert {spec.training.learning_rate for _, _, spec in trials[1:]} == {5e-5, 1e-4}
    file.write_text(yaml.safe_dump(content | {"draws": 3, "search": {"learning_rte": [5e-5]}}))
    with pytest.raises(BenchError, match="learning_rte.*did you mean.*learning_rate"):
        trial_cells(file)


def test_an_unknown_criterion(tmp_path: Path):
    file = described(tmp_path)
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"arms": {"contrastive": "lat"}}))
    with pytest.raises(BenchError, match="criterion of contrastive 'lat'"):
        trial_cells(file)


def test_a_trials_file_that_is_not_there_or_not_whole(tmp_path):
    with pytest.raises(BenchError, match="does not exist"):
        trial_cells(tmp_path / "none.yaml")
    (tmp_path / "part.yaml").write_text("name: x\ntrials: {}\n")
    with pytest.raises(BenchError, match="lacks arms, profile, seed, size, tasks"):
        trial_cells(tmp_path / "part.yaml")
