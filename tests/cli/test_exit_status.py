"""The real command, from shell to exit status: each status that docs/exit-status.md lists, on data and an encoder made here."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.base.paths import REPOSITORY
from tests.own_data import beir, collection, queries
from tests.tiny import tiny_xlmr, write_encoder_json

PAGE = (REPOSITORY / "docs/exit-status.md").read_text(encoding="utf-8")
DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
LOSS = '''
"""A loss in a file."""
from dataclasses import dataclass
from methods.base import Method, option, register

@dataclass
class {title}Params:
    weight: float = option(1.0, "factor")

@register
class {title}(Method):
    name = "{name}"
    summary = "a loss"
    Params = {title}Params

    def loss(self, student, teacher, pair_ids):
        {first}
        return self.params.weight * (student.pooled - teacher.pooled.detach()).square().sum(-1).mean(), {{}}
'''
LOSSES = {
    "mine": "pass", "broken": "raise ValueError('this loss never works')",
    "endless": "import time; from pathlib import Path; Path('training').touch(); time.sleep(600)",
}  # fmt: skip
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with data, a profile of floor and ceiling, a tiny encoder and losses in files."""
    folder = tmp_path_factory.mktemp("ድመት")
    collection(folder / "data", {"news": beir()})
    encoder = tiny_xlmr(folder / "encoder", texts=[text for code in ("sw", "am", "en") for _, text in queries(code, 30)])
    write_encoder_json(encoder, query_prefix="query: ", passage_prefix="passage: ", pooling="mean", max_length=90)
    (folder / "p.yaml").write_text(
        "name: mine\nmodels: {teacher: encoder, student: encoder}\ndata: {suite: data}\n"
        "grid: {methods: [untrained, english], sizes: [2]}\n"
        "training: {pairs: 32, batch_size: 8, max_length: 90}\nhardware: {precision: float32, workers: 1, threads: 1}\n"
    )
    for name, first in LOSSES.items():
        (folder / f"{name}.py").write_text(LOSS.format(name=name, title=name.title(), first=first))
    return folder


def start(place: Path, *arguments: str, stdout=subprocess.PIPE, **environment: str) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return subprocess.Popen(
        [sys.executable, "-m", "bench.cli", *arguments], cwd=place, stdout=stdout, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, "XLSD_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1", **environment},
        # A shell starts background jobs with SIGINT ignored, and children inherit that: here it must count.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def bench(place: Path, *arguments: str, **more) -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    process = start(place, *arguments, **more)
    out, err = process.communicate(timeout=300)
    return process.returncode, (out or b"").decode("utf-8", "replace"), err.decode("utf-8", "replace")


def run(place: Path, methods: str, **more) -> tuple[int, str, str]:
    return bench(place, "run", "--profile", "p.yaml", "--methods", methods, "--results", more.pop("results", "results"), **more)


def cell(place: Path, name: str, results: str = "results") -> set[str]:
    return {path.name for path in (place / results / "mine/cells" / name).iterdir()}


def test_the_page_lists_the_statuses_that_are_tested_here() -> None:
    assert [int(one) for one in re.findall(r"^\| (\d+) \|", PAGE, re.M)] == [DONE, FAILED, MISTAKE, INTERRUPTED]


def test_a_method_in_a_file_with_parameters_runs_and_ends_with_0(place: Path) -> None:
    status, out, err = run(place, "mine.py:Mine(weight=2),untrained,english")
    assert status == DONE and "Traceback" not in out + err, out + err
    assert {"metrics.csv", "manifest.json"} <= cell(place, "mine(weight=2.0)@2#0")
    assert "mine(weight=2.0)" in (place / "results/mine/leaderboard.md").read_text(encoding="utf-8")


def test_a_run_without_utf8_in_a_narrow_window_ends_with_0(place: Path) -> None:
    results = "results ድ"  # said by the run: a name that ASCII lacks
    status, out, err = run(place, "untrained,english", results=results, COLUMNS="40", **ASCII)
    assert status == DONE and "Traceback" not in out + err, out + err
    assert r"\u12f5" in out and out.isascii() and "nDCG@10" in out
    assert (place / results / "mine/leaderboard.md").is_file()  # under the name that was meant
    for columns in ("40", "0", "200"):
        again, said, _ = run(place, "untrained,english", results=results, COLUMNS=columns, **ASCII)
        assert again == DONE and "nothing to run" in said and "nDCG@10" in said


def test_a_run_whose_reader_has_gone_does_its_work_and_ends_with_0(place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        status, _, err = run(place, "untrained,english", results="unread", stdout=writing)
    finally:
        os.close(writing)
    assert status == DONE and err == ""
    assert "metrics.csv" in cell(place, "english@0#0", "unread") and (place / "unread/mine/leaderboard.md").exists()


def test_a_failed_cell_is_1_and_the_others_are_done(place: Path) -> None:
    status, out, err = run(place, "untrained,broken.py:Broken", results="failed")
    assert status == FAILED and "FAILED: ValueError: this loss never works" in out and "Traceback" not in out + err, out + err
    assert "metrics.csv" in cell(place, "untrained@0#0", "failed")
    found = cell(place, "broken@2#0", "failed")
    assert "error.txt" in found and "metrics.csv" not in found


def test_a_method_that_fails_its_check_is_1(place: Path) -> None:
    status, out, err = bench(place, "check-method", "broken.py:Broken")
    assert status == FAILED and "FAILED" in out and "Traceback" not in out + err


@pytest.mark.parametrize("arguments, said", [
    (["run", "--profile", "nowhere"], "nowhere"),
    (["run", "--profile", "p.yaml", "--set", "training.pears=3"], "pears"),
    (["run", "--profile", "p.yaml", "--sizes"], "--sizes"),
    (["run", "--profile", "p.yaml", "--set", "models.teacher=/dev/null"], "/dev/null"),
    (["run", "--profile", "p.yaml", "--results", "p.yaml/results"], "p.yaml/results"),
    (["leaderboard", "--profile", "p"], "p"),
    (["data", "check", "elsewhere"], "elsewhere"),
    (["check-method", "optical(epsilon=much)"], "much"),
    (["no-such-command"], "no-such-command"),
])  # fmt: skip
def test_a_mistake_is_2_and_one_message(place: Path, arguments: list[str], said: str) -> None:
    status, out, err = bench(place, *arguments)
    assert status == MISTAKE and said in err and "Traceback" not in out + err, out + err


def test_data_that_cannot_be_used_is_2(place: Path, tmp_path: Path) -> None:
    assert bench(place, "data", "check", "data")[0] == DONE
    collection(tmp_path / "data", bitext__="")
    (tmp_path / "data/bitext/sw.tsv").write_text("one column\n")
    status, out, err = bench(place, "data", "check", str(tmp_path / "data"))
    assert status == MISTAKE and "sw.tsv:1" in out and "Traceback" not in out + err


def test_ctrl_c_in_training_is_130_and_the_same_command_goes_on(place: Path) -> None:
    process = start(place, "run", "--profile", "p.yaml", "--methods", "untrained,endless.py:Endless", "--results", "interrupted")
    deadline = time.monotonic() + 200
    while not (place / "training").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED and b"interrupted: 1 of 2 cells are done" in out and b"Traceback" not in out + err
    (place / "training").unlink()
    status, said, _ = run(place, "untrained,mine.py:Mine", results="interrupted")
    assert status == DONE and "1 missing" in said and "metrics.csv" in cell(place, "mine@2#0", "interrupted")


def test_ctrl_c_before_the_first_cell_is_130(place: Path) -> None:
    process = start(place, "run", "--profile", "p.yaml", "--results", "early", XLSD_CACHE=str(place / "cold"))
    seen = b""
    assert process.stdout is not None
    for line in process.stdout:
        seen += line
        if b"prepare:" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED and b"Traceback" not in seen + out + err, (seen, out, err)
