import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.experiment.grid import cells, suites
from bench.experiment.plan import make_plan
from bench.experiment.profile.file import data_section, load_profile, validated
from tests.own_data import beir, bitext, collection, write

LANGUAGES = Languages.load()
GRID = "name: mine\ngrid: {methods: [untrained, english, contrastive], sizes: [2]}\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    """A collection whose German has queries and no bitext."""
    return collection(tmp_path / "work" / "mydata", {"news": beir(("sw", "am", "de", "en"))})


def profile(root, text="data: {suite: mydata}\n", *changes):
    path = root.parent / "mine.yaml"
    path.write_text(GRID + text, encoding="utf-8")
    return load_profile(str(path), changes)


def test_what_is_not_given_comes_from_the_data(root):
    made = profile(root)
    assert made.data.suite == str(root), "paths start from the profile's file"
    assert made.data.order == "swh_Latn,amh_Ethi" and made.data.guard == "deu_Latn"
    assert made.evaluation.tasks == made.evaluated().tasks == ("news",)


def test_a_guard_that_is_given_is_not_trained_where_no_order_is(root):
    made = profile(root, "data: {suite: mydata, guard: [Amharic, de]}\n")
    assert made.data.order == "swh_Latn" and made.data.guard == "Amharic,de"
    [spec, *_] = cells(made.model_copy(update={"grid": made.grid.model_copy(update={"sizes": (1,)})}), LANGUAGES)
    assert spec.order_languages == ("swh_Latn",) and spec.guard == ("amh_Ethi", "deu_Latn")
    with pytest.raises(BenchError, match=r"every language with training pairs is in data\.guard"):
        profile(root, "data: {suite: mydata, guard: [am, sw]}\n")


def test_what_is_given_stays_in_any_spelling(root):
    made = profile(root, "data: {suite: mydata, order: [Amharic, swa], guard: null}\nevaluation: {tasks: [news]}\n")
    assert made.data.order == "Amharic,swa" and made.data.guard is None
    [spec, *_] = cells(made, LANGUAGES)
    assert spec.order_languages == ("amh_Ethi", "swh_Latn") and spec.guard == ()


def test_paths_of_the_command_line_start_where_it_is_typed(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    made = load_profile("default", ["data.suite=mydata", "data.order=sw", "grid.methods=[untrained]", "evaluation.tasks=[news]",
                                    "evaluation.queries_per_language={}"])  # fmt: skip
    assert made.data.suite == str(root) and made.data.order == "sw"


def test_the_public_profile_takes_its_data_from_a_folder_of_the_command_line(tmp_path, monkeypatch):
    files = {f"{path}": text for path, text in beir(("sw", "am", "de", "en")).items()}
    write(tmp_path / "copies", {f"tasks/belebele/{path}": text for path, text in files.items()})
    write(tmp_path / "copies", {f"bitext/ntrex/{code}.tsv": bitext(code) for code in ("sw", "am")})
    monkeypatch.chdir(tmp_path)
    changes = ["data.folder=copies", "data.hubs=[ntrex,belebele]", "data.order=[sw,am]", "data.guard=de", "grid.sizes=[2]",
               "evaluation.tasks=[belebele]", "evaluation.queries_per_language={}"]  # fmt: skip
    made = load_profile("public", changes)
    assert made.data.folder == str(tmp_path / "copies")
    [first, *_] = specs = cells(made, LANGUAGES)
    assert first.order_languages == ("swh_Latn", "amh_Ethi") and first.guard == ("deu_Latn",) and len(specs) > 6
    with pytest.raises(BenchError, match="data.folder has no tasks/xorqa-in"):
        load_profile("public", changes[:1])


def test_lists_of_files_take_the_place_of_the_built_in_suite(root):
    write(root.parent, {"web.tsv": bitext("ha")})
    made = profile(root, "data:\n  bitext: [mydata/bitext, {path: web.tsv, language: hausa}]\n  tasks: [mydata/tasks/news]\n")
    assert made.data.own and made.data.order == "swh_Latn,amh_Ethi,hau_Latn"
    assert made.data.bitext[1].path == str(root.parent / "web.tsv") and made.data.tasks[0].path == str(root / "tasks/news")
    entry = {"name": "x", "corpus": ["a.tsv"], "queries": {"sw": "b.tsv"}, "qrels": "c.txt"}
    path = root.parent / "other.yaml"
    path.write_text(GRID + f"data: {{tasks: [{entry}], languages_file: l.yaml}}\n")
    data = data_section(path)
    assert data.tasks[0].corpus == (str(root.parent / "a.tsv"),) and data.tasks[0].qrels == {"all": str(root.parent / "c.txt")}
    assert data.tasks[0].queries == {"sw": str(root.parent / "b.tsv")} and data.languages_file == str(root.parent / "l.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: {suite: yourdata}", "does not exist"),
        ("data: {suite: mydata}\nevaluation: {tasks: [nwes]}", "unknown task 'nwes': did you mean 'news'"),
        ("data: {suite: mydata}\nevaluation: {queries_per_language: {symbols: 3}}", "unknown task 'symbols'"),
        ("data: {suite: mydata, without: [quran]}", "these are sources of the built-in suite"),
        ("data: {suite: mydata, dev_share: 1.5}", "data.dev_share = 1.5"),
        ("data: {max_pairs: 5}", "are for data on disk"),
        ("data: {bitext: [{pth: x}]}", "did you mean 'data.bitext.0.path'"),
        ("data: {bitext: 5}", "data.bitext = 5"),
        ("data: {tasks: [{path: x, topic_fields: [titel]}]}", "'titel'"),
        ("data: 7", "data = 7"),
        ("data: {suite: mydata, order: no}", "YAML reads no, off and false as False: put the word in quotes: 'no' is Norwegian"),
        ("data: {suite: mydata, order: [no, sw]}", "YAML reads no, off and false as False"),
        ("data: {suite: mydata, order: [sw, 12]}", "12 is no language (YAML reads it as a number"),
        ("data: {suite: mydata, guard: off}", "YAML reads no, off and false as False"),
        ("data: {suite: yes}", "YAML reads yes, on and true as True"),
        ("data: {bitext: [{path: x, language: no}]}", "YAML reads no, off and false as False"),
        ("data: {tasks: [{name: t, queries: {no: x}}]}", "YAML reads no, off and false as False"),
        ("data: {tasks: [{name: 2022, path: x}]}", "YAML reads it as a number: put it in quotes"),
        ("data: {tasks: [2022-01-01]}", "YAML reads it as a date: put it in quotes"),
        ("data: {suite: mydata}\nevaluation: {tasks: [017]}", "YAML reads it as a number"),
        ("data: {tasks: [{name: ~, path: 3}]}", "YAML reads it as a number"),
    ],
)
def test_mistakes_in_the_section(root, text, expected):
    with pytest.raises(BenchError) as caught:
        profile(root, text + "\n")
    assert expected in str(caught.value)


def test_data_without_training_pairs(root):
    for code in ("sw", "am"):
        (root / "bitext" / f"{code}.tsv").rename(root / "bitext" / f"{code}.dev.tsv")
    with pytest.raises(BenchError, match="no training pairs"):
        profile(root)


def test_a_profile_survives_its_journey_to_other_processes(root):
    made = profile(root)
    assert validated(made.model_dump(mode="json"), "copy") == made


def test_the_resolved_profile_tells_no_absolute_path_and_can_be_run_again(root, tmp_path):
    results = tmp_path / "results"
    (path := root.parent / "mine.yaml").write_text(GRID + "data: {suite: mydata}\n")
    plan = make_plan(str(path), results)
    plan.store.root.mkdir(parents=True)
    (plan.store.root / "profile.yaml").write_text(text := plan.description())
    assert "suite: ../../work/mydata" in text and str(tmp_path) not in text
    again = make_plan(str(plan.store.root / "profile.yaml"), results)
    assert [spec.key for spec in again.specs] == [spec.key for spec in plan.specs]


def test_keys_of_cells_follow_the_content(root):
    before = {spec.id: spec.key for spec in cells(profile(root), LANGUAGES)}
    moved = root.parent / "elsewhere"
    root.rename(moved)
    same = {spec.id: spec.key for spec in cells(profile(moved, "data: {suite: elsewhere}\n"), LANGUAGES)}
    assert same == before, "where the data lies does not matter"
    write(moved, {"tasks/news/qrels/dev.tsv": "q1 0 d1 1\n"})
    changed = {spec.id: spec.key for spec in cells(profile(moved, "data: {suite: elsewhere}\n"), LANGUAGES)}
    assert not set(changed.values()) & set(before.values())


def test_suites_of_a_grid(root):
    [(codes, data)] = suites(cells(profile(root), LANGUAGES))
    assert codes == ("swh_Latn", "amh_Ethi", "deu_Latn") and data.suite == str(root)
    [(_, data)] = suites(cells(load_profile("smoke"), LANGUAGES))
    assert data.without == ("quran",)
