"""What tables, plans and cells need to know of a method before any of its code runs, by its text.

Everything here is declared on the method's class (`methods.base.Method`). A method that is not here any more, such as
one from a file of somebody else, competes like any loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from methods import registry
from methods.declaration import ENCODED, NAMES_A_METHOD, Declaration, base_scorer

FLOOR, CEILING, OWN_CEILING, NO_TRAINING, NOT_MATCHED = "floor", "ceiling", "its own ceiling", "no training", "not budget-matched"


@dataclass(frozen=True)
class Facts:
    """Declared facts of a method with its parameters.

    Attributes:
        role: `floor`, `ceiling`, `its own ceiling`, `no training`, `not budget-matched`; empty for a method that competes.
        asks: whose queries it answers: `own` language or `english`.
        scorers: what it is scored with.
        told_by: the parameters, as `form=structured`, that decided any of this.
        is_own_translator: whether it translates the query with what it makes of pairs (and a lexicon), and not with a `model`
            that somebody else trained.
    """

    role: str = ""
    asks: str = "own"
    scorers: tuple[str, ...] = ENCODED
    told_by: tuple[str, ...] = ()
    is_own_translator: bool = False

    @property
    def is_reference(self) -> bool:
        """Whether it is shown beside the others, but does not compete with them."""
        return bool(self.role)

    @property
    def is_matched(self) -> bool:
        """Whether its training is bounded by the budget of pairs that all methods share."""
        return self.role != NOT_MATCHED

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
    Facts(role='', asks='own', scorers=('dense', 'late'), told_by=(), is_own_translator=False)
    """
    name, _, inside = text.partition("(")
    try:
        declared = registry.declared(name)
    except registry.MethodError:
        return Facts()
    return of_declaration(declared, inside.removesuffix(")"))


def of_declaration(declared: Declaration, params: str = "") -> Facts:
    """Facts of a method of these parameters, written `a=1,b=2`, as in a canonical text: without those at their defaults.

    A method that uses the translations of another one has had what that one has had.
    """
    values: dict[str, Any] = {"role": declared.role, "asks": declared.asks, "scorers": declared.scorers}
    given = {part.partition("=")[0]: part for part in registry.outer_commas(params)}
    told_by = []
    for condition, told in declared.when.items():
        name = condition.partition("=")[0]
        if given.get(name) == condition or (name == condition and name in given):
            values |= told
            told_by.append(given[name])
    own = declared.kind == "translate" and "model" not in given
    for name, param in declared.params.items():
        if NAMES_A_METHOD.get(param.type) == "translate" and name in given:
            inner = facts(given[name].partition("=")[2])
            own = inner.is_own_translator
            if inner.role == NOT_MATCHED:
                values["role"] = inner.role
                told_by.append(given[name])
    return Facts(told_by=tuple(told_by), is_own_translator=own, **values)


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
