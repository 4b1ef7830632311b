"""Training that ends by the dev loss, over all pairs of the languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import torch

from bench.cells.cell import run_cell
from bench.cells.pairs import all_rows
from bench.cells.translation.model import EnglishVocabulary, build
from bench.cells.translation.stopping import Stopping
from bench.cells.translation.training import FollowTranslation, train_translator
from bench.training.settings import Training
from methods.declaration import MethodError
from methods.facts import facts
from methods.registry import load, parse_spec
from tests.made_suite import WORDS, World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


class Counting:
    """Its weights are the number of times that they were asked for."""

    def __init__(self) -> None:
        self.asked, self.taken = 0, None

    def weights(self) -> dict[str, Any]:
        self.asked += 1
        return {"number": self.asked}

    def take_weights(self, kept: dict[str, Any]) -> None:
        self.taken = kept


def test_patience_counts_checks_without_a_better_loss():
    stopping, module = Stopping(2, 10), Counting()
    assert [stopping.due(step) for step in (5, 10, 20)] == [False, True, True]
    over = [stopping.look(10 * n, loss, module) for n, loss in enumerate([3.0, 2.0, 2.5, 1.5, 1.5, 1.6], 1)]
    assert over == [False] * 5 + [True]
    assert stopping.said() == {"best_step": 40, "checks": 6, "patience": 2, "check_every": 10}
    again = Stopping(2, 10)
    again.restore(stopping.state())
    again.finish(module)
    assert again.over and module.taken == {"number": 3}


def trained(world: World, stopping: Stopping | None, precision: str = "32-true", epochs: int = 8, **settings: Any):
    """Learns to copy words, watched on pairs with wrong English sides: the dev loss falls, and then it rises."""
    encoder = world.context.student.start()
    vocabulary = EnglishVocabulary.of(encoder, encoder.tokenize(world.context.texts.english, "query"))
    torch.manual_seed(0)
    model = build(encoder, vocabulary, 1, world.context.teacher.space)
    texts = encoder.tokenize(list(WORDS) * 2, "query")
    dev = texts[:6], [*texts[1:6], texts[0]]
    table = train_translator(
        encoder, model, vocabulary, texts, texts, dev, Training(**{"batch_size": 5, "learning_rate": 2e-3} | settings), 4.0, 0,
        precision, lambda *_: None, epochs=epochs, stopping=stopping,
    )  # fmt: skip
    return encoder, model, table


@pytest.mark.parametrize(("precision", "frozen"), [("32-true", True), ("bf16-mixed", False)])
def test_training_ends_by_the_dev_loss_and_the_best_weights_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, precision: str, frozen: bool
):
    stopping = Stopping(3, 2)
    _, model, table = trained(world, stopping, precision, freeze_embeddings=frozen)
    losses = table["dev_loss"].dropna().tolist()
    steps = int(table["step"].max())
    assert steps < 48 and steps == stopping.step + 3 * 2 and stopping.checks == steps // 2
    assert len(losses) == 1 + stopping.checks + 1
    assert losses[-1] == pytest.approx(min(losses[1:-1]), rel=1e-4) and losses[-2] > losses[-1]
    if not frozen:  # rows of a word table are made up for at each check, which rounds otherwise: one dev loss has to do
        return
    # A training that is cut there has the same weights.
    cut = Stopping(99, stopping.step)
    monkeypatch.setattr(FollowTranslation, "on_train_batch_end", _until(stopping.step, FollowTranslation.on_train_batch_end))
    _, other, _ = trained(world, cut, precision, freeze_embeddings=frozen)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def _until(step: int, own: Any) -> Any:
    def end(self: Any, trainer: Any, module: Any, *more: Any) -> None:
        own(self, trainer, module, *more)
        if trainer.global_step >= step:
            trainer.should_stop = True

    return end


def test_without_stopping_all_passes_are_made(world: World):
    _, _, table = trained(world, None, epochs=3)
    assert int(table["step"].max()) == 3 * 6 and len(table["dev_loss"].dropna()) == 2


def test_all_pairs_of_the_languages_each_once(world: World):
    rows = all_rows(world.spec("nmt(pairs=all)"), world.context)
    assert len(rows) == 2 * 72 and not rows.duplicated(["pair_id", "language"]).any() and set(rows["split"]) == {"train"}
    bitext = world.context.suite.bitext
    whole = bitext.frame(bitext.rows("train", world.spec("nmt(pairs=all)").languages, world.context.texts.fits))
    drawn = whole.sample(frac=1, random_state=world.spec("nmt(pairs=all)").seed)
    assert rows[["pair_id", "language"]].values.tolist() == drawn[["pair_id", "language"]].values.tolist()
    other = all_rows(world.spec("nmt(pairs=all)").model_copy(update={"seed": 4}), world.context)
    assert set(other.index) == set(rows.index) and other.index.tolist() != rows.index.tolist()


def test_an_unlimited_cell(world: World):
    folder = world.out("unlimited")
    method = "nmt(check_every=10,decoder_layers=1,english_passes=0,epochs=3,max_tokens=6,pairs=all,patience=50)"
    found = run_cell(world.spec(method), folder, lambda *_: None)
    assert found["pairs_by_language"] == {"hau_Latn": 72, "swh_Latn": 72} and found["pairs_distinct"] == 144
    assert (found["steps"], found["passes"], found["pairs_seen"]) == (54, 3.0, 432)
    assert found["stopping"]["checks"] == 6 and found["dev"]["loss_end"] < found["dev"]["loss_start"]
    assert len(pd.read_csv(folder / "train.csv")["loss"].dropna()) == 54


def test_marks_and_mistakes():
    for text in ("nmt(pairs=all)", "nmt(epochs=2)", "nmt(model=DIR)", "fused(method=nmt(pairs=all))"):
        assert facts(str(parse_spec(text))).role == "not budget-matched", text
    for text in ("nmt", "nmt(patience=3)", "nmt(copying=1.0)", "fused(method=nmt)"):
        assert facts(str(parse_spec(text))).role == "", text
    for wrong in ("epochs=0", "patience=-1", "check_every=0"):
        with pytest.raises(MethodError, match="nmt: "):
            load(parse_spec(f"nmt({wrong})"))
