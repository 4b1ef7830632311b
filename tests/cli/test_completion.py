"""A shell completes values, through the variables that typer's scripts set, and loads nothing heavy for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bench.cli import completion
from bench.cli.app import app
from bench.data.languages import Languages
from bench.data.settings import SOURCES, TASKS
from bench.experiment.profile import comparison
from bench.experiment.profile.file import load_profile, profile_names
from bench.experiment.profile.schema import Profile
from bench.output.report.texts import WHICH
from methods import registry
from tests.made_up import plan

HEAVY = ("torch", "pandas", "numpy", "rich", "transformers")


def complete(*words: str, shell: str = "bash") -> list[str]:
    """What bash is offered for the last of these words (zsh: as it is told)."""
    line = " ".join(["bench", *words])
    asked = {
        "_BENCH_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": str(len(words)), "_TYPER_COMPLETE_ARGS": line,
    }  # fmt: skip
    answer = CliRunner().invoke(app, env=asked, prog_name="bench")
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.output.split()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that commands are typed in: an experiment, a profile and a method of somebody's own."""
    plan(tmp_path / "results" / "mine", ["untrained@0#0", "optical@2#0", "contrastive(form=dense)@2#0"], tasks=("faq", "news"))
    (tmp_path / "own.yaml").touch()
    (tmp_path / "loss.py").touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "other.yml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_profiles_by_name_and_by_file(folder) -> None:
    assert complete("plan", "--profile", "") == [*profile_names(), "own.yaml"]
    assert complete("run", "-p", "de") == ["default"] and complete("run", "-p", "ow") == ["own.yaml"]
    assert complete("plan", "--profile", "mo") == ["more/"] and complete("plan", "--profile", "more/") == ["more/other.yml"]
    assert complete("compare", "a", "b", "--profile", "m") == ["mine", "more/"]


def test_methods_go_on_in_a_list(folder) -> None:
    assert complete("plan", "--methods", "optical_") == ["optical_contrastive"]
    assert set(registry.names()) <= set(complete("plan", "--methods", ""))
    assert complete("plan", "--methods", "nmt,contr") == ["nmt,contrastive"]
    assert "optical,optical" not in complete("run", "--method", "optical,opt"), "what stands there is not offered again"
    assert complete("plan", "--methods", "lo") == ["loss.py"] and complete("methods", "cle") == ["clear"]


def test_languages_orders_and_sources(folder) -> None:
    known = Languages.load()
    lists = {*known.orders, *known.groups}
    assert {language.code for language in known} | lists == set(complete("plan", "--languages", ""))
    assert complete("plan", "--languages", "swh_Latn,Hau") == ["swh_Latn,Hausa"]
    assert complete("languages", "gua") == ["guard"] and set(complete("plan", "--order", "")) == lists
    assert complete("plan", "--without", "qu") == ["quran"] and set(complete("run", "--without", "")) == set(SOURCES)


def test_keys_of_a_profile_and_their_values(folder) -> None:
    keys = complete("plan", "--set", "training.")
    assert {f"training.{name}" for name in Profile.model_fields["training"].annotation.model_fields} == set(keys)
    assert complete("plan", "--set", "hardware.prec") == [f"hardware.precision={one}" for one in ("auto", "float32", "bf16")]
    assert complete("plan", "--set", "store.st") == ["store.students=true", "store.students=false"]
    assert complete("plan", "--set", "training.pairs") == ["training.pairs", "training.pairs_per_language"]


def test_the_default_of_every_key_can_be_typed(folder) -> None:
    """What is offered for a key is a value that the profile takes, and its default is the first or among them."""
    for key, (_, values) in completion.settings():
        if key in ("name", "grid.methods", "grid.sizes"):  # these have no default
            continue
        if key.startswith(("data.", "names", "method_settings", "cost", "models.")):
            continue  # they have to fit what else the profile says
        for value in values:
            load_profile("default", [f"{key}={value}"] if value else [])


def test_scorers_tasks_and_groups(folder) -> None:
    assert complete("compare", "--scorer", "") == ["dense", "late", "sparse"]
    assert complete("compare", "--profile", "mine", "--task", "") == ["faq", "news"], "those of the experiment"
    assert complete("compare", "--profile", "none", "--task", "") == list(TASKS)
    assert complete("compare", "--group", "h") == ["held-out"] and completion.GROUPS == comparison.GROUPS
    assert complete("report", "--texts", "") == list(completion.TEXTS) and set(completion.TEXTS) == set(WHICH)


def test_methods_and_cells_of_an_experiment(folder) -> None:
    assert complete("compare", "--profile", "mine", "") == ["untrained", "optical", "contrastive(form=dense)"]
    assert complete("export", "--profile", "mine", "opt") == ["optical@2#0"]
    assert complete("report", "--profile", "mine", "--highlight", "optical,unt") == ["optical,untrained"]


def test_data_sets_packages_and_loggers(folder) -> None:
    assert complete("data", "show", "bele") == ["belebele"] and complete("data", "fetch", "kolibri,dj") == ["kolibri,django"]
    assert complete("run", "--log", "csv,tens") == ["csv,tensorboard"]
    assert complete("run", "--on", "") == ["ray", "slurm"]


def test_a_broken_file_offers_nothing_and_says_nothing(folder) -> None:
    (folder / "results" / "mine" / "profile.yaml").write_text("{ no yaml")
    assert complete("compare", "--profile", "mine", "opt") == []


def test_zsh_is_told_what_values_are(folder) -> None:
    assert "quran" in " ".join(complete("plan", "--without", "qu", shell="zsh"))
    assert "passages" in " ".join(complete("plan", "--without", "qu", shell="zsh"))


@pytest.mark.parametrize(
    "words", ["plan --methods opt", "plan --set training.", "compare --profile mine opt", "plan --languages s"]
)
def test_nothing_heavy_is_loaded(folder, words: str) -> None:
    script = f"import sys; sys.argv = ['bench']\nfrom bench.cli import main\ntry: main()\nfinally: print('HEAVY', " \
             f"[one for one in {HEAVY!r} if one in sys.modules])"  # fmt: skip
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    asked = {"_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": f"bench {words}", "COMP_CWORD": str(len(words.split()))}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths, **asked}
    )  # fmt: skip
    *offered, heavy = done.stdout.splitlines()
    assert offered and heavy == "HEAVY []" and done.stderr == "", (done.stdout, done.stderr)
