"""The section `comparison` of a profile: which comparisons answer the question, declared before anything runs."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from bench.base.settings import Settings

Group = Literal["trained", "core", "held-out", "guard"]
GROUPS: tuple[Group, ...] = get_args(Group)
PRIMARY_GROUPS: tuple[Group, ...] = ("trained", "held-out")  # also where a profile's list of groups is empty


class Declared(Settings):
    """Primary comparisons: Holm's correction goes over all of them, whatever else is looked at. No part of a cell's key."""

    # Pairs of methods, as the grid or `names` calls them.
    primary: tuple[tuple[str, str], ...] = ()
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = ()  # (): all sizes of the profile's own order
    over_sizes: bool = True  # one test on the mean over sizes; false: one for each size
    groups: tuple[Group, ...] = PRIMARY_GROUPS
    scorers: tuple[str, ...] = ()  # (): all that both methods have
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.01  # nDCG@10: differences below it are of no interest
