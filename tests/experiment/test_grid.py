import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.experiment import grid
from bench.experiment.grid import cells, suites
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import load_profile
from bench.experiment.selection import Selection, split_list
from bench.experiment.spec import CellSpec
from bench.retrieval.settings import Retrieval
from methods import registry
from tests.own_data import beir, bitext, write

LANGUAGES = Languages.load()
SMALL = Path(__file__).parents[1] / "profiles" / "small.yaml"
WIDE = [
    "grid.methods=[untrained, english, contrastive]", "grid.sizes=[5, 10, 20, 50]", "data.order=low", "data.guard=guard",
]  # fmt: skip


def made(*changes: str, threads: int = 1, **axes: tuple[str, ...]) -> dict[str, CellSpec]:
    profile = Selection(**axes).apply(load_profile(str(SMALL), [*WIDE, *changes]), LANGUAGES)
    return {cell.id: cell for cell in cells(profile, LANGUAGES, threads)}


def test_trained_methods_span_the_grid_and_the_others_occur_once():
    ids = list(made("grid.sizes=[5, 10]", "grid.seeds=[0, 1]"))
    assert ids == [
        "untrained@0#0", "english@0#0",
        "contrastive@5#0", "contrastive@10#0", "contrastive@5#1", "contrastive@10#1",
    ]  # fmt: skip


def test_sizes_are_prefixes_of_the_order():
    found = made("grid.sizes=[5, 10]")
    small, large = found["contrastive@5#0"], found["contrastive@10#0"]
    order = tuple(LANGUAGES.orders["low"])
    assert small.languages == small.core == large.core == order[:5]
    assert large.languages == order[:10] and large.held_out == order[10:]
    assert found["untrained@0#0"].languages == () and found["untrained@0#0"].held_out == order
    assert small.guard == tuple(LANGUAGES.groups["guard"])


def test_other_orders_are_marked_in_the_id_and_have_their_own_floor():
    found = made("grid.sizes=[5]", orders=("low", "mixed"))
    assert list(found) == [
        "untrained@0#0", "english@0#0", "contrastive@5#0",
        "untrained@0#0~mixed", "english@0#0~mixed", "contrastive@5#0~mixed",
    ]  # fmt: skip
    # Asked for alone, a cell has the same identity.
    alone = made("grid.sizes=[5]", orders=("mixed",))
    assert alone["contrastive@5#0~mixed"] == found["contrastive@5#0~mixed"]
    assert len(suites(found.values())) == 2


def test_no_language_is_both_trained_and_guard():
    for cell in made("data.order=de,sw,fr", "grid.sizes=[2]").values():
        assert not set(cell.guard) & set(cell.order_languages)
        assert len(cell.guard) == len(LANGUAGES.groups["guard"]) - 2


def test_a_spec_survives_json_and_pickle():
    for cell in made().values():
        assert CellSpec.model_validate_json(cell.model_dump_json()) == cell
        assert pickle.loads(pickle.dumps(cell)) == cell


def test_key_covers_what_decides_the_result():
    plain = made()["contrastive@5#0"].key
    for change in (
        "training.learning_rate=0.1",
        "evaluation.run_depth=200",
        "evaluation.split=dev",
        "space.centre=false",
        "retrieval.bits=4",
        "data.without=[django]",
        "data.guard=de",
        "models.student=somewhere",
        "models.head=linear",
        "hardware.precision=float32",
        "method_settings.contrastive.clip=9",
    ):
        assert made(change)["contrastive@5#0"].key != plain, change


def test_key_ignores_what_does_not():
    plain = made()["contrastive@5#0"]
    for change in ("hardware.workers=2", "cost={}", "summary=x", "name=x", "grid.seeds=[0, 1]", "method_settings.nmt.clip=9",
                   "store.students=true", "retrieval.shard=9", "retrieval.recall_queries=0", "retrieval.bits=8"):  # fmt: skip
        assert made(change)["contrastive@5#0"].key == plain.key, change
    assert made(threads=7)["contrastive@5#0"].key == plain.key
    # A list with the languages of the order is the same data, but another set of cells.
    assert made(languages=("sw",))["contrastive@1#0~" + grid.order_name("sw", LANGUAGES)].key != plain.key


def test_how_many_lists_are_visited_is_in_the_key_only_where_documents_are_found_by_lists():
    plain, rough = made()["contrastive@5#0"].key, made("evaluation.late_mode=approximate")["contrastive@5#0"].key
    for change in ("retrieval.recall_target=0.9", "retrieval.probes=64"):
        assert made("evaluation.late_mode=approximate", change)["contrastive@5#0"].key != rough, change
    assert made("retrieval.recall_target=0.9")["contrastive@5#0"].key == plain
    both = ("evaluation.late_mode=approximate", "retrieval.probes=64")
    assert made(*both)["contrastive@5#0"].key == made(*both, "retrieval.recall_target=0.9")["contrastive@5#0"].key
    memory = ("evaluation.late_mode=approximate", "retrieval.documents=memory")
    assert made(*memory)["contrastive@5#0"].key == made(*memory, "retrieval.recall_target=0.9")["contrastive@5#0"].key


@pytest.mark.parametrize(("given", "approximate", "expected"), [
    ({}, False, {}), ({}, True, {"recall_target": 0.98}), ({"probes": 1024}, False, {}), ({"bits": 4}, False, {"probes": 1024}),
    ({"probes": 64}, False, {"probes": 64}), ({"probes": 64}, True, {"probes": 64}),
    ({"documents": "memory"}, True, {"probes": 1024}),
])  # fmt: skip
def test_keys_of_an_exhaustive_search_are_those_of_before_there_was_a_target(given, approximate, expected):
    found = Retrieval.model_validate(given).deciding(approximate)
    whole = {"documents": "auto", "disk_above": 200_000, "bits": 8, "candidates": 2000} | {
        name: value for name, value in given.items() if name != "probes"
    }  # fmt: skip
    assert found == (whole | expected if expected else {})


def test_a_profile_without_a_map_has_the_keys_it_had_before_there_were_any():
    cell = made()["contrastive@5#0"]
    assert "head" not in cell.identity()["models"]
    assert made("models.head=linear")["contrastive@5#0"].identity()["models"]["head"] == "linear"
    assert set(cell.model_keys) <= {"teacher", "student"}


def test_models_that_cannot_be_are_told_before_anything_runs(tmp_path):
    (tmp_path / "file").touch()
    for change, expected in (("models.teacher=builtin:all-MiniLM", "did you mean 'builtin:all-MiniLM-L6-v2'"),
                             ("models.student=/nowhere/at/all", "no model directory '/nowhere/at/all'"),
                             (f"models.student={tmp_path}/file", "is a file")):  # fmt: skip
        with pytest.raises(BenchError, match=expected):
            made(change)
    assert made("models.student=someone/model")  # a name on the hub is looked up when it is needed


def test_only_students_that_are_trained_can_be_kept():
    found = made("grid.sizes=[5]", "grid.methods=[untrained, english, contrastive, lexical]", "store.students=true")
    assert {cell.method: cell.keep_student for cell in found.values()} == {
        "untrained": False, "english": False, "contrastive": True, "lexical": False,
    }  # fmt: skip
    assert not any(cell.keep_student for cell in made().values())


def test_floor_does_not_depend_on_training():
    plain = made()
    changed = made("training.learning_rate=0.1", "training.pairs=9")
    assert plain["untrained@0#0"].key == changed["untrained@0#0"].key
    assert plain["untrained@0#0"].key != made("training.max_length=64")["untrained@0#0"].key  # the space changes


def test_key_changes_with_the_method_version(monkeypatch):
    before = made()["contrastive@5#0"].key
    declared = registry.declared
    monkeypatch.setattr(registry, "declared", lambda name: replace(declared(name), version=99))
    assert made()["contrastive@5#0"].key != before


def test_key_changes_with_a_default_of_the_method(monkeypatch):
    before = made()["contrastive@5#0"]
    assert before.params["temperature"] == registry.declared("contrastive").params["temperature"].default
    declared = registry.declared
    changed = replace(declared("contrastive").params["temperature"], default=0.5)

    def other(name):
        declaration = declared(name)
        params = declaration.params | ({"temperature": changed} if name == "contrastive" else {})
        return replace(declaration, params=params)

    monkeypatch.setattr(registry, "declared", other)
    assert made()["contrastive@5#0"].key != before.key


def test_key_changes_with_the_data(monkeypatch):
    before = made()["contrastive@5#0"].key
    monkeypatch.setattr(grid, "suite_key", lambda *_: "other")
    assert made()["contrastive@5#0"].key != before


def test_key_changes_with_the_content_of_a_model_folder(tmp_path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    before = made(f"models.student={tmp_path}")["contrastive@5#0"].key
    assert made(f"models.student={tmp_path}")["contrastive@5#0"].key == before
    weights.write_bytes(b"two")
    assert made(f"models.student={tmp_path}")["contrastive@5#0"].key != before


def test_key_changes_with_the_content_of_a_translation_model(tmp_path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    method = f"grid.methods=[nmt(model={tmp_path})]"
    [before] = {cell.key for cell in made(method, "grid.sizes=[5]").values()}
    weights.write_bytes(b"two")
    assert before not in {cell.key for cell in made(method, "grid.sizes=[5]").values()}


def test_method_settings_apply_to_the_method_then_to_the_very_spec():
    found = made(
        "grid.methods=[contrastive, contrastive(form=dense), optical]", "grid.sizes=[5]",
        "method_settings.contrastive={clip: 2, batch_size: 8}", "method_settings.contrastive(form=dense).clip=3",
    )  # fmt: skip
    assert {name: (cell.training.clip, cell.training.batch_size) for name, cell in found.items()} == {
        "contrastive@5#0": (2, 8), "contrastive(form=dense)@5#0": (3, 8), "optical@5#0": (1, 16),
    }  # fmt: skip


def test_a_control_is_trained_like_the_method_it_controls():
    found = made(
        "grid.methods=[contrastive, shuffled, shuffled(method=contrastive(form=dense))]", "grid.sizes=[5]",
        "method_settings.contrastive.clip=2", "method_settings.contrastive(form=dense).clip=3",
        "method_settings.shuffled.warmup=0",
    )  # fmt: skip
    assert {name: (cell.training.clip, cell.training.warmup) for name, cell in found.items()} == {
        "contrastive@5#0": (2, 0.1), "shuffled@5#0": (2, 0), "shuffled(method=contrastive(form=dense))@5#0": (3, 0),
    }  # fmt: skip


def test_wrong_method_settings_are_clear():
    with pytest.raises(BenchError, match="did you mean 'clip'"):
        made("method_settings.contrastive.clips=2")
    with pytest.raises(BenchError, match="did you mean 'contrastive'"):
        made("method_settings.contrastiv.clip=2")


def test_budget():
    fixed = made("training.pairs=700")
    assert {fixed[f"contrastive@{n}#0"].pairs for n in (5, 50)} == {700}
    assert fixed["untrained@0#0"].pairs == 0
    growing = made("training.budget=per_language", "training.pairs_per_language=10")
    assert [growing[f"contrastive@{n}#0"].pairs for n in (5, 50)] == [50, 500]


def test_a_size_beyond_the_order_is_an_error_that_says_how_many_there_are():
    with pytest.raises(BenchError, match="size 60 is larger than the order 'low', which has 50 languages"):
        made("grid.sizes=[5, 60]")
    with pytest.raises(BenchError, match="size 4 is larger than the list sw,am,ha, which has 3"):
        made(languages=("sw", "am", "ha"), sizes=("4",))


def test_all_spellings_of_a_language_select_the_same_cells():
    found = [made(languages=(name,)) for name in ("sw", "swa", "swh_Latn", "Swahili", "SWAHILI")]
    assert all(one == {**one} and list(one) == list(found[0]) for one in found)
    assert {tuple(c.order_languages for c in one.values())[0] for one in found} == {("swh_Latn",)}
    assert len({cell.key for one in found for cell in one.values() if cell.trained}) == 1


def test_a_list_given_by_hand_bounds_the_sizes_of_the_profile():
    found = made("grid.sizes=[1, 3, 50]", languages=("sw", "am", "ha"))
    assert sorted(cell.size for cell in found.values() if cell.trained) == [1, 3]
    found = made(languages=("sw", "am", "ha"))
    assert [cell.size for cell in found.values() if cell.trained] == [3]


def test_repeated_languages_count_once():
    found = made(languages=("sw", "swa", "am"))
    assert {cell.order_languages for cell in found.values()} == {("swh_Latn", "amh_Ethi")}


def test_a_bare_method_selects_the_variants_that_the_profile_has():
    variants = "grid.methods=[contrastive(form=dense), contrastive(temperature=0.1), optical]"
    found = made(variants, "grid.sizes=[5]", methods=("contrastive",))
    assert set(found) == {"contrastive(form=dense)@5#0", "contrastive(temperature=0.1)@5#0"}
    both = "grid.methods=[contrastive, contrastive(form=dense)]"
    assert set(made(both, "grid.sizes=[5]", methods=("contrastive",))) == {"contrastive@5#0"}
    assert set(made("grid.sizes=[5]", methods=("optical",))) == {"optical@5#0"}  # not in the profile


def test_sizes_of_an_entry_bound_what_is_asked_for():
    entry = "grid.methods=[optical, {method: nmt, sizes: [20]}]"
    assert set(made(entry, "grid.sizes=[5, 20]")) == {"optical@5#0", "optical@20#0", "nmt@20#0"}
    assert set(made(entry, sizes=("5",))) == {"optical@5#0"}
    assert set(made(entry, sizes=("5",), methods=("nmt",))) == {"nmt@5#0"}


ENTRIES = (
    "grid.methods=[{method: untrained, orders: [low, mixed]}, contrastive, {method: contrastive, sizes: [10], seeds: [1]},"
    " {method: contrastive, orders: [mixed]}]"
)


def test_entries_of_a_method_add_up_and_may_have_orders_of_their_own():
    ids = list(made(ENTRIES, "grid.sizes=[5]"))
    assert ids == [
        "untrained@0#0", "contrastive@5#0", "contrastive@10#1", "untrained@0#0~mixed", "contrastive@5#0~mixed",
    ]  # fmt: skip
    # By name the method has all of its entries, and asked-for axes reach them.
    assert list(made(ENTRIES, "grid.sizes=[5]", methods=("contrastive",))) == ids[1:3] + ids[4:]
    assert list(made(ENTRIES, "grid.sizes=[5]", orders=("mixed",))) == [
        "untrained@0#0~mixed", "contrastive@5#0~mixed", "contrastive@10#1~mixed",
    ]  # fmt: skip
    assert all("~" not in one for one in made(ENTRIES, "grid.sizes=[5]", orders=("low",)))
    by_list = made(ENTRIES, "grid.sizes=[2]", languages=("sw", "am"))
    assert {cell.order.partition("-")[0] for cell in by_list.values()} == {"list"}
    assert {cell.method for cell in by_list.values()} == {"untrained", "contrastive"}


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"methods": ("optcal",)}, "did you mean 'optical'"),
        ({"methods": ("contrastive(fom=dense)",)}, "did you mean 'form'"),
        ({"languages": ("swahil",)}, "did you mean 'Swahili'"),
        ({"orders": ("lwo",)}, "lwo"),
        ({"sizes": ("ten",)}, "--sizes: 'ten' is not a whole number from 1 on"),
        ({"sizes": ("0",)}, "--sizes: '0'"),
        ({"seeds": ("-1",)}, "--seeds: '-1'"),
        ({"orders": ("low",), "languages": ("sw",)}, "both given"),
        ({"languages": ("en",)}, "English"),
    ],
)
def test_a_wrong_selection_is_one_clear_message(axes, expected):
    with pytest.raises(BenchError) as caught:
        made(**axes)
    assert expected in str(caught.value)


def test_lists_split_outside_of_parentheses_only():
    assert split_list(["a, b(c=1,d=2)", "e", ""]) == ("a", "b(c=1,d=2)", "e")
    assert split_list(None) == ()


def test_spaces_of_languages_are_in_the_key_only_where_they_are_asked_for():
    def key(*changes: str) -> str:
        return made(*changes, "grid.sizes=[5]")["contrastive@5#0"].key

    plain = key()
    assert key("space.mean_texts=7") == key("space.score_in=[english]") == plain
    asked = {key(*changes) for changes in (
        ["space.score_in=[own]"], ["space.score_in=[own]", "space.mean_texts=7"], ["space.language_means=own"],
        ["space.language_means=own", "space.score_in=[english]"],
    )}  # fmt: skip
    assert len(asked) == 4 and plain not in asked
    assert key("space.score_in=[own, english, own]") == key("space.score_in=[own]")


@pytest.mark.parametrize("change", ["space.language_means=own", "space.score_in=[own]"])
def test_means_of_languages_need_a_centred_space(change: str):
    with pytest.raises(BenchError, match="centre"):
        load_profile(str(SMALL), [change, "space.centre=false"])


def test_arms_without_training_occur_as_often_as_what_they_depend_on():
    found = made("grid.methods=[centred, lir, linear_map, contrastive]", "grid.sizes=[5, 10]", "grid.seeds=[0, 1]")
    ids = [name for name in found if not name.startswith("contrastive")]
    assert ids == ["centred@0#0", "lir@0#0", *(f"linear_map@{size}#{seed}" for seed in (0, 1) for size in (5, 10))]
    assert found["linear_map@5#0"].pairs == found["contrastive@5#0"].pairs and found["centred@0#0"].pairs == 0


def test_the_content_of_a_lexicon_is_in_the_keys_of_the_cells_that_ask_it(tmp_path: Path):
    def write_lexicon(**words: str) -> None:
        for code, word in words.items():
            write(tmp_path, {f"bitext/gatitos/{code}.tsv": f"cat\t{word}\n"})

    def keys(*methods: str) -> dict[str, str]:
        named = ", ".join(f"'{method}'" for method in methods)
        changes = [
            f"grid.methods=[{named}]", "grid.sizes=[1, 2]", "data.order=sw,am", "data.guard=ha", f"data.folder={tmp_path}",
            "data.hubs=[tico-19, belebele]", "evaluation.tasks=[belebele]",
            "evaluation.queries_per_language={}",
        ]  # fmt: skip
        return {cell.id: cell.key for cell in cells(load_profile(str(SMALL), changes), LANGUAGES)}

    codes = ("sw", "am", "ha")
    write(tmp_path, {
        **{f"bitext/tico-19/{code}.tsv": bitext(code) for code in codes},
        **{f"tasks/belebele/{path}": text for path, text in beir((*codes, "en")).items()},
    })  # fmt: skip
    methods = ("lexical", "lexical(lexicon=gatitos)", "fused(method=lexical(lexicon=gatitos))")
    write_lexicon(sw="paka", am="dimet", ha="kyanwa")
    before = keys(*methods)
    assert keys("lexical") == {name: key for name, key in before.items() if name.startswith("lexical@")}
    write_lexicon(am="other", ha="other")
    changed = {name for name, key in keys(*methods).items() if key != before[name]}
    # Only of cells that train on the language: held-out and guard languages are not translated by it.
    assert changed == {"lexical(lexicon=gatitos)@2#0", "fused(method=lexical(lexicon=gatitos))@2#0"}


def test_questions_may_be_asked_in_some_languages_alone():
    found = made("grid.sizes=[2]", "evaluation.languages=[Hausa, sw]")["contrastive@2#0"]
    assert found.asked == ("swh_Latn", "hau_Latn"), "as the suite has them in order"
    assert found.suite_languages == (*LANGUAGES.orders["low"], *LANGUAGES.groups["guard"]), "what is trained on stays"
    everywhere = made("grid.sizes=[2]")["contrastive@2#0"]
    assert everywhere.asked == everywhere.suite_languages and everywhere.data_key == found.data_key
    keys = {made("grid.sizes=[2]", f"evaluation.languages={asked}")["contrastive@2#0"].key
            for asked in ("null", "[sw, ha]", "'ha,sw'", "swh_Latn")}  # fmt: skip
    assert len(keys) == 3 and everywhere.key in keys and found.key in keys


def planned(tmp_path: Path, *changes: str, **axes: tuple[str, ...]) -> list[CellSpec]:
    return list(make_plan(str(SMALL), tmp_path, Selection(**axes), [*WIDE, *changes]).specs)


def test_questions_cannot_be_asked_in_a_language_of_no_order(tmp_path: Path):
    changes = ["data.order=sw,am", "data.guard=de", "grid.sizes=[2]"]
    with pytest.raises(BenchError, match=r"fra_Latn \(French\), which is in no order and not in the guard") as error:
        planned(tmp_path, *changes, "evaluation.languages=[sw, fr]")
    assert "amh_Ethi deu_Latn swh_Latn" in error.value.hint


def test_each_order_asks_in_those_that_it_has(tmp_path: Path):
    both = ["data.guard=de", "grid.sizes=[2]", "grid.orders=['sw,am', 'ha,am']", "data.order='sw,am'"]
    asked = {spec.order_languages: spec.asked for spec in planned(tmp_path, *both, "evaluation.languages=[ha, am]")}
    assert asked == {("swh_Latn", "amh_Ethi"): ("amh_Ethi",), ("hau_Latn", "amh_Ethi"): ("hau_Latn", "amh_Ethi")}
    narrowed = planned(tmp_path, *both, "evaluation.languages=[ha, am]", languages=("am", "zu"))
    assert {spec.asked for spec in narrowed} == {("amh_Ethi",)}
    with pytest.raises(BenchError, match=r"no language of the order list-\w+ or of the guard: untrained@0#0 would ask nothing"):
        planned(tmp_path, *both, "evaluation.languages=[ha]")
    narrowed = make_plan(str(SMALL), tmp_path, Selection(orders=("ha,am",)), [*WIDE, *both, "evaluation.languages=[ha]"])
    assert "asked:\n  - hau_Latn" in narrowed.description(), "an order that was left out is no obstacle"
