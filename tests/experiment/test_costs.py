import io
from pathlib import Path

from rich.console import Console

from bench.base.manifest import hardware
from bench.data.languages import Languages
from bench.execution.base import Failed, Finished, Progress, Started
from bench.execution.progress import RunView, report_line
from bench.execution.progress_file import ProgressFile, read
from bench.experiment.costs import Costs, duration, makespan
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile

SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"
PROFILE = load_profile(str(SMALL), ["grid.sizes=[2]", "cost={untrained: 1, contrastive: 3}"])
UNTRAINED, CONTRASTIVE, OPTICAL = cells(PROFILE, Languages.load())


def manifest(seconds, spec=CONTRASTIVE, **other):
    content = {"status": "done", "method": spec.method, "pairs_asked": spec.pairs, "hardware": hardware()}
    return {**content, "seconds": {"train": seconds / 2, "total": seconds}, **other}


def test_the_profile_says_until_this_machine_has_measured():
    costs = Costs(PROFILE)
    assert costs.seconds(CONTRASTIVE) == 180 and not costs.is_measured(CONTRASTIVE)
    assert costs.seconds(OPTICAL) is None
    costs = Costs(PROFILE, [manifest(10), manifest(30), manifest(20)])
    assert costs.seconds(CONTRASTIVE) == 20 and costs.is_measured(CONTRASTIVE)
    assert costs.seconds(UNTRAINED) == 60


def test_what_was_measured_elsewhere_or_on_something_else_does_not_count():
    others = [
        manifest(9, hardware={**hardware(), "cores": 99}),
        manifest(9, pairs_asked=1),
        manifest(9, status="failed"),
        {"status": "done"},
        {},
    ]
    assert Costs(PROFILE, others).seconds(CONTRASTIVE) == 180


def test_a_variant_costs_what_its_method_costs():
    variant = CONTRASTIVE.model_copy(update={"method": "contrastive(form=dense)"})
    assert Costs(PROFILE).seconds(variant) == 180


def test_makespan():
    assert makespan([], 2) == 0
    assert makespan([3, 1, 1, 1], 1) == 6
    assert makespan([3, 1, 1, 1], 2) == 3


def test_duration():
    said = {0: "0 s", 59.4: "59 s", 59.7: "1:00 min", 95: "1:35 min", 3599: "59:59 min", 4000: "1:07 h", None: "?"}
    assert {seconds: duration(seconds) for seconds in said} == said


def test_report_line_has_time_by_phase_rate_and_memory():
    said = report_line(manifest(60, pairs_per_second=48.25, peak_memory_mb=2048, collapse={"warning": "all alike"}))
    assert said == "1:00 min (train 30 s), 48.2 pairs/s, 2.0 GB; warning: all alike"
    assert report_line({}) == "?"


def test_progress_in_a_file_is_plain_lines_with_counts_and_time_left():
    text = io.StringIO()
    console = Console(file=text, width=60)
    with RunView([CONTRASTIVE, OPTICAL], 3, Costs(PROFILE, [manifest(100, OPTICAL)]), 1, console) as view:
        assert 275 < view.seconds_left() <= 280
        view.step("downloading", 0.1)
        view.step("downloading", 0.6)
        view.prepared()
        view.handle(Started(CONTRASTIVE.id))
        for fraction in (0.0, 0.5, 1.0):
            view.handle(Progress(CONTRASTIVE.id, "train", fraction))
        view.handle(Finished(CONTRASTIVE.id, manifest(10)))
        assert view.seconds_left() == 100
        view.handle(Started(OPTICAL.id))
        view.handle(Failed(OPTICAL.id, "ValueError: [bold]NaN[/bold]"))
        assert view.seconds_left() == 0
    lines = [line.split(" ", 1)[1] for line in text.getvalue().splitlines()]
    assert lines == [
        "prepare: downloading",
        "prepare: done in 0 s",
        "[3/5] contrastive@2#0 started",
        "[3/5] contrastive@2#0 train",
        "[4/5] contrastive@2#0 done: 10 s (train 5 s); about 1:40 min left",
        "[4/5] optical@2#0 started",
        "[5/5] optical@2#0 FAILED: ValueError: [bold]NaN[/bold]",
    ]
    assert "\x1b" not in text.getvalue()
    assert view.summary().startswith("1 cells run, 1 failed, 3 kept, in 0 s")


def test_progress_on_a_terminal_shows_each_cell_with_its_phase():
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with RunView([CONTRASTIVE, OPTICAL], 0, Costs(PROFILE), 2, console) as view:
        view.handle(Started(CONTRASTIVE.id))
        view.handle(Progress(CONTRASTIVE.id, "train", 0.25))
        view.handle(Started(OPTICAL.id))
        shown = Console(file=io.StringIO(), width=100)
        with shown.capture() as capture:
            shown.print(view)
    assert "cells [0/2]" in capture.get() and "time left unknown" in capture.get()
    assert "train" in capture.get() and "25%" in capture.get() and "optical@2#0" in capture.get()


def test_a_view_writes_what_another_terminal_can_watch(tmp_path):
    console = Console(file=io.StringIO(), width=120)
    file = ProgressFile(tmp_path)
    with RunView([CONTRASTIVE, OPTICAL], 0, Costs(PROFILE, [manifest(100, OPTICAL)]), 1, console, file) as view:
        assert read(tmp_path).waiting == [CONTRASTIVE.id, OPTICAL.id]
        view.step("suite", 0.0)
        assert read(tmp_path).working["prepare"].phase == "suite"
        view.step("encoder", 0.0)
        assert read(tmp_path).working["prepare"].phase == "encoder", "a new phase does not wait for its second"
        view.prepared()
        view.handle(Started(OPTICAL.id))
        for share, loss in ((0.0, 0.8), (0.5, 0.7), (1.0, 0.6)):
            view.handle(Progress(OPTICAL.id, "train", share, loss))
        found = read(tmp_path)
        assert found.working[OPTICAL.id].dev_loss == (0.8, 0.6) and found.waiting == [CONTRASTIVE.id] and found.alive
        view.handle(Progress(OPTICAL.id, "train", 0.9))
        assert read(tmp_path).working[OPTICAL.id].fraction == 1.0, "steps within a phase are written once a second"
    assert read(tmp_path) is None
