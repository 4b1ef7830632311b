"""Does a grid fit somebody's own data? Said before anything is trained, from the names of files alone."""

from __future__ import annotations

from collections.abc import Sequence

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.collection import Outline

_WHERE = "bitext/ and tasks/ of the data (docs/your-data.md)"


def check_languages(outline: Outline, codes: Sequence[str], languages: Languages) -> None:
    """Every language of an order and of the guard occurs in the data.

    Raises:
        BenchError: names those that do not.
    """
    queried = {code for of_task in outline.queried.values() for code in of_task}
    if absent := [code for code in codes if code not in queried and code not in outline.trainable]:
        raise BenchError(
            f"the data has neither bitext nor queries in {_named(absent, languages)}",
            f"leave them out of data.order and data.guard (or --languages), or add them to {_WHERE}; "
            f"with bitext: {', '.join(outline.trainable) or 'none'}",
        )


def check_trained(outline: Outline, codes: Sequence[str], languages: Languages) -> None:
    """Every language that a cell trains on has bitext.

    Raises:
        BenchError: names those that have none.
    """
    if absent := [code for code in codes if code not in outline.trainable]:
        raise BenchError(
            f"no training bitext in {_named(absent, languages)}, which {len(codes)} trained languages include",
            f"put languages without bitext behind the largest of grid.sizes, or into data.guard; "
            f"with bitext: {', '.join(outline.trainable) or 'none'}",
        )


def check_english(outline: Outline, method: str, tasks: Sequence[str], languages: Languages) -> None:
    """A method that answers the English queries has some.

    Raises:
        BenchError: no task of the evaluation has English queries.
    """
    if not any(languages.english.code in outline.queried.get(task, ()) for task in tasks):
        raise BenchError(
            f"{method} answers the English queries, and no task has any ({', '.join(tasks)})",
            f"take {method} out of grid.methods (there is no ceiling then), or add queries/en.tsv or the like to a task",
        )


def _named(codes: Sequence[str], languages: Languages) -> str:
    shown = ", ".join(f"{code} ({languages.get(code).name})" for code in codes[:5])
    return shown + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")
