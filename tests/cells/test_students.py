from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

from bench.base.errors import BenchError
from bench.cells.cell import run_cell
from bench.cells.students import put_back, read_student, save_student
from bench.encoders.head import Head, Layer
from bench.encoders.load import load_encoder
from bench.experiment.store import STUDENT
from bench.training.settings import Training
from tests.made_suite import World, made_world
from tests.tiny import tiny_bert, write_encoder_json


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def trained(world: World, name: str, keep: bool = True, **training) -> Path:
    folder = world.out(name)
    spec = world.spec("contrastive", **training).model_copy(update={"keep_student": keep})
    run_cell(spec, folder, lambda *_: None)
    return folder


@pytest.mark.parametrize("frozen", [False, True])
def test_the_student_comes_back_as_it_was_trained(world: World, monkeypatch: pytest.MonkeyPatch, frozen: bool):
    import bench.cells.arms.distil

    seen = []
    real = bench.cells.arms.distil.save_student
    monkeypatch.setattr(bench.cells.arms.distil, "save_student", lambda *given: (seen.append(given[1]), real(*given))[1])
    folder = trained(world, f"frozen {frozen}", freeze_embeddings=frozen, freeze_layers=int(frozen))
    stored = read_student(folder)
    again = put_back(stored, load_encoder(stored.start))
    texts = list(world.context.texts.read_by_student())[::7]
    assert (again.encode(texts).tokens.vectors == seen[0].encode(texts).tokens.vectors).all()
    start = load_encoder(stored.start)
    assert not (again.encode(texts).pooled == start.encode(texts).pooled).all()
    tables = [one.model.get_input_embeddings().weight for one in (again, start)]
    assert again.kept_ids is None and tables[0].shape == tables[1].shape
    assert (stored.space.token_mean == world.context.teacher.space.token_mean).all()


def test_only_what_was_trained_is_stored(world: World):
    names = set(load_file(trained(world, "few", freeze_embeddings=True, freeze_layers=1) / STUDENT))
    assert names and all(name.startswith("encoder.layer.1.") for name in names)
    some = load_file(trained(world, "more", freeze_embeddings=False) / STUDENT)
    words = some["embeddings.word_embeddings.weight"]
    assert len(some["kept_ids"]) == len(words) < load_encoder(str(world.base / "encoder")).model.config.vocab_size


def test_nothing_is_stored_unasked(world: World):
    assert not (trained(world, "none", keep=False) / STUDENT).exists()


def test_a_changed_start_is_refused(world: World, tmp_path: Path):
    start = tiny_bert(tmp_path / "m")
    encoder = load_encoder(str(start))
    save_student(tmp_path / "cell", encoder, str(start), Training(freeze_embeddings=True), world.context.teacher.space)
    put_back(read_student(tmp_path / "cell"), load_encoder(str(start)))
    write_encoder_json(start, query_prefix="q: ")
    with pytest.raises(BenchError, match="other files"):
        put_back(read_student(tmp_path / "cell"), load_encoder(str(start)))


def test_layers_behind_the_model_are_kept(world: World, tmp_path: Path):
    import torch

    start = tiny_bert(tmp_path / "m")
    encoder = load_encoder(str(start))
    layer = Layer({"linear.weight": torch.randn(5, 32), "linear.bias": torch.randn(5)})
    encoder.head = Head([layer], [layer])
    save_student(tmp_path / "cell", encoder, str(start), Training(freeze_embeddings=True), world.context.teacher.space)
    again = put_back(read_student(tmp_path / "cell"), load_encoder(str(start)))
    assert again.dim == 5 and (again.encode(["cat"]).pooled == encoder.encode(["cat"]).pooled).all()


def test_damaged_files_are_one_message(world: World, tmp_path: Path):
    folder = trained(world, "damaged")
    (folder / "student" / "student.json").write_text("{}")
    with pytest.raises(BenchError, match="cannot be read"):
        read_student(folder)
