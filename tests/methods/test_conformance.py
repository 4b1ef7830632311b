"""Every built-in loss conforms, and the suite notices losses that do not."""

from __future__ import annotations

import pytest
import torch

from methods import registry
from methods.base import Method
from methods.conformance import CHECKS, conform

LOSSES = [name for name in registry.names() if registry.declared(name).kind == "distil"]
VARIANTS = [
    "contrastive(form=dense)", "contrastive(form=dense,queue=16)", "optical(cost=cosine)", "optical(cost=cosine,reach=0)",
    "optical(reach=0)", "score_kl(form=dense)", "optical_contrastive(contrast=contrastive(form=dense))",
    "random_plan(cost=cosine)", "code_switch", "code_switch(method=mimo,share=1)",
    "shuffled(method=mimo)", "shuffled(method=optical(masses=idf))", "optical(masses=idf)", "optical(masses=idf,reach=0)",
]  # fmt: skip


@pytest.mark.parametrize("spec", [*LOSSES, *VARIANTS])
def test_built_in_losses_conform(spec: str) -> None:
    outcomes = conform(registry.load(registry.parse_spec(spec)))
    assert [o for o in outcomes if not o.passed] == [] and len(outcomes) == len(CHECKS)


class Sound(Method):
    name, summary, reference = "sound", "pooled cosine", "-"

    def loss(self, student, teacher, pair_ids):
        return (1 - (student.pooled * teacher.pooled.detach()).sum(-1)).mean(), {}


class TrainsTheTeacher(Sound):
    def loss(self, student, teacher, pair_ids):
        return (1 - (student.pooled * teacher.pooled).sum(-1)).mean(), {}


class NotFinite(Sound):
    def loss(self, student, teacher, pair_ids):
        return super().loss(student, teacher, pair_ids)[0] * torch.inf, {}


class Rising(Sound):
    def loss(self, student, teacher, pair_ids):
        return 3 - super().loss(student, teacher, pair_ids)[0].detach() + 0 * student.pooled.sum(), {}


class ReadsPadding(Sound):
    def loss(self, student, teacher, pair_ids):
        return (student.vectors.mean(1) - teacher.vectors.mean(1)).square().mean(), {}


class FirstPairOnly(Sound):
    def loss(self, student, teacher, pair_ids):
        return (1 - (student.pooled[0] * teacher.pooled[0]).sum()), {}


class SwitchesAutogradOn(Sound):
    def loss(self, student, teacher, pair_ids):
        torch.set_grad_enabled(True)
        return super().loss(student, teacher, pair_ids)


class SoundWithEnglish(Sound):
    needs = ("english",)

    def loss(self, student, teacher, pair_ids, english):
        pair = super().loss(student, teacher, pair_ids)[0], super().loss(english, teacher, pair_ids)[0]
        return sum(pair), {}


class IgnoresEnglish(SoundWithEnglish):
    def loss(self, student, teacher, pair_ids, english):
        return Sound.loss(self, student, teacher, pair_ids)


class ReadsPaddingOfEnglish(SoundWithEnglish):
    def loss(self, student, teacher, pair_ids, english):
        return super().loss(student, teacher, pair_ids, english)[0] + english.vectors.mean(1).square().mean(), {}


class MixesUpEnglish(SoundWithEnglish):
    def loss(self, student, teacher, pair_ids, english):
        weight = torch.arange(len(english)) + 1.0
        return super().loss(student, teacher, pair_ids, english)[0] + (english.pooled.sum(1) * weight).mean(), {}


class NeedsWhatThereIsNot(Sound):
    needs = ("french",)


class IgnoresIdf(Sound):
    needs = ("idf",)


class UsesIdfUnasked(Sound):
    def loss(self, student, teacher, pair_ids):
        return super().loss(student, teacher, pair_ids)[0] * student.idf.mean(), {}


class ReadsPaddingOfIdf(UsesIdfUnasked):
    needs = ("idf",)


class DrawsForItself(Sound):
    """Its random numbers are those of a generator that nobody seeds."""

    def loss(self, student, teacher, pair_ids):
        generator = torch.Generator()
        generator.seed()
        return super().loss(student, teacher, pair_ids)[0] + 0.01 * torch.rand((), generator=generator), {}


class GathersForItself(Sound):
    """Written for several processes each of which has a part of the batch."""

    def loss(self, student, teacher, pair_ids):
        if torch.distributed.is_initialized():
            parts = [torch.empty_like(student.pooled) for _ in range(torch.distributed.get_world_size())]
            torch.distributed.all_gather(parts, student.pooled.detach())
        return super().loss(student, teacher, pair_ids)


class CountsInItsClass(Sound):
    """What it remembers depends on how often any instance was called, in whatever order."""

    calls = 0

    def loss(self, student, teacher, pair_ids):
        CountsInItsClass.calls += 1
        return super().loss(student, teacher, pair_ids)[0] * (1 + 0.01 * self.calls), {}


class DoesNotTakeWhatItNeeds(Sound):
    needs = ("english",)


@pytest.mark.parametrize(
    ("method", "check"),
    [
        (NotFinite, "finite scalar"),
        (Rising, "falls on a tiny problem"),
        (ReadsPadding, "padding changes nothing"),
        (FirstPairOnly, "order of pairs changes nothing"),
        (TrainsTheTeacher, "gradients reach only the student"),
        (SwitchesAutogradOn, "leaves the autograd mode alone"),
        (IgnoresEnglish, "uses what it needs"),
        (NeedsWhatThereIsNot, "uses what it needs"),
        (DoesNotTakeWhatItNeeds, "uses what it needs"),
        (IgnoresIdf, "uses what it needs"),
        (UsesIdfUnasked, "finite scalar"),
        (ReadsPaddingOfIdf, "padding changes nothing"),
        (ReadsPaddingOfEnglish, "padding changes nothing"),
        (MixesUpEnglish, "order of pairs changes nothing"),
        (DrawsForItself, "is the same on several devices"),
        (GathersForItself, "is the same on several devices"),
        (CountsInItsClass, "is the same on several devices"),
    ],
)
def test_the_suite_catches_a_broken_loss(method: type[Method], check: str) -> None:
    assert all(o.passed for sound in (Sound, SoundWithEnglish) for o in conform(sound()))
    assert check in {o.name for o in conform(method()) if not o.passed}
