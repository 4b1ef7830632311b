from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import bench.cells.probe
import bench.cells.shared.teacher
import bench.encoders.device
from bench.cells.cell import run_cell
from bench.cells.pairs import dev_pairs, training_pairs
from bench.cells.probe import english_ceiling
from bench.cells.shared.context import open_context
from bench.encoders.device import precision_of
from bench.retrieval.scoring import MEASURES as MEASURES_OF_A_QUERY
from methods import registry
from methods.declaration import ENCODED, SPARSE
from tests.made_suite import LETTERS, World, made_world, translated

MEASURES = list(MEASURES_OF_A_QUERY)
FILES = {"metrics.csv", "per_query.parquet", "runs"}
NMT = "nmt(decoder_layers=1,english_passes={},max_tokens=6)"
METHODS = [
    "contrastive", "contrastive(form=dense)", "optical(steps=5)", "optical(masses=idf)", "mimo", "random_plan",
    "shuffled(method=contrastive(form=dense))", "code_switch(method=mimo)", NMT.format(0), NMT.format(1),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def run(world: World, method: str, name: str = "cell", **changes: Any) -> tuple[Path, dict[str, Any]]:
    folder = world.out(name)
    return folder, run_cell(world.spec(method, **changes), folder, lambda *_: None)


def check_files(folder: Path, more: set[str], scorers: tuple[str, ...] = ENCODED) -> None:
    assert {path.name for path in folder.iterdir()} == FILES | more
    runs = {path.name for path in (folder / "runs").iterdir()}
    assert {f"{task}.{scorer}.swh_Latn.trec.gz" for task in ("faq", "symbols") for scorer in scorers} <= runs
    metrics, questions = pd.read_csv(folder / "metrics.csv"), pd.read_parquet(folder / "per_query.parquet")
    assert metrics.columns.tolist() == ["task", "scorer", "language", "queries", *MEASURES]
    assert questions.columns.tolist() == ["task", "scorer", "language", "query_id", *MEASURES, "unit", "characters"]
    # A question goes by its best document, in whatever language; none is without a length.
    assert (questions["unit"] != "").all() and (questions["characters"] > 0).all()
    assert questions.loc[questions["task"] == "symbols", "unit"].str.fullmatch(r"symbols\d\d").all()
    for frame in (metrics, questions):
        assert ((frame[MEASURES] >= 0) & (frame[MEASURES] <= 1)).all(axis=None)
    rows = set(metrics[["task", "scorer", "language"]].itertuples(index=False, name=None))
    faq = {("faq", scorer, language) for scorer in scorers for language in ("swh_Latn", "deu_Latn")}
    assert rows == faq | {("symbols", scorer, language) for scorer in scorers for language in LETTERS}
    means = questions.groupby(["task", "scorer", "language"])[MEASURES].mean().reset_index()
    pd.testing.assert_frame_equal(metrics.drop(columns="queries"), means, atol=1e-6, check_dtype=False)
    assert metrics["queries"].sum() == len(questions)


def test_untrained(world: World):
    folder, found = run(world, "untrained")
    check_files(folder, set(), (*ENCODED, SPARSE))
    assert found["pairs_seen"] == 0 and found["precision"] == "32-true" and {"load", "evaluate"} <= set(found["seconds"])


def test_a_trained_cell_needs_no_teacher_whose_states_are_kept(world: World, monkeypatch: pytest.MonkeyPatch):
    run(world, "contrastive", "first")  # what is computed once for all cells is computed here
    open_context.cache_clear()  # as in a process of its own

    def refused(*_: Any) -> None:
        raise AssertionError("the teacher was loaded")

    with monkeypatch.context() as patched:
        patched.setattr(bench.cells.shared.teacher, "load_encoder", refused)
        folder, _ = run(world, "contrastive", "second")
    check_files(folder, {"train.csv"})
    open_context.cache_clear()


def test_english_has_rows_of_all_languages(world: World):
    folder, _ = run(world, "english")
    check_files(folder, set(), (*ENCODED, SPARSE))
    metrics = pd.read_csv(folder / "metrics.csv")
    # Symbol search is not parallel: English asks its own questions, the same for every language.
    symbols = metrics[metrics["task"] == "symbols"]
    assert set(symbols["queries"]) == {7}
    assert (symbols.groupby("scorer")[MEASURES].nunique() == 1).all(axis=None)
    assert set(metrics.loc[metrics["task"] == "faq", "queries"]) == {6}
    # Shared words help, even with random weights.
    floor, _ = run(world, "untrained", "floor")
    assert metrics["mrr@10"].mean() > pd.read_csv(floor / "metrics.csv")["mrr@10"].mean()


@pytest.mark.parametrize("method", METHODS)
def test_trained_cells_are_repeatable(world: World, method: str):
    folder, found = run(world, method)
    check_files(folder, {"train.csv", "translations.csv"} if "nmt" in method else {"train.csv"})
    assert found["pairs_seen"] == 48 and found["pairs_by_language"] == {"hau_Latn": 24, "swh_Latn": 24}
    assert sum(found["pairs_by_source"].values()) == 48 and found["pairs_distinct"] <= 48
    assert set(found["dev"]) == {"loss_start", "loss_end"}
    assert {"load", "prepare", "train", "evaluate"} <= set(found["seconds"])
    if "nmt" in method:
        assert set(found["translation"]) == {"chrf", "bleu", "pairs", "english_chrf", "languages"}
        assert set(found["translation"]["languages"]) == {"hau_Latn", "swh_Latn"}
        assert found["translation"]["languages"]["swh_Latn"].keys() == {"chrf", "bleu", "pairs", "kept", "copied_english"}
        texts = pd.read_csv(folder / "translations.csv", keep_default_na=False)
        assert texts.columns.tolist() == ["language", "text", "translation"]
        assert set(texts["language"]) == set(LETTERS) and not texts.duplicated(["language", "text"]).any()
    else:
        assert {"effective_rank", "english_ceiling", "warning"} <= set(found["collapse"])
        assert found["collapse"]["english_start"] == found["collapse"]["english_ceiling"], "it starts as the teacher"
    again, _ = run(world, method, "again")
    for name in ("metrics.csv", "per_query.parquet", "runs/faq.late.swh_Latn.trec.gz"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_a_method_in_a_file_of_its_own_is_trained_like_any_other(world: World, tmp_path: Path):
    lines = [
        "from methods.losses.contrastive import Contrastive", "class Mine(Contrastive):", "    name = 'mine'",
        "    summary = 'contrastive by another name'",
    ]  # fmt: skip
    (tmp_path / "mine.py").write_text("\n".join(lines))
    folder, found = run(world, f"{tmp_path}/mine.py:Mine(form=dense)", "mine")
    check_files(folder, {"train.csv"})
    own, _ = run(world, "contrastive(form=dense)", "own")
    assert (folder / "metrics.csv").read_bytes() == (own / "metrics.csv").read_bytes() and found["pairs_seen"] == 48


def test_the_seed_decides(world: World):
    first, other = world.spec(), world.spec().model_copy(update={"seed": 4})
    encoder = world.context.teacher.encoder
    drawn = [training_pairs(spec, world.context, encoder)[1].index.tolist() for spec in (first, first, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_pairs_are_the_same_for_all_methods_and_only_of_trained_languages(world: World):
    context = world.context
    student = context.student.start()
    pairs, rows = training_pairs(world.spec("optical"), context, student)
    assert rows.index.tolist() == training_pairs(world.spec(NMT.format(0)), context, context.teacher.encoder)[1].index.tolist()
    assert set(rows["language"]) == {"swh_Latn", "hau_Latn"} and set(rows["split"]) == {"train"}
    assert [context.texts.english[row] for row in pairs.english] == rows["english"].tolist()
    dev, dev_rows = dev_pairs(world.spec(), context, student)
    assert set(dev_rows["split"]) == {"dev"} and len(dev) == len(dev_rows) == 16


def test_code_switch_trains_on_partly_translated_english_and_is_watched_on_true_pairs(world: World):
    context, student = world.context, world.context.student.start()
    method = registry.load(registry.parse_spec("code_switch"))
    _, right = training_pairs(world.spec(), context, student)
    pairs, rows = training_pairs(world.spec("code_switch"), context, student, method)
    assert rows["english"].tolist() == right["english"].tolist() and rows.index.tolist() == right.index.tolist()
    assert [item.ids for item in pairs.texts] == [item.ids for item in student.tokenize(rows["text"].tolist())]
    own = [set(text.split()) for text in rows["text"]]
    assert all(words & set(f"{foreign} {english}".split()) == words for words, foreign, english in zip(
        own, right["text"], right["english"], strict=True))  # fmt: skip
    assert 0.3 < rows["replaced"].sum() / rows["words"].sum() < 0.7
    dev, dev_rows = dev_pairs(world.spec("code_switch"), context, student, method)
    assert dev_rows.equals(dev_pairs(world.spec(), context, student)[1]) and len(dev) == 16


def test_the_share_of_words_really_replaced_is_recorded(world: World):
    shares = [run(world, f"code_switch(share={share})")[1]["words_replaced"] for share in (0.2, 1.0)]
    assert 0.1 < shares[0] < 0.35 and shares[1] > 0.95


def test_pieces_that_only_switched_texts_have_are_kept(world: World):
    plain = world.context.student.start()
    # Spelled from characters where no whole word of the suite is: none of them stands apart in any text.
    more = world.context.student.start(["0 1 2 3 4 5 6 7 8 9"])
    assert set(plain.kept_ids.tolist()) < set(more.kept_ids.tolist())


def test_shuffled_trains_on_wrong_pairs_and_is_watched_on_true_ones(world: World):
    context, student = world.context, world.context.student.start()
    method = registry.load(registry.parse_spec("shuffled"))
    true, right = training_pairs(world.spec(), context, student)
    pairs, rows = training_pairs(world.spec("shuffled"), context, student, method)
    assert rows["text"].tolist() == right["text"].tolist() and rows.index.tolist() == right.index.tolist()
    assert (rows["english"] != right["english"]).all() and set(rows["english"]) == set(right["english"])
    assert [context.texts.english[row] for row in pairs.english] == rows["english"].tolist()
    assert [text.ids for text in pairs.texts] == [text.ids for text in true.texts]
    dev, dev_rows = dev_pairs(world.spec("shuffled"), context, student, method)
    assert dev.english.tolist() == dev_pairs(world.spec(), context, student)[0].english.tolist()
    assert all(translated(e, code) == text for e, code, text in dev_rows[["english", "language", "text"]].itertuples(index=False))


def test_dev_split_asks_dev_queries(world: World):
    folder, _ = run(world, "untrained", evaluation={"split": "dev", "tasks": ["symbols", "strings"]})
    questions = pd.read_parquet(folder / "per_query.parquet")
    assert questions.loc[questions["task"] == "symbols", "query_id"].str.contains("-dev-").all()
    assert set(questions["task"]) == {"symbols", "strings"}


def test_a_cell_reports_where_it_is(world: World):
    told: list[tuple[str, float]] = []
    run_cell(world.spec("untrained"), world.out("told"), lambda *what: told.append(what))
    assert all(0 <= share <= 1 for _, share in told)
    assert ("encode and search queries", 1.0) in told and ("score", 1.0) in told and ("load", 0.0) in told


def test_the_ceiling_of_the_collapse_check_is_worked_out_once(world: World, monkeypatch: pytest.MonkeyPatch):
    spec = world.spec("contrastive")
    first = english_ceiling(world.context, spec)
    assert 0 < first <= 1
    monkeypatch.setattr(bench.cells.probe, "evaluate", None)
    assert english_ceiling(world.context, spec) == first
    with pytest.raises(TypeError):  # of another split it is another number
        english_ceiling(world.context, world.spec("contrastive", evaluation={"tasks": ["faq", "symbols"], "split": "dev"}))


def test_precision_names(monkeypatch: pytest.MonkeyPatch):
    assert precision_of("bf16") == "bf16-mixed" and precision_of("float32") == "32-true"
    monkeypatch.setattr(bench.encoders.device, "autocast_dtype", lambda precision, device: None)
    assert precision_of("auto") == "32-true"
    monkeypatch.setattr(bench.encoders.device, "autocast_dtype", lambda precision, device: torch.bfloat16)
    assert precision_of("auto") == "bf16-mixed"


def test_questions_are_asked_in_the_languages_that_are_named_alone(world: World):
    everywhere, _ = run(world, "contrastive", "everywhere")
    some, found = run(world, "contrastive", "some", evaluation={"languages": "sw,de"})
    fewer, found_fewer = run(world, "contrastive", "fewer", evaluation={"languages": "sw"})
    counts = [one["cut"]["queries"]["faq"]["texts"] for one in (found, found_fewer)]
    assert counts == [12, 6], "of the languages that are asked"
    asked = pd.read_csv(some / "metrics.csv")
    assert set(asked["language"]) == {"swh_Latn", "deu_Latn"}
    both = asked.merge(pd.read_csv(everywhere / "metrics.csv"), on=["task", "scorer", "language"])
    assert len(both) == len(asked) and (both["ndcg@10_x"] == both["ndcg@10_y"]).all(), "trained on the same, asked the same"


def test_a_dev_cell_asks_the_trained_languages_that_are_named(world: World):
    chosen = {"languages": "sw,de", "split": "dev", "tasks": ["symbols"]}
    folder, _ = run(world, "contrastive", "dev", evaluation=chosen)
    assert set(pd.read_csv(folder / "metrics.csv")["language"]) == {"swh_Latn"}
