"""What an export scores, held against the bench's own evaluation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sentence_transformers as st
import torch

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.data.languages import Languages
from bench.encoders.encoder import Encoder
from bench.encoders.head import Head, Layer
from bench.encoders.load import load_encoder
from bench.encoders.space import Centring, Space
from bench.execution.base import RUN_CELL, Finished
from bench.execution.job import execute
from bench.experiment.grid import cells
from bench.experiment.profile.schema import Profile
from bench.experiment.store import Store
from bench.output.export import layout
from bench.output.export.card import model_name
from bench.output.export.cell import again, export, find
from bench.output.export.prefixes import mark
from tests.made_suite import World
from tests.tiny import tiny_bert, write_encoder_json


def experiment(world: World) -> Path:
    return world.base / "results" / "made"


@pytest.fixture(scope="session")
def exported(world: World) -> dict[str, Path]:
    """Directories of student, teacher and the student before training."""
    made = {"student": "contrastive@2#3", "teacher": "english@0#0", "start": "untrained@0#0"}
    return {name: export(experiment(world), cell, world.base / "out" / name) for name, cell in made.items()}


@pytest.mark.parametrize("name, cell", [("student", "contrastive@2#3"), ("start", "untrained@0#0")])
@pytest.mark.parametrize("task", ["faq", "symbols"])
def test_sentence_transformers_gives_the_scores_of_the_cell(world: World, exported: dict, name: str, cell: str, task: str):
    queries = world.suite.task(task).queries("test", "swh_Latn")
    documents = world.suite.task(task).documents
    student, teacher = (st.SentenceTransformer(str(exported[one] / "dense"), device="cpu") for one in (name, "teacher"))
    dense = student.encode_query(queries["text"].tolist()) @ teacher.encode_document(documents["text"].tolist()).T
    student, teacher = (st.MultiVectorEncoder(str(exported[one] / "late"), device="cpu") for one in (name, "teacher"))
    vectors = student.encode_query(queries["text"].tolist())
    late = student.similarity(vectors, teacher.encode_document(documents["text"].tolist())).numpy()
    late /= np.array([[int((one.norm(dim=-1) > 0).sum())] for one in vectors])
    rows = {query: i for i, query in enumerate(queries["query_id"])}
    columns = {document: i for i, document in enumerate(documents["doc_id"])}
    for scorer, scores in (("dense", dense), ("late", late)):
        run = pd.read_csv(experiment(world) / "cells" / cell / "runs" / f"{task}.{scorer}.swh_Latn.trec.gz", sep=" ",
                          names=["query", "q0", "document", "rank", "score", "tag"])  # fmt: skip
        assert len(run) == len(queries) * len(documents)
        found = scores[run["query"].map(rows), run["document"].map(columns)]
        assert np.abs(found - run["score"]).max() < 1e-5, scorer


def both(encoder: Encoder, space: Space, folder: Path, texts: list[str]) -> None:
    """Vectors of an export against those of the encoder in the space."""
    layout.write(folder, encoder, mark(encoder), space, "query")
    for kind, call in (("query", "encode_query"), ("passage", "encode_document")):
        ours = encoder.encode(texts, kind)
        found = getattr(st.SentenceTransformer(str(folder / "dense"), device="cpu"), call)(texts)
        assert np.abs(found - space.pooled(ours.pooled)).max() < 1e-5
        vectors = getattr(st.MultiVectorEncoder(str(folder / "late"), device="cpu"), call)(texts)
        counted = torch.cat([one[one.norm(dim=-1) > 0] for one in vectors]).numpy()
        assert np.abs(counted - space.tokens(ours.tokens.vectors)).max() < 1e-5


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("removed", [0, 2])
@pytest.mark.parametrize("head", ["none", "linear", "tanh", "residual"])
def test_pooling_removed_directions_and_layers_are_reproduced(tmp_path: Path, pooling: str, removed: int, head: str):
    folder = tiny_bert(tmp_path / "m")
    write_encoder_json(folder, query_prefix="query: ", passage_prefix="passage: ", pooling=pooling, max_length=20)
    encoder = load_encoder(str(folder))
    dim = 32 if head in ("none", "residual") else 12
    rng = np.random.default_rng(0)
    if head != "none":
        def layer() -> Layer:
            weights = {"linear.weight": torch.from_numpy(rng.normal(size=(dim, 32)).astype(np.float32)),
                       "linear.bias": torch.from_numpy(rng.normal(size=dim).astype(np.float32))}  # fmt: skip
            return Layer(weights, "Tanh" if head == "tanh" else "Identity", head == "residual")

        encoder.head = Head([layer()], [layer()])
    directions = np.linalg.qr(rng.normal(size=(dim, removed)))[0].astype(np.float32)
    centrings = [Centring(rng.normal(size=dim).astype(np.float32), directions[:, :k]) for k in (removed, max(0, removed - 1))]
    both(encoder, Space(*centrings), tmp_path / "out", ["the cat drinks milk", "bread and salt", "passage: a dog", "cat " * 40])


def test_zero_vectors_of_a_query_are_its_special_tokens_and_its_prefix(world: World, exported: dict):
    late = st.MultiVectorEncoder(str(exported["student"] / "late"), device="cpu")
    own = load_encoder(str(exported["student"]))
    [vectors] = late.encode_query(["moons salt"])
    assert (vectors.norm(dim=-1) > 0).tolist() == own.tokenize(["moons salt"])[0].content


def test_an_export_is_a_student_to_go_on_from(world: World, exported: dict):
    profile = world.profile("untrained", "contrastive")
    models = profile.models.model_copy(update={"student": str(exported["student"])})
    specs = {spec.method: spec for spec in cells(profile.model_copy(update={"models": models}), Languages.load())}
    floor = world.out("floor")
    run_cell(specs["untrained"], floor, lambda *_: None)
    # Before any further training it scores as the cell that it came from: the space is not applied twice.
    before = pd.read_csv(experiment(world) / "cells" / "contrastive@2#3" / "metrics.csv")
    now = pd.read_csv(floor / "metrics.csv")
    encoded = now[now["scorer"] != "sparse"].reset_index(drop=True)  # only floor and ceiling are asked by words, too
    pd.testing.assert_frame_equal(encoded, before, atol=1e-6)
    store = world.base / "results" / "next"
    spec = specs["contrastive"].model_copy(update={"keep_student": True})
    assert isinstance(execute(spec, Store(store), RUN_CELL, lambda *_: None), Finished)
    export(store, spec.id, world.base / "out" / "next")
    first, second = (load_encoder(str(place)) for place in (exported["student"], world.base / "out" / "next"))
    assert len(first.tokenizer) == len(second.tokenizer)
    assert not np.allclose(first.encode(["moon"]).pooled, second.encode(["moon"]).pooled)


@pytest.mark.parametrize("form", ["dense", "late"])
def test_either_form_is_read_back_without_the_centring(world: World, exported: dict, form: str):
    texts = ["moons salt", "", "cat"]
    start = load_encoder(str(world.base / "encoder"))
    found = load_encoder(str(exported["start"] / form))
    assert found.spec == start.spec and found.head is None
    assert (found.encode(texts).pooled == start.encode(texts).pooled).all()


def test_forms_share_their_weights_and_hold_no_pickle(exported: dict):
    late, dense = (exported["student"] / form / "model.safetensors" for form in ("late", "dense"))
    assert late.samefile(dense)
    assert not list(exported["student"].rglob("*.bin")) and not list(exported["student"].rglob("*.py"))
    assert not (exported["student"] / "late" / "config.json").samefile(exported["student"] / "dense" / "config.json")


def test_a_student_that_was_not_stored_says_how_to_get_it(world: World, tmp_path: Path):
    with pytest.raises(BenchError, match="was not stored") as caught:
        export(experiment(world), "optical@2#3", tmp_path / "out")
    place = f"--profile {experiment(world)}/profile.yaml --results {experiment(world).parent}"
    assert f"bench run {place} --methods 'optical' --sizes 2 --seeds 3" in caught.value.hint
    assert "--keep-students" in caught.value.hint and "--languages swh_Latn,hau_Latn" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_the_command_names_a_method_in_a_file_and_another_order(world: World):
    spec = world.spec("contrastive").model_copy(
        update={"method": "mine(a=1)", "method_source": "dir/m.py:Mine", "id": "mine(a=1)@2#3~mixed", "order": "mixed"}
    )
    command = again(spec, Path("my results/full"))
    assert "--methods 'dir/m.py:Mine(a=1)'" in command and "--order mixed" in command
    assert "--profile 'my results/full/profile.yaml' --results 'my results'" in command


def test_what_has_no_student_is_refused_with_the_reason(world: World, tmp_path: Path):
    [cell] = [path.name for path in (experiment(world) / "cells").iterdir() if path.name.startswith("nmt")]
    with pytest.raises(BenchError, match="it translates the query") as caught:
        export(experiment(world), cell, tmp_path / "out")
    assert "english@0#0" in caught.value.hint


def test_other_mistakes_are_one_message(world: World, tmp_path: Path):
    with pytest.raises(BenchError, match="did you mean 'contrastive@2#3'"):
        export(experiment(world), "contrastive@2#4", tmp_path / "out")
    with pytest.raises(BenchError, match="holds no experiment"):
        export(tmp_path, "contrastive@2#3", tmp_path / "out")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(BenchError, match="is there already"):
        export(experiment(world), "contrastive@2#3", tmp_path / "taken")
    copy = tmp_path / "copy"
    shutil.copytree(experiment(world), copy)
    (copy / "cells" / "contrastive@2#3" / "spec.json").write_text("{}")
    with pytest.raises(BenchError, match="another version"):
        find(copy, "contrastive@2#3")
    (copy / "cells" / "contrastive@2#3" / "manifest.json").write_text(json.dumps({"status": "failed"}))
    with pytest.raises(BenchError, match="failed or is damaged"):
        find(copy, "contrastive@2#3")


def test_the_card_says_what_it_is_made_of(world: World, exported: dict):
    import yaml

    text = (exported["student"] / "late" / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert head["language"] == ["sw", "ha", "en"] and head["license"] == "other" and "PyLate" in head["tags"]
    for part in ("48 (48 different)", "Swahili (24)", "quran", "AGPL-3.0+", "`contrastive`", "faq, trained"):
        assert part in text, part
    own = load_encoder(str(exported["student"])).tokenize(["moons"])[0].content
    assert f"[{own.index(True)} : -1]" in text
    metrics = pd.read_csv(experiment(world) / "cells" / "contrastive@2#3" / "metrics.csv")
    own = metrics[(metrics["task"] == "faq") & (metrics["language"] == "swh_Latn")].set_index("scorer")["ndcg@10"]
    [row] = [line for line in text.splitlines() if line.startswith("| faq, trained")]
    assert [float(cell) for cell in row.split("|")[3:5]] == pytest.approx([own["dense"], own["late"]], abs=5e-4)
    for name in exported:
        for form in ("dense", "late"):
            assert str(world.base) not in (exported[name] / form / "README.md").read_text()
    assert "the teacher of an experiment" in (exported["teacher"] / "dense" / "README.md").read_text()
    assert "## Training" not in (exported["start"] / "dense" / "README.md").read_text()


def test_a_card_names_no_directory_of_this_machine(tmp_path: Path):
    assert model_name("intfloat/multilingual-e5-base") == "intfloat/multilingual-e5-base"
    (tmp_path / "here").mkdir()
    for name in (f"{tmp_path}/here", f"{tmp_path}/gone", "./models/gone", "~/gone", "my/models/gone"):
        assert model_name(name) in ("here", "gone")


def test_a_profile_with_students_is_the_same_experiment(world: World):
    plain = world.profile("contrastive", "untrained")
    kept = Profile.model_validate(plain.model_dump() | {"store": {"students": True}})
    before, after = (cells(one, Languages.load()) for one in (plain, kept))
    assert [spec.key for spec in before] == [spec.key for spec in after]
    assert {spec.method: spec.keep_student for spec in after} == {"contrastive": True, "untrained": False}


def test_the_lines_in_the_docs_search_english_with_a_student(exported: dict, monkeypatch: pytest.MonkeyPatch, capsys):
    import re

    from bench.base.paths import REPOSITORY

    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8"), re.S)
    [lines] = [block for block in blocks if "MultiVectorEncoder" in block]
    assert len([line for line in lines.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(exported["student"].parent)  # where `student` and `teacher` lie
    exec(compile(lines, "models.md", "exec"), {})
    assert capsys.readouterr().out.strip()
