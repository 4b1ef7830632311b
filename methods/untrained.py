"""The floor."""

from methods.base import Method, register


@register
class Untrained(Method):
    """The student as it starts, asked in the language of the query: zero-shot transfer of its pre-training."""

    name = "untrained"
    summary = "the student before any distillation (floor)"
    reference = "-"
    kind = "none"
