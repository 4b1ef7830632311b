"""Which scorers an experiment is about."""

from __future__ import annotations

from collections.abc import Iterable

from methods.facts import CEILING, FLOOR, facts


def shown(methods: Iterable[str]) -> tuple[str, ...]:
    """Scorers that an experiment with these methods is about: a floor and a ceiling alone ask no question.

    >>> shown(["untrained", "optical"]), shown(["untrained", "optical", "lexical(form=structured)"])
    (('dense', 'late'), ('dense', 'late', 'sparse'))
    """
    known = list(methods)
    others = [method for method in known if facts(method).role not in (FLOOR, CEILING)] or known
    return tuple(sorted({scorer for method in others for scorer in facts(method).scorers}))
