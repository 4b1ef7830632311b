"""The section `training` of a profile."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bench.base.settings import Settings


class Training(Settings):
    """How every trained method is trained. `method_settings` replaces single values for single methods."""

    pairs: Annotated[int, Field(ge=1)] = (
        6000  # in all, whatever the number of languages (budget: fixed_total)
    )
    budget: Literal["fixed_total", "per_language"] = "fixed_total"
    pairs_per_language: Annotated[int, Field(ge=1)] = 1000  # used with budget: per_language
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.1  # share of the steps
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    clip: Annotated[float, Field(ge=0)] = 1.0  # norm of the gradient; 0 = not clipped
    max_length: Annotated[int, Field(ge=8)] = 128  # tokens, both sides
    freeze_embeddings: bool = False
    freeze_layers: Annotated[int, Field(ge=0)] = 0  # the first n layers

    def total_pairs(self, size: int) -> int:
        """Pairs that a cell of `size` languages sees."""
        return self.pairs if self.budget == "fixed_total" else self.pairs_per_language * size
