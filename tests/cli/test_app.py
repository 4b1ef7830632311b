import errno
import io
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from rich.console import Console

from bench.base.paths import REPOSITORY
from bench.cli import listings, main
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from tests.made_up import plan

TRIALS = REPOSITORY / "bench" / "execution" / "tuning" / "full.yaml"
HEAVY = ("torch", "transformers", "pytorch_lightning", "faiss", "geomloss", "datasets", "ir_datasets")
SCRIPT = f"""
import sys
from bench.cli import main
try:
    main()
finally:
    print("HEAVY", *[name for name in {HEAVY!r} if name in sys.modules])
"""


def bench(*arguments: str, cwd=None, **environment: str) -> subprocess.CompletedProcess:
    """The command in a process of its own, on a wide terminal; says which heavy packages it loaded."""
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, cwd=cwd, timeout=120,
        env={**os.environ, "COLUMNS": "160", "PYTHONPATH": paths, **environment},
    )  # fmt: skip


def loaded(done: subprocess.CompletedProcess) -> list[str]:
    line = next(line for line in done.stdout.splitlines() if line.startswith("HEAVY"))
    return line.split()[1:]


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("compare", "--help"), ("scaling", "--help"),
                                       ("agreement", "--help"), ("report", "--help"), ("export", "--help"),
    ("methods",), ("languages", "sw"), ("data", "list")])  # fmt: skip
def test_looking_around_loads_nothing_heavy(arguments):
    done = bench(*arguments)
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [] and done.stderr == ""


def test_the_version_is_that_of_the_package(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0, capsys.readouterr().out) == (0, f"xlsd-bench {version('xlsd-bench')}\n")


def test_help_names_every_command():
    text = bench("--help").stdout
    for command in (
        "plan", "run", "leaderboard", "compare", "scaling", "agreement", "report", "export", "methods", "languages", "data",
    ):  # fmt: skip
        assert f" {command} " in text


def test_plan_shows_cells_languages_states_and_cost_and_loads_nothing_heavy(tmp_path):
    done = bench("plan", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert loaded(done) == []
    assert " ".join(Languages.load().orders["low"]) in " ".join(done.stdout.split())
    assert "guard (10 languages, never trained on)" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    row = next(line for line in lines if line and line[0] == "contrastive@20#0")
    assert row[1] == "20" and row[3] == "missing" and row[4].startswith("~")
    count = len(cells(load_profile("default"), Languages.load()))
    assert count >= 20 and f"to run: {count}, expected" in done.stdout
    assert not any(tmp_path.iterdir()), "a plan writes nothing"


def test_plan_with_students_is_the_same_plan(tmp_path):
    plain, kept = (bench("plan", "--results", str(tmp_path), *more) for more in ((), ("--keep-students",)))
    assert kept.returncode == 0 and kept.stdout == plain.stdout


def test_plan_of_a_selection(tmp_path):
    done = bench(
        "plan", "--results", str(tmp_path), "--methods", "untrained,contrastive(form=dense)", "--languages", "sw,Hausa",
        "--sizes", "1,2", "--seeds", "3", "--set", "training.pairs=64", "--workers", "2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "(2 languages): swh_Latn hau_Latn" in done.stdout and "2 workers of" in done.stdout
    cells = [line.split()[0].partition("~")[0] for line in done.stdout.splitlines() if "missing " in line and "@" in line]
    assert cells == ["untrained@0#0", "contrastive(form=dense)@1#3", "contrastive(form=dense)@2#3"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("plan", "--profile", "defalt"), "did you mean 'default'"),
        (("plan", "--methods", "optcal"), "did you mean 'optical'"),
        (("plan", "--languages", "swahilli"), "did you mean 'Swahili'"),
        (("plan", "--sizes", "51"), "has 50 languages"),
        (("plan", "--set", "training.pair=1"), "did you mean 'training.pairs'"),
        (("plan", "--without", "koran"), "unknown source 'koran'"),
        (("run", "--methods", "optcal"), "did you mean 'optical'"),
        (("leaderboard", "--results", "nowhere"), "bench run"),
        (("export", "optical@5#0", "out"), "holds no experiment"),
        (("plan", "--set", "hardware.precision=bf61"), "did you mean 'bf16'"),
        (("plan", "--order", "lwo"), "did you mean 'low'"),
        (("plan", "--methods", "contrastive(form=dens)"), "did you mean 'dense'"),
        (("plan", "--profile", "smoek.yaml"), "did you mean 'smoke'"),
        (("run", "--log", "tensorbord"), "did you mean 'tensorboard'"),
        (("report", "--texts", "al"), "did you mean 'all'"),
        (("plan", "--on", "slrum"), "did you mean 'slurm'"),
        (("data", "show", "belebel"), "did you mean 'belebele'"),
        (("tune", "--trials", str(TRIALS.with_name("ful.yaml"))), "did you mean 'full.yaml'"),
        (("methods", "optcal"), "did you mean 'optical'"),
        (("languages", "swahilli"), "did you mean 'Swahili'"),
        (("data", "fetch", "kolibry"), "did you mean 'kolibri'"),
    ],
)
def test_a_mistake_is_one_message_and_a_status(tmp_path, monkeypatch, capsys, arguments, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    monkeypatch.delenv("XLSD_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and expected in said
    assert not any(tmp_path.iterdir()), "nothing is written for a command that cannot be carried out"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("leaderboard", "-p", "mind"), "did you mean 'mine'"), (("watch", "-p", "mien"), "did you mean 'mine'"),
        (("export", "optical@5#0", "out", "-p", "min"), "did you mean 'mine'"),
        (("data", "check", "mines"), "did you mean 'mine'"),
        (("plan", "-p", "onw.yaml"), "did you mean 'own.yaml'"), (("budget", "results/mint"), "did you mean 'mine'"),
        (("compare", "optical", "contrastive", "-p", "elsewhere"), "holds no experiment\n"),
    ],
)  # fmt: skip
def test_what_lies_beside_is_named(tmp_path, monkeypatch, capsys, arguments, expected):
    plan(tmp_path / "results" / "mine", ["optical@5#0"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "own.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and expected in capsys.readouterr().err


def test_a_mistake_shows_no_traceback(tmp_path):
    done = bench("run", "--methods", "optcal", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    assert loaded(done) == []


def test_an_option_that_does_not_exist_is_explained(tmp_path):
    done = bench("plan", "--size", "5", cwd=tmp_path)
    assert done.returncode == 2 and "--sizes" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(("arguments", "environment"), [(("--debug",), {}), ((), {"XLSD_DEBUG": "1"})])
def test_the_traceback_can_be_had(tmp_path, arguments, environment):
    done = bench(*arguments, "plan", "--profile", "defalt", cwd=tmp_path, **environment)
    assert done.returncode != 0 and "Traceback" in done.stderr


def test_methods_and_languages_say_what_there_is():
    text = shown(listings.methods())
    assert all(name in text for name in ("optical", "contrastive", "nmt", "untrained", "english"))
    text = shown(listings.method("contrastive"))
    assert "temperature" in text and "float" in text and "0.05" in text
    text = shown(listings.languages(("Swahili", "guard"), None))
    assert "swh_Latn" in text and "deu_Latn" in text and "amh_Ethi" not in text
    text = shown(listings.languages((), None))
    assert "order low (50)" in text and "group guard (10)" in text
    text = shown(listings.packages())
    assert "alfanous" in text and "AGPL-3.0" in text
    text = shown(listings.hub_data())
    assert "mteb/NTREXBitextMining" in text and "CC BY-SA 4.0" in text and "English queries, documents in X" in text


def shown(what) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(what)
    return console.file.getvalue()


def test_leaderboard_of_nothing_says_what_to_do(tmp_path):
    done = bench("leaderboard", "--profile", "default", cwd=tmp_path)
    assert done.returncode == 2 and loaded(done) == [] and "run" in done.stderr


def test_a_plan_on_data_of_the_hubs_reads_none_of_it(tmp_path):
    changes = ("data.hubs=[opus-100, belebele]", "data.order=cy,ha,ig,zu,xh", "evaluation.queries_per_language={}")
    arguments = [word for change in changes for word in ("--set", change)]
    done = bench("plan", "--results", str(tmp_path), "--sizes", "5", *arguments, "--set", "evaluation.tasks=[belebele]")
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [] and "cym_Latn hau_Latn ibo_Latn zul_Latn xho_Latn" in done.stdout
    done = bench("plan", "--results", str(tmp_path), "--set", "data.hubs=[flores, belebele]", *arguments[2:])
    assert done.returncode == 2 and "flores cannot be trained on where belebele is evaluated" in done.stderr


def test_data_that_cannot_be_had_is_one_message(tmp_path):
    done = bench("data", "show", "ntrex", "ha", XLSD_CACHE=str(tmp_path), HF_HUB_OFFLINE="1")
    assert done.returncode == 2 and "Traceback" not in done.stderr and "--local-dir" in done.stderr
    done = bench("data", "show", "ntrex", "Klingon", XLSD_CACHE=str(tmp_path))
    assert done.returncode == 2 and "unknown language 'Klingon'" in done.stderr
    done = bench("data", "show", "opus-100", "sw", XLSD_CACHE=str(tmp_path))
    assert done.returncode == 2 and "opus-100 has no Swahili (swh_Latn)" in done.stderr and "hau_Latn" in done.stderr


@pytest.mark.parametrize(("error", "said"), [
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "to/report.html"), "the disk that holds to/report.html is full"),
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "error: the disk is full"),
    (OSError(f"Error writing bytes to file. Detail: [errno 28] {os.strerror(errno.ENOSPC)}"), "error: the disk is full"),
])  # fmt: skip
def test_a_full_disk_is_one_message_in_every_command(monkeypatch, capsys, error, said):
    def full():
        raise error

    monkeypatch.setattr(sys.modules["bench.cli.app"], "app", full)
    monkeypatch.delenv("XLSD_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2 and said in told and "make room, then give the same command again" in told
