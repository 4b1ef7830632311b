from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest
import torch

import bench.training.stepping
from bench.base.errors import BenchError
from bench.base.ragged import Ragged
from bench.cells.pairs import dev_pairs, training_pairs
from bench.encoders.encoder import Encoder
from bench.encoders.space import Centring, Space
from bench.training.arithmetic import recompute
from bench.training.freezing import freeze, layers
from bench.training.loop import train
from bench.training.module import Distillation
from bench.training.pairs import Pairs, TeacherStates
from bench.training.stepping import clip, linear
from methods import registry
from methods.base import Method
from tests.made_suite import World, made_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("world")) as made:
        yield made


class NotANumber(Method):
    name = "broken"

    def __init__(self) -> None:
        self.calls = 0

    def loss(self, student, teacher, pair_ids):
        self.calls += 1
        return student.pooled.sum() * (float("nan") if self.calls > 2 else 1.0), {}


def trained(
    world: World, method: Method | str, report=lambda *_: None, watched: bool = True, precision: str = "32-true", **training
) -> tuple[Encoder, pd.DataFrame]:
    """A student after training, and its log."""
    spec, context = world.spec(**training), world.context
    student = context.student.start()
    if isinstance(method, str):
        method = registry.load(registry.parse_spec(method))
    pairs, _ = training_pairs(spec, context, student, method)
    dev = dev_pairs(spec, context, student, method)[0] if watched else Pairs([], np.array([], dtype=int))
    table = train(
        student, method, context.teacher.space, context.teacher.targets, pairs, dev, spec.training, spec.seed, precision, "cpu",
        report,
    )  # fmt: skip
    return student, table


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.model.state_dict().items()}


class EnglishOnly(Method):
    """Draws the student's English side to the teacher's, and notes what it was given."""

    name, needs = "english_only", ("english",)

    def __init__(self) -> None:
        self.given: list[tuple] = []

    def loss(self, student, teacher, pair_ids, english):
        self.given.append((student, teacher, pair_ids, english))
        return (1 - (english.pooled * teacher.pooled).sum(1)).mean(), {}


LEARNS = [
    "contrastive", "contrastive(form=dense)", "contrastive(form=dense,queue=24)", "optical(steps=5,epsilon=0.1)",
    "mimo", "clear", "token_alignment", "optical_contrastive", "score_kl(form=dense)",
]  # fmt: skip


@pytest.mark.parametrize("method", LEARNS)
def test_the_loss_falls_on_pairs_that_were_not_trained_on(world: World, method: str):
    _, table = trained(world, method, pairs=400)
    start, _, end = table["dev_loss"].dropna()
    assert end < 0.85 * start


@pytest.mark.parametrize("method", ["contrastive", "optical(steps=5,epsilon=0.1)"])
def test_it_trains_in_bfloat16_too(world: World, method: str):
    # On any processor, if slowly: GPUs and newer processors train like this by default.
    student, table = trained(world, method, precision="bf16-mixed", pairs=400)
    start, _, end = table["dev_loss"].dropna()
    assert end < 0.85 * start
    assert all(tensor.dtype == torch.float32 for tensor in weights(student).values() if tensor.is_floating_point())


def test_the_gradient_is_clipped(world: World, monkeypatch: pytest.MonkeyPatch):
    def noted(gradients, longest):
        clip(gradients, longest)
        norms.append(torch.stack([gradient.norm() for gradient in gradients]).norm().item())

    monkeypatch.setattr(bench.training.stepping, "clip", noted)
    found = {}
    for longest in (1e-3, 0.0):
        norms: list[float] = []
        trained(world, "contrastive", watched=False, clip=longest)
        found[longest] = norms
    assert found[1e-3] == pytest.approx([1e-3] * 6, rel=1e-3)
    assert len(found[0.0]) == 6 and min(found[0.0]) > 0.01


def test_the_loss_of_both_sides_falls_too(world: World):
    """It starts with the English side in its place, so the rates of this tiny world first do harm."""
    _, table = trained(world, "multilingual_kd", pairs=1200)
    start, _, end = table["dev_loss"].dropna()
    assert end < 0.95 * start


@pytest.mark.parametrize("method", ["contrastive", "optical", "mimo"])
def test_a_last_batch_of_one_pair_is_trained_on(world: World, method: str):
    _, table = trained(world, method, pairs=9, batch_size=4)
    assert table["loss"].notna().sum() == 3 and table["loss"].dropna().map(np.isfinite).all()


def test_shuffled_pairs_do_not_teach_the_true_ones(world: World):
    """Trained alike on the same texts, once with their own English sides and once with others."""
    spec, context = world.spec(pairs=1200), world.context
    losses = []
    for name in ("contrastive", "shuffled"):
        student, _ = trained(world, name, watched=False, pairs=1200)
        method = registry.load(registry.parse_spec("contrastive"))
        pairs, _ = training_pairs(spec, context, student)
        module = Distillation(student, method, context.teacher.space, context.teacher.targets, pairs, spec.training, 1)
        losses.append(module.losses(np.arange(64), pairs)[0].item())
    assert losses[0] < 0.75 * losses[1]


def test_english_sides_go_through_the_student_in_the_same_space(world: World):
    spec, context, method = world.spec(), world.context, EnglishOnly()
    student = context.student.start()
    pairs, rows = training_pairs(spec, context, student, method)
    module = Distillation(student, method, context.teacher.space, context.teacher.targets, pairs, spec.training, 1)
    positions = np.array([3, 0, 5])
    loss, _ = module.losses(positions, pairs)
    [(_, teacher, _, english)] = method.given
    for i, text in enumerate(rows["english"].iloc[positions]):
        alone = student.collate(student.tokenize([text], "query"))
        hidden, pooled = student.states(alone)
        assert torch.allclose(english.pooled[i], context.teacher.space.pooled(pooled)[0], atol=1e-5)
        vectors = context.teacher.space.tokens(hidden)[alone.content_mask]
        assert torch.allclose(english.vectors[i][english.mask[i]], vectors, atol=1e-5)
    # The student starts as the teacher, so the two sides differ by its rounded states at most.
    assert loss.item() < 1e-2 and english.pooled.requires_grad and not teacher.pooled.requires_grad


def test_a_step_through_the_english_side_alone_moves_the_student(world: World):
    before = weights(world.context.student.start())
    student, table = trained(world, EnglishOnly(), pairs=8)
    assert table["loss"].notna().sum() == 1 and len(table["dev_loss"].dropna()) > 0
    assert any(not torch.equal(tensor, before[name]) for name, tensor in weights(student).items())


def test_english_sides_are_tokenised_only_for_methods_that_need_them(world: World):
    spec, context = world.spec(), world.context
    student = context.student.start()
    for name, needed in (("contrastive", False), ("mimo", True), ("shuffled(method=mimo)", True), ("shuffled", False)):
        method = registry.load(registry.parse_spec(name))
        for made in (training_pairs, dev_pairs):
            pairs, rows = made(spec, context, student, method)
            assert (pairs.english_texts is not None) == needed
            if pairs.english_texts is not None:
                expected = student.tokenize(rows["english"].tolist(), "query", 32)
                assert [text.ids for text in pairs.english_texts] == [text.ids for text in expected]


def test_log_and_reports(world: World):
    told: list[tuple[str, float]] = []
    losses: list[float] = []

    def report(phase: str, share: float, dev_loss: float | None = None, /) -> None:
        if dev_loss is None:
            told.append((phase, share))
        else:
            losses.append(dev_loss)

    student, table = trained(world, "contrastive", report, pairs=52)
    steps = table[table["loss"].notna()]
    assert steps["step"].tolist() == list(range(1, 8))  # 52 pairs in batches of 8
    assert steps["accuracy"].between(0, 1).all()
    assert table.loc[table["dev_loss"].notna(), "step"].tolist() == [0, 3, 7]
    assert losses == table["dev_loss"].dropna().tolist()
    assert told == [("train", pytest.approx(step / 7)) for step in range(1, 8)]
    assert not student.model.training and not any(p.requires_grad for p in student.model.parameters())


def test_rates_of_the_log_rise_then_fall(world: World):
    _, table = trained(world, "contrastive(form=dense)", watched=False, pairs=80, warmup=0.3)
    rates = table["learning_rate"].to_numpy() / 2e-3
    # Written down after the step, when the schedule has moved on.
    assert rates == pytest.approx([linear(step, 10, 0.3) for step in range(1, 11)])
    assert "dev_loss" not in table


def test_the_same_seed_gives_the_same_bytes(world: World):
    found = []
    for state in (1, 2):
        torch.manual_seed(state)  # whatever ran before in this process
        found.append(weights(trained(world, "contrastive", watched=False)[0]))
    assert all(tensor.numpy().tobytes() == found[1][name].numpy().tobytes() for name, tensor in found[0].items())


@pytest.mark.parametrize("spared", [recompute.Spared(2), recompute.Spared(2, 1), None])
def test_what_finds_no_room_is_computed_again_with_the_same_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch, spared: recompute.Spared | None
):
    given_back: list[int] = []
    monkeypatch.setattr(recompute, "give_back", lambda: given_back.append(1))
    monkeypatch.setattr(recompute, "_large", count())
    found = [weights(trained(world, "optical", watched=False)[0])]
    assert not given_back
    monkeypatch.setitem(recompute.ROOM, "cpu", 1 << 16)
    if spared is not None:  # a model of two layers finds no room between keeping all and keeping nothing
        monkeypatch.setattr(recompute, "beyond", lambda *_: spared)
    found.append(weights(trained(world, "optical", watched=False)[0]))
    assert given_back
    assert all(tensor.numpy().tobytes() == found[1][name].numpy().tobytes() for name, tensor in found[0].items())


def test_frozen_parts_do_not_move(world: World):
    start = weights(world.context.student.start())
    student, _ = trained(world, "contrastive", watched=False, freeze_embeddings=True, freeze_layers=1)
    moved = {name for name, tensor in weights(student).items() if not torch.equal(tensor, start[name])}
    assert moved and all(name.startswith("encoder.layer.1.") for name in moved)


def test_unfrozen_parts_move(world: World):
    start = weights(world.context.student.start())
    student, _ = trained(world, "contrastive", watched=False, freeze_embeddings=False)
    moved = {name for name, tensor in weights(student).items() if not torch.equal(tensor, start[name])}
    assert {"embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight"} <= moved


def test_training_leaves_the_start_and_the_teacher_alone(world: World):
    before, teacher = weights(world.context.student.start()), weights(world.context.teacher.encoder)
    trained(world, "contrastive", watched=False)
    for now, then in ((weights(world.context.student.start()), before), (weights(world.context.teacher.encoder), teacher)):
        assert all(torch.equal(now[name], tensor) for name, tensor in then.items())


def test_dropout_is_off(world: World):
    spec, context = world.spec(), world.context
    student = context.student.start()
    assert any(module.p for module in student.model.modules() if isinstance(module, torch.nn.Dropout))
    pairs, _ = training_pairs(spec, context, student)
    method = registry.load(registry.parse_spec("contrastive"))
    module = Distillation(student, method, context.teacher.space, context.teacher.targets, pairs, spec.training, 1)
    module.train()
    positions = np.arange(8)
    losses = [module.losses(positions, pairs)[0].item() for _ in range(2)]
    module.eval()
    assert losses == [module.losses(positions, pairs)[0].item()] * 2


def test_a_loss_that_is_no_number_names_method_and_step(world: World):
    with pytest.raises(BenchError, match="the loss of broken became nan at step 2") as error:
        trained(world, NotANumber(), watched=False)
    assert "learning rate" in error.value.hint


def test_linear_schedule():
    factors = [linear(step, 20, 0.1) for step in range(21)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[11] == pytest.approx(0.5) and factors[19] == pytest.approx(1 / 18) and factors[20] == 0.0
    assert all(later <= sooner for sooner, later in zip(factors[2:], factors[3:], strict=False))
    assert linear(0, 20, 0.0) == 1.0  # no warm-up
    assert [linear(step, 4, 1.0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 0.0]  # nothing but warm-up


def test_batches_of_teacher_states_are_padded():
    rows = [[[3, 4]] * 2, [[1, 0]] * 4, [[0, 2]]]
    tokens = Ragged.from_list([np.array(one, np.float16) + 1 for one in rows])
    space = Space(*(Centring(np.full(2, mean, np.float32), np.zeros((2, 0), np.float32)) for mean in (1, 10)))
    teacher = TeacherStates(tokens, np.array([[10, 15], [0, 0], [13, 14]], np.float16), space)
    batch = teacher.batch([2, 0, 2], torch.device("cpu"))
    assert batch.vectors.dtype == torch.float32 and batch.mask.tolist() == [[True, False], [True, True], [True, False]]
    # Each token and each text minus its mean, at unit length.
    assert batch.vectors[1].numpy() == pytest.approx(np.array([[0.6, 0.8]] * 2)) and batch.vectors[0, 0].tolist() == [0, 1]
    assert batch.pooled.numpy() == pytest.approx(np.array([[0.6, 0.8], [0, 1], [0.6, 0.8]]))


def test_rarities_of_tokens_reach_the_loss_where_they_belong(world: World):
    class Watching(EnglishOnly):
        needs = ("idf",)

        def loss(self, student, teacher, pair_ids):
            self.given.append((student, teacher))
            return student.pooled.sum(), {}

    spec, context, method = world.spec(), world.context, Watching()
    student = context.student.start()
    pairs, rows = training_pairs(spec, context, student, method)
    # Their token's id in place of a rarity: then it can be seen whose it is.
    pairs = replace(pairs, idf=[np.array(text.ids, dtype=np.float32) for text in pairs.texts])
    teacher = context.teacher.targets.with_idf(lambda ids: ids.astype(np.float32))
    module = Distillation(student, method, context.teacher.space, teacher, pairs, spec.training, 1)
    positions = np.array([4, 1, 7])
    module.losses(positions, pairs)
    [sides] = method.given
    for column, side in zip(("text", "english"), sides, strict=True):
        for i, text in enumerate(student.tokenize(rows[column].iloc[positions].tolist(), "query")):
            own = [one for one, inside in zip(text.ids, text.content, strict=True) if inside]
            assert side.idf.shape == side.mask.shape and side.idf[i][side.mask[i]].tolist() == own


def test_layers_of_an_unknown_model():
    with pytest.raises(BenchError, match="layers of a Linear"):
        layers(torch.nn.Linear(2, 2))


def test_layers_are_asked_for_only_where_they_are_frozen(world: World):
    model = torch.nn.Sequential()
    model.embeddings = torch.nn.Embedding(2, 2)
    freeze(model, world.spec(freeze_embeddings=True).training)
    assert not model.embeddings.weight.requires_grad
