"""The floor."""

from methods.base import Method, register


@register
class Untrained(Method):
    """The student as it starts, asked in the language of the query: zero-shot transfer of its pre-training.

    With the scorer `sparse`, which has no encoder: the words of the query as they are.
    """

    name = "untrained"
    summary = "the student before any distillation (floor)"
    reference = "-"
    kind = "none"
    role = "floor"
    scorers = ("dense", "late", "sparse")
    version = 2
