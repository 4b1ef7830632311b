"""Models of a profile: folders beside it, names on the hub at one commit, and the keys of cells that use them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from bench.base.errors import BenchError
from bench.cells.shared.key import Key
from bench.experiment.identity import models_record
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import load_profile
from tests.own_data import beir, collection
from tests.tiny import tiny_bert

A, B = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def home(tmp_path):
    """A folder with data and a model `m`."""
    collection(tmp_path / "prof" / "data", {"news": beir(("sw", "en"))})
    tiny_bert(tmp_path / "prof" / "m")
    return tmp_path / "prof"


def written(home, teacher="m", student="m", methods=("untrained", "contrastive")):
    path = home / "p.yaml"
    path.write_text(yaml.safe_dump({
        "name": "mine", "models": {"teacher": teacher, "student": student}, "data": {"suite": "data"},
        "grid": {"methods": list(methods), "sizes": [1]}}))  # fmt: skip
    return str(path)


def point(tmp_path, commit, revision="main"):
    place = tmp_path / "hub" / "models--acme--tiny" / "refs" / revision
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(commit)


def keys(plan):
    return {spec.id: spec.key for spec in plan.specs}


def test_a_folder_is_looked_for_beside_the_profile(home, tmp_path, monkeypatch):
    tiny_bert(tmp_path / "elsewhere" / "m", seed=7)
    monkeypatch.chdir(tmp_path / "elsewhere")
    made = load_profile(written(home))
    assert made.models.teacher == made.models.student == str(home / "m")
    assert load_profile(written(home), ["models.student=m"]).models.student == str(tmp_path / "elsewhere" / "m")
    assert load_profile(written(home, student="./m")).models.student == str(home / "m")


def test_a_folder_in_the_working_directory_alone_is_refused(home, tmp_path, monkeypatch):
    tiny_bert(tmp_path / "elsewhere" / "n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for changes in ({"student": "n"}, {"methods": ["teacher_query(encoder=n)"]}):
        with pytest.raises(BenchError, match="no such folder beside the profile") as caught:
            load_profile(written(home, **changes))
        assert "start from the profile" in caught.value.hint
    assert load_profile(written(home, student="n"), ["models.student=./n"]).models.student == str(tmp_path / "elsewhere" / "n")


def test_a_result_belongs_to_the_content_of_a_folder_wherever_it_lies(home, tmp_path):
    before = keys(make_plan(written(home), tmp_path / "results"))
    moved = tmp_path / "moved"
    shutil.copytree(home, moved)
    assert keys(make_plan(str(moved / "p.yaml"), tmp_path / "results")) == before
    (moved / "m" / "tokenizer.json").write_text((moved / "m" / "tokenizer.json").read_text() + " ")
    assert not set(keys(make_plan(str(moved / "p.yaml"), tmp_path / "results")).values()) & set(before.values())


def test_an_experiment_runs_again_from_its_own_profile(home, tmp_path):
    plan = make_plan(written(home, methods=["untrained", "teacher_query(encoder=m)"]), tmp_path / "results")
    own = tmp_path / "results" / "mine" / "profile.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(plan.description())
    assert str(tmp_path) not in own.read_text(), "it tells nobody where things lay"
    assert keys(make_plan(str(own), tmp_path / "results")) == keys(plan)


def test_a_method_finds_its_model_beside_the_profile(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = make_plan(written(home, methods=["teacher_query(encoder=m)"]), tmp_path / "results")
    [spec] = plan.specs
    assert spec.id == "teacher_query(encoder=m)@0#0" and spec.models.place("m") == str(home / "m")
    assert len(spec.model_keys["method"]) == 64


def test_a_hub_name_stands_for_a_commit_that_is_in_the_key(home, tmp_path):
    point(tmp_path, A)
    first = make_plan(written(home, "acme/tiny", "acme/tiny"), tmp_path / "results", ask=True)
    assert {key.partition("/")[0] for key in first.specs[0].model_keys.values()} == {A}
    assert Key.of(first.specs[0]).teacher == Key.of(first.specs[0]).student == f"acme/tiny@{A}"
    assert models_record(first.specs[0])["teacher"] == {"name": "acme/tiny", "revision": A}
    (tmp_path / "results" / "mine").mkdir(parents=True)
    (own := tmp_path / "results" / "mine" / "profile.yaml").write_text(first.description())
    point(tmp_path, B)
    second = make_plan(written(home, "acme/tiny", "acme/tiny"), tmp_path / "results", ask=True)
    assert not set(keys(first).values()) & set(keys(second).values())
    assert keys(make_plan(str(own), tmp_path / "results")) == keys(first), "its own profile holds the commit"


def test_a_revision_may_be_named_everywhere(home, tmp_path):
    point(tmp_path, A)
    point(tmp_path, B, "v2")
    methods = ["teacher_query(encoder=acme/tiny@v2)", "nmt(model=acme/tiny@v2)"]
    specs = make_plan(written(home, "acme/tiny@v2", "acme/tiny", methods), tmp_path / "results").specs
    for spec in specs:
        assert Key.of(spec).teacher == f"acme/tiny@{B}" and Key.of(spec).student == f"acme/tiny@{A}"
        assert spec.model_keys["method"].startswith(B) and spec.models.place("acme/tiny@v2") == f"acme/tiny@{B}"
    assert models_record(specs[0])["method"] == {"name": "acme/tiny", "revision": B}


def test_a_name_without_a_commit_is_planned_and_not_run(home, tmp_path):
    path = written(home, "acme/tiny", "acme/tiny")
    assert not make_plan(path, tmp_path / "results").specs[0].model_keys
    with pytest.raises(BenchError, match="cannot get the model 'acme/tiny'"):
        make_plan(path, tmp_path / "results", ask=True)


def test_a_model_that_cannot_be_read_is_told_by_the_plan(home, tmp_path):
    (home / "m" / "adapter_config.json").write_text("{}")
    with pytest.raises(BenchError, match="adapter"):
        make_plan(written(home), tmp_path / "results")


@pytest.mark.parametrize("form", ["nmt(model={})", "fused(method=nmt(model={}))"])
def test_the_directory_of_a_method_is_looked_for_by_the_plan(home, tmp_path, form):
    def planned(name):
        return make_plan(written(home, methods=("untrained", form.format(name))), tmp_path / "results")

    for name in ("nllb-600M", "marian-sw-en"):
        tiny_bert(home / "translators" / name)
    assert "method" in planned("translators/nllb-600M").specs[-1].model_keys
    for given in ("translators/nllb-60M", "./translators/nllb-60M", str(home / "translators" / "nllb-60M")):
        near = str(Path(given).parent / "nllb-600M")
        with pytest.raises(BenchError, match=f"no model directory '{given}': did you mean '{near}'") as found:
            planned(given)
        assert "marian-sw-en" in found.value.hint
    with pytest.raises(BenchError, match="no model directory './nowhere/nllb'") as found:
        planned("./nowhere/nllb")
    assert "does not exist either" in found.value.hint
    assert "method" not in planned("facebook/nllb-200").specs[-1].model_keys  # a name on the hub, looked up when it runs
    (home / "translators" / "nllb-600M" / "config.json").unlink()
    with pytest.raises(BenchError, match="has no config.json"):
        planned("translators/nllb-600M")


def test_sections_of_a_wrong_kind_are_one_message(home, tmp_path):
    path = Path(written(home))
    for models in ("[m]", "m", "{teacher: [m]}", "{places: m}", "{places: {a: 1}}"):
        path.write_text(f"name: mine\nmodels: {models}\ndata: {{suite: data}}\ngrid: {{methods: [untrained], sizes: [1]}}\n")
        with pytest.raises(BenchError):
            load_profile(str(path))
