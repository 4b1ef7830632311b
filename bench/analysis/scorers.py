"""Which scorers a method is asked with, known from its name alone: tables need it where a cell has no result yet."""

from __future__ import annotations

from collections.abc import Iterable

FLOOR, CEILING = "untrained", "english"
ENCODED = ("dense", "late")  # vectors of an encoder
SPARSE = "sparse"  # words, without any encoder


def scorers_of(method: str) -> tuple[str, ...]:
    """Scorers of a method, by its canonical text.

    Floor and ceiling are asked with all, so that each scorer has its own; structured queries have no text that an
    encoder could read.

    >>> scorers_of("lexical(form=structured,prefix=0)"), scorers_of("lexical")
    (('sparse',), ('dense', 'late'))
    """
    name, _, inside = method.partition("(")
    if name in (FLOOR, CEILING):
        return (*ENCODED, SPARSE)
    return (SPARSE,) if name == "lexical" and "form=structured" in inside.rstrip(")").split(",") else ENCODED


def shown(methods: Iterable[str]) -> tuple[str, ...]:
    """Scorers that an experiment with these methods is about: a floor and a ceiling alone ask no question.

    >>> shown(["untrained", "optical"]), shown(["untrained", "optical", "lexical(form=structured)"])
    (('dense', 'late'), ('dense', 'late', 'sparse'))
    """
    known = list(methods)
    others = [method for method in known if method not in (FLOOR, CEILING)] or known
    return tuple(sorted({scorer for method in others for scorer in scorers_of(method)}))
