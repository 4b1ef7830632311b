"""What every distillation loss must keep to, checked on a tiny problem: `bench check-method NAME`."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor

from methods.base import Method, TokenStates
from methods.declaration import NEEDS

PAIRS, TOKENS, DIMENSION = 6, 7, 16
DEVICES = 2
EXCHANGES = (
    "all_gather", "all_gather_into_tensor", "all_gather_object", "all_reduce", "all_to_all", "broadcast", "broadcast_object_list",
    "gather", "reduce", "reduce_scatter", "reduce_scatter_tensor", "scatter", "barrier",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """Result of one check."""

    name: str
    passed: bool
    detail: str


@dataclass
class Problem:
    """A batch of random pairs: the student is the teacher plus noise, texts have different lengths."""

    student: Tensor  # (B, L, d) raw, a leaf that can be trained
    teacher: Tensor  # (B, L, d) raw
    student_mask: Tensor
    teacher_mask: Tensor
    pair_ids: Tensor
    english: Tensor  # (B, L, d) raw, a leaf: English sides by the student, for methods that need them
    english_mask: Tensor

    @classmethod
    def make(cls, seed: int = 0) -> Problem:
        g = torch.Generator().manual_seed(seed)
        teacher = torch.randn(PAIRS, TOKENS, DIMENSION, generator=g)
        student = teacher.flip(0) * 0.3 + torch.randn(PAIRS, TOKENS, DIMENSION, generator=g)
        lengths = torch.randint(2, TOKENS + 1, (2, PAIRS), generator=g)
        masks = torch.arange(TOKENS)[None, None] < lengths[:, :, None]
        english = teacher + 0.5 * torch.randn(PAIRS, TOKENS, DIMENSION, generator=g)
        english_mask = torch.arange(TOKENS)[None] < torch.randint(2, TOKENS + 1, (PAIRS, 1), generator=g)
        return cls(
            student.requires_grad_(), teacher.requires_grad_(), masks[0], masks[1], torch.arange(PAIRS),
            english.requires_grad_(), english_mask,
        )  # fmt: skip

    def states(self, method: Method) -> tuple[TokenStates, TokenStates]:
        idf = "idf" in method.needs
        return _states(self.student, self.student_mask, idf), _states(self.teacher, self.teacher_mask, idf)

    def needed(self, method: Method) -> dict[str, TokenStates]:
        return {"english": _states(self.english, self.english_mask)} if "english" in method.needs else {}

    def loss(self, method: Method) -> Tensor:
        student, teacher = self.states(method)
        return method.loss(student, teacher.detach(), self.pair_ids, **self.needed(method))[0]


def conform(method: Method, progress: Callable[[str, float], None] = lambda phase, fraction: None) -> list[Outcome]:
    """Run all checks on a loss; an exception in a check is a failure of that check.

    Args:
        progress: told what is done and the fraction of it that is over.
    """
    outcomes = []
    for number, (name, check) in enumerate(CHECKS.items()):
        progress("checking", number / len(CHECKS))
        torch.manual_seed(0)
        try:
            detail = check(method)
            outcomes.append(Outcome(name, not detail, detail))
        except Exception as error:  # the point is to report whatever a foreign method does
            outcomes.append(Outcome(name, False, f"{type(error).__name__}: {error}"))
    return outcomes


def _finite_scalar(method: Method) -> str:
    loss = Problem.make().loss(method)
    return "" if loss.ndim == 0 and torch.isfinite(loss) else f"loss is {loss}"


def _falls(method: Method) -> str:
    problem = Problem.make()
    # The student encodes both sides where it is given both.
    optimiser = torch.optim.Adam([problem.student, *([problem.english] if "english" in method.needs else [])], lr=0.05)
    values = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = problem.loss(method)
        loss.backward()
        optimiser.step()
        values.append(loss.item())
    return "" if values[-1] < 0.9 * values[0] else f"loss went from {values[0]:.4f} to {values[-1]:.4f} in 60 steps"


def _student_only(method: Method) -> str:
    problem = Problem.make()
    student, teacher = problem.states(method)
    method.loss(student, teacher, problem.pair_ids, **problem.needed(method))[0].backward()
    if problem.student.grad is None or not problem.student.grad.abs().sum() > 0:
        return "no gradient reaches the student"
    given = problem.teacher.grad
    return "" if given is None or not given.abs().sum() > 0 else "a gradient reaches the teacher"


def _needs(method: Method) -> str:
    if unknown := set(method.needs) - set(NEEDS):
        return f"needs {', '.join(sorted(unknown))}, but only {', '.join(NEEDS)} can be given"
    problem = Problem.make()
    problem.loss(method).backward()
    if "english" in method.needs and (problem.english.grad is None or not problem.english.grad.abs().sum() > 0):
        return "the method needs the student's English side, but no gradient reaches it"
    if "idf" in method.needs:
        student, teacher = problem.states(method)
        student.idf, teacher.idf = (torch.ones(side.mask.shape) for side in (student, teacher))
        if method.loss(student, teacher, problem.pair_ids, **problem.needed(method))[0].item() == problem.loss(method).item():
            return "the method needs idf, but its loss is the same without"
    return ""


def _padding(method: Method) -> str:
    problem = Problem.make()
    alone = problem.loss(method)
    junk = 5 * torch.randn(PAIRS, 3, DIMENSION)
    none = torch.zeros(PAIRS, 3, dtype=torch.bool)
    wider = Problem(
        torch.cat([problem.student.detach(), junk], 1).requires_grad_(),
        torch.cat([problem.teacher.detach(), -junk], 1),
        torch.cat([problem.student_mask, none], 1),
        torch.cat([problem.teacher_mask, none], 1),
        problem.pair_ids,
        torch.cat([problem.english.detach(), junk.flip(0)], 1).requires_grad_(),
        torch.cat([problem.english_mask, none], 1),
    )
    padded = wider.loss(method)
    if not torch.isclose(alone, padded, rtol=1e-4, atol=1e-6):
        return f"loss is {alone.item():.6f}, with more padding {padded.item():.6f}"
    padded.backward()
    assert wider.student.grad is not None
    leaked = wider.student.grad[:, TOKENS:].abs().max().item()
    if wider.english.grad is not None:
        leaked = max(leaked, wider.english.grad[:, TOKENS:].abs().max().item())
    return "" if leaked == 0 else f"padding gets a gradient of {leaked:.2g}"


def _order(method: Method) -> str:
    problem = Problem.make()
    order = torch.randperm(PAIRS)
    shuffled = Problem(
        problem.student.detach()[order], problem.teacher.detach()[order],
        problem.student_mask[order], problem.teacher_mask[order], problem.pair_ids[order],
        problem.english.detach()[order], problem.english_mask[order],
    )  # fmt: skip
    first, second = problem.loss(method), shuffled.loss(method)
    return "" if torch.isclose(first, second, rtol=1e-4, atol=1e-6) else f"{first.item():.6f} and {second.item():.6f}"


def _bfloat16(method: Method) -> str:
    problem = Problem.make()
    with torch.autocast("cpu", torch.bfloat16):
        loss = problem.loss(method)
    loss.backward()
    assert problem.student.grad is not None
    exact = Problem.make().loss(method).item()
    if not torch.isfinite(loss) or not torch.isfinite(problem.student.grad).all():
        return "loss or gradient is not finite"
    return "" if abs(loss.item() - exact) <= 0.05 * abs(exact) + 0.02 else f"{loss.item():.4f}, in float32 {exact:.4f}"


def _goes_on(method: Method) -> str:
    first, second = (type(method)(**vars(method.params)) for _ in range(2))
    batches = [Problem.make(seed) for seed in range(4)]
    for number, batch in enumerate(batches):
        batch.pair_ids = batch.pair_ids + number * PAIRS
    for batch in batches[:-1]:
        batch.loss(first)
    second.restore(copy.deepcopy(first.state()))
    torch.manual_seed(0)
    through = batches[-1].loss(first).item()
    torch.manual_seed(0)
    resumed = batches[-1].loss(second).item()
    return "" if through == resumed else f"loss is {through:.6f}, after a checkpoint {resumed:.6f}: state() lacks something"


def _devices(method: Method) -> str:
    """On several devices each has the states of all, gradients through its own alone; all must come to one loss."""
    alone, *ranks = (type(method)(**vars(method.params)) for _ in range(1 + DEVICES))
    for seed in range(3):
        whole, expected = _of_rank(alone, seed, None)
        parts = [_of_rank(own, seed, rank) for rank, own in enumerate(ranks)]
        for rank, (loss, _) in enumerate(parts):
            if abs(loss - whole) > 1e-5 * max(abs(whole), 1e-3):
                return f"loss is {whole:.6f} on one device, and on device {rank} of {DEVICES} {loss:.6f}"
        total = sum(gradient for _, gradient in parts)
        if not torch.allclose(torch.as_tensor(total), expected, rtol=1e-3, atol=1e-6):
            return f"the gradients of {DEVICES} devices do not add up to that of one"
    return ""


def _of_rank(method: Method, seed: int, rank: int | None) -> tuple[float, Tensor]:
    """Loss, and gradient of the student's texts, where those of other ranks are constants (None: there is one device)."""
    problem = Problem.make(seed)
    problem.pair_ids = problem.pair_ids + seed * PAIRS
    student, english = problem.student, problem.english
    if rank is not None:
        own = (torch.arange(PAIRS) % DEVICES == rank)[:, None, None]
        problem.student, problem.english = (torch.where(own, raw, raw.detach()) for raw in (student, english))
    for one in (torch.manual_seed, np.random.seed, random.seed):
        one(seed)
    with _several_processes() if rank is not None else nullcontext():
        loss = problem.loss(method)
    if loss.requires_grad:
        loss.backward()
    zero = torch.zeros_like(student)
    return loss.item(), torch.cat([zero if raw.grad is None else raw.grad for raw in (student, english)])


@contextmanager
def _several_processes() -> Iterator[None]:
    """As a loss sees torch when several processes train: those that speak to the others themselves are found out."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the loss speaks to other processes itself, and is given the states of all of them already")

    names = [name for name in EXCHANGES if hasattr(torch.distributed, name)]
    told = {"is_initialized": True, "get_world_size": DEVICES, "get_rank": 0}
    said = {name: mock.Mock(return_value=value) for name, value in told.items()}
    with ExitStack() as stack:
        for name, instead in {**dict.fromkeys(names, refuse), **said}.items():
            stack.enter_context(mock.patch.object(torch.distributed, name, instead))
        yield


def _grad_mode(method: Method) -> str:
    with torch.no_grad():
        Problem.make().loss(method)
        return "autograd is switched on inside torch.no_grad()" if torch.is_grad_enabled() else ""


def _states(raw: Tensor, mask: Tensor, idf: bool = False) -> TokenStates:
    weight = mask.unsqueeze(-1).to(raw.dtype)
    pooled = (raw * weight).sum(1) / weight.sum(1)
    rarity = 0.5 + raw[..., 0].detach().abs() if idf else None
    return TokenStates(F.normalize(raw, dim=-1), mask, F.normalize(pooled, dim=-1), rarity)


CHECKS: dict[str, Callable[[Method], str]] = {
    "finite scalar": _finite_scalar,
    "falls on a tiny problem": _falls,
    "gradients reach only the student": _student_only,
    "uses what it needs": _needs,
    "padding changes nothing": _padding,
    "order of pairs changes nothing": _order,
    "works under bfloat16 autocast": _bfloat16,
    "leaves the autograd mode alone": _grad_mode,
    "goes on after a checkpoint": _goes_on,
    "is the same on several devices": _devices,
}
