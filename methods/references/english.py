"""The ceiling."""

from methods.base import Method, register


@register
class English(Method):
    """The human English version of the query, encoded by the teacher: what a perfect student would reach.

    With the scorer `sparse`, which has no encoder: the words of the English query.
    """

    name = "english"
    summary = "the English query through the teacher (ceiling)"
    reference = "-"
    kind = "english"
    role = "ceiling"
    asks = "english"
    scorers = ("dense", "late", "sparse")
    version = 2
