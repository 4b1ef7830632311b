"""What tables, plans and cells need to know of a method before any of its code runs, by its text.

Everything here is declared on the method's class (`methods.base.Method`). A method that is not here any more, such as
one from a file of somebody else, competes like any loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from methods import registry
from methods.declaration import ENCODED, Declaration, base_scorer

FLOOR, CEILING, OWN_CEILING, NO_TRAINING = "floor", "ceiling", "its own ceiling", "no training"


@dataclass(frozen=True)
class Facts:
    """Declared facts of a method with its parameters.

    Attributes:
        role: `floor`, `ceiling`, `its own ceiling`, `no training`; empty for a method that competes.
        asks: whose queries it answers: `own` language or `english`.
        scorers: what it is scored with.
        told_by: the parameters, as `form=structured`, that decided any of this.
    """

    role: str = ""
    asks: str = "own"
    scorers: tuple[str, ...] = ENCODED
    told_by: tuple[str, ...] = ()

    @property
    def is_reference(self) -> bool:
        """Whether it is shown beside the others, but does not compete with them."""
        return bool(self.role)

    def scored_with(self, scorer: str) -> bool:
        """Whether it is scored with this scorer, in whichever space.

        >>> Facts().scored_with("late_own"), Facts().scored_with("sparse")
        (True, False)
        """
        return base_scorer(scorer) in self.scorers

    @property
    def asks_english(self) -> bool:
        """Whether it answers the human English questions."""
        return self.asks == "english"


@cache
def facts(text: str) -> Facts:
    """Facts of a method by its canonical text, or by a short name that begins with its name.

    >>> facts("lexical(form=structured,prefix=0)").scorers, facts("lexical").scorers
    (('sparse',), ('dense', 'late'))
    >>> facts("gone(x=1)")
    Facts(role='', asks='own', scorers=('dense', 'late'), told_by=())
    """
    name, _, inside = text.partition("(")
    try:
        declared = registry.declared(name)
    except registry.MethodError:
        return Facts()
    return of_declaration(declared, inside.removesuffix(")"))


def of_declaration(declared: Declaration, params: str = "") -> Facts:
    """Facts of a method of these parameters, written `a=1,b=2`."""
    values: dict[str, Any] = {"role": declared.role, "asks": declared.asks, "scorers": declared.scorers}
    given = set(registry.outer_commas(params))
    told_by = tuple(condition for condition in declared.when if condition in given)
    for condition in told_by:
        values |= declared.when[condition]
    return Facts(told_by=told_by, **values)


@cache
def holder(role: str) -> str:
    """The built-in method that plays a role: `floor` or `ceiling`."""
    [name] = [name for name in registry.names() if registry.declared(name).role == role]
    return name


@cache
def highlighted() -> tuple[str, ...]:
    """Methods of the project's question, which pictures show in colour first, in their order."""
    declared = [registry.declared(name) for name in registry.names()]
    return tuple(one.name for one in sorted((one for one in declared if one.highlight), key=lambda one: one.highlight))
