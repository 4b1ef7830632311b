from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.settings import SOURCES
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import load_profile, profile_names, validated
from bench.experiment.profile.schema import Profile


def written(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


SMALL = "name: mine\ngrid: {methods: [untrained], sizes: [1]}\n"


SHIPPED = profile_names()


@pytest.mark.parametrize("name", SHIPPED)
def test_profiles_of_the_project_are_valid_and_named_after_their_file(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.evaluated().tasks
    declared = {entry.method.partition("(")[0] for entry in profile.grid.methods}
    assert declared <= set(profile.cost), "a plan without estimates"


@pytest.mark.parametrize("name", SHIPPED)
def test_profiles_can_be_planned_without_a_network(name, tmp_path, monkeypatch):
    import socket

    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a plan asked the network"))
    plan = make_plan(name, tmp_path)
    assert plan.specs and plan.seconds(plan.specs) is not None
    mapped = ("minilm", "minilm-public", "gpu-mbert", "gpu-xlmr")
    assert all(spec.models.head == "linear" for spec in plan.specs) == (name in mapped)


def test_seven_pairs_begin_with_the_low_resource_four():
    languages = Languages.load()
    order = languages.resolve(load_profile("seven-pairs").data.order)
    classes = [language.joshi_class for language in order]
    assert [language.name for language in order[:4]] == ["Swahili", "Somali", "Filipino", "Marathi"]
    assert len(order) == 7 and max(classes[:4]) <= 3 and min(classes[4:]) >= 4


@pytest.mark.parametrize("name", ["public", "minilm-public"])
def test_the_public_profiles_ask_all_questions_of_languages_with_bitext_and_hold_some_out_for_dev(name):
    profile = load_profile(name)
    assert profile.data.folder is None and {"ntrex", "belebele"} <= set(profile.data.hubs)
    assert profile.evaluation.tasks[0] == "belebele" and "belebele" not in profile.evaluation.queries_per_language
    assert int(profile.data.dev_share * 900) == 100
    assert not profile.training.freeze_embeddings and profile.training.freeze_layers == 0 and profile.training.max_length == 128
    assert {5, 20, 50} <= set(profile.grid.sizes)


def test_default_profile_asks_the_question_of_the_project():
    profile = load_profile("default")
    assert {"untrained", "english", "optical", "contrastive", "nmt"} <= {e.method.partition("(")[0] for e in profile.grid.methods}
    assert profile.grid.sizes == (5, 10, 20, 30, 40, 50)
    assert profile.training.budget == "fixed_total" and profile.training.pairs >= 6000
    assert max(profile.grid.sizes) <= len(Languages.load().order(profile.data.order))


def test_unknown_profile_names_the_nearest():
    with pytest.raises(BenchError, match="did you mean 'default'"):
        load_profile("defualt")
    with pytest.raises(BenchError, match="does not exist"):
        load_profile("nowhere/mine.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trainig: {}", "unknown profile key 'trainig': did you mean 'training'"),
        ("training: {piars: 3}", "'training.piars': did you mean 'training.pairs'"),
        ("evaluation: {late_mod: exact}", "did you mean 'evaluation.late_mode'"),
        ("training: {pairs: 0}", "training.pairs = 0: input should be greater than or equal to 1"),
        ("training: {pairs: many}", "training.pairs = 'many'"),
        ("training: {budget: fixed}", "training.budget = 'fixed'"),
        ("evaluation: {tasks: [symbol]}", "unknown task 'symbol': did you mean 'symbols'"),
        ("evaluation: {queries_per_language: {passage: 3}}", "did you mean 'passages'"),
        ("data: {without: [koran]}", "unknown source 'koran'"),
        ("models: 3", "models = 3"),
    ],
)
def test_a_wrong_key_or_value_is_one_clear_message(tmp_path, text, expected):
    with pytest.raises(BenchError) as caught:
        load_profile(written(tmp_path, SMALL + text + "\n"))
    assert expected in str(caught.value)


def test_unknown_key_of_a_grid_entry(tmp_path):
    with pytest.raises(BenchError, match=r"did you mean 'grid.methods.0.sizes'"):
        load_profile(written(tmp_path, "name: mine\ngrid: {methods: [{method: nmt, size: [1]}], sizes: [1]}\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "not valid YAML"),
        ("- name", "holds no fields"),
        ("name: a\nname: b\n", "stands twice"),
        ("grid: {methods: [nmt], sizes: [1]}", "key name is missing"),
        ("name: ../x\ngrid: {methods: [nmt], sizes: [1]}", "name = '../x'"),
    ],
)
def test_a_file_that_is_no_profile(tmp_path, text, expected):
    with pytest.raises(BenchError) as caught:
        load_profile(written(tmp_path, text))
    assert expected in str(caught.value)


def test_changes_reach_nested_values_and_are_validated():
    changes = [
        "training.pairs=300",
        "training.learning_rate=1e-4",  # YAML alone would read a text
        "grid.sizes=[2, 3]",
        "data.order=sw,am,ha",
        "method_settings.contrastive(form=dense,tau=0.1).clip=2",
        "name=other",
    ]
    profile = load_profile("default", changes)
    assert (profile.training.pairs, profile.training.learning_rate) == (300, 1e-4)
    assert profile.grid.sizes == (2, 3) and profile.data.order == "sw,am,ha" and profile.name == "other"
    assert profile.method_settings["contrastive(form=dense,tau=0.1)"] == {"clip": 2}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("training.pairs", "not of the form key=value"),
        ("training.piars=3", "did you mean 'training.pairs'"),
        ("name.x=3", "name is a single value"),
        ("hardware.workers=0", "greater than or equal to 1"),
    ],
)
def test_a_change_that_cannot_be_made(change, expected):
    with pytest.raises(BenchError) as caught:
        load_profile("default", [change])
    assert expected in str(caught.value)


def test_leaving_out_a_source_drops_its_task_and_no_other():
    profile = load_profile("default", ["data.without=[quran]", "evaluation.tasks=[symbols, passages]"])
    assert profile.evaluated().tasks == ("symbols",)
    assert "passages" not in profile.evaluated().queries_per_language
    with pytest.raises(BenchError, match="no task is left without quran"):
        load_profile("default", ["data.without=[quran]", "evaluation.tasks=[passages]"]).evaluated()


def test_sources_are_those_of_the_suite():
    from bench.data.suite.build import READERS

    assert set(SOURCES) == set(READERS)


def test_a_language_list_may_be_written_as_a_list(tmp_path):
    profile = load_profile(written(tmp_path, SMALL + "data: {order: [sw, am], guard: null}\n"))
    assert profile.data.order == "sw,am" and profile.data.guard is None


def test_the_resolved_profile_of_an_experiment_can_be_run_again(tmp_path):
    profile = load_profile(written(tmp_path, SMALL + "resolved: {cells: []}\n"))
    assert validated(profile.model_dump(mode="json"), "copy") == profile


def test_a_profile_does_not_change_after_loading():
    profile: Profile = load_profile("smoke")
    with pytest.raises(ValueError, match="frozen"):
        profile.training.pairs = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "..", ".", ".hidden", "-x", "", "a\nb", "a\0b", "a\\b", "=1+1"])
def test_the_name_of_an_experiment_is_no_path(name):
    with pytest.raises(BenchError, match="name"):
        validated({"name": name, "grid": {"methods": ["untrained"], "sizes": [1]}}, "profile")


@pytest.mark.parametrize("value", ["[" * 5000, "!!python/object/apply:os.getcwd []", "9" * 5000, "2022-99-99", "&a [*a]"])
def test_a_value_of_the_command_line_that_does_harm_is_one_error(value):
    with pytest.raises(BenchError) as found:
        load_profile("smoke", [f"training.pairs={value}"])
    assert len(str(found.value)) < 10_000
