"""The questions of a cell: those of its tasks, in their languages, in English, or by their words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bench.base.errors import BenchError
from bench.cells.shared.context import Context
from bench.data.english import ENGLISH
from bench.experiment.spec import CellSpec
from bench.retrieval.sparse import WordQuery, plain


@dataclass(frozen=True)
class QuerySet:
    """Queries of one task in one language.

    Attributes:
        task, language: whose they are.
        ids: query ids, as in the judgements.
        texts: what is encoded: the query itself, its translation or its English version.
        qrels: query id -> document id -> grade.
        words: the queries as they are searched by words; None if they are not.
    """

    task: str
    language: str
    ids: list[str]
    texts: list[str]
    qrels: dict[str, dict[str, int]] = field(repr=False)
    words: list[WordQuery] | None = field(default=None, repr=False)


def query_sets(
    context: Context, tasks: tuple[str, ...], limits: dict[str, int], split: str, languages: tuple[str, ...]
) -> list[QuerySet]:
    """Queries of all tasks in these languages, as far as a task has them; the first `limits[task]` of each."""
    found = []
    for name in tasks:
        task = context.suite.tasks.get(name)
        if task is None:  # left out with the source that it is made from
            continue
        for language in languages:
            if language in task.languages(split):
                queries = task.queries(split, language, limits.get(name))
                judged = task.qrels(split, language)
                ids = queries["query_id"].tolist()
                found.append(QuerySet(name, language, ids, queries["text"].tolist(), {q: judged[q] for q in ids}))
    return found


def english_sets(context: Context, sets: list[QuerySet], limits: dict[str, int], split: str) -> list[QuerySet]:
    """The human English queries that stand for each query set, as far as there are any.

    Where a task is parallel these are the same questions; where it is not (symbol search, whose
    queries are gathered in each language on its own), the English queries of the task, for every language.
    """
    found = []
    for one in sets:
        task = context.suite.task(one.task)
        if ENGLISH not in task.languages(split):
            continue
        if task.parallel:
            english = task.queries(split, ENGLISH).set_index("query_id")["text"]
            ids = [query for query in one.ids if query in english.index]
            if ids:
                judged = {query: one.qrels[query] for query in ids}
                found.append(QuerySet(one.task, one.language, ids, [english[query] for query in ids], judged))
        else:
            [own] = query_sets(context, (one.task,), limits, split, (ENGLISH,))
            found.append(QuerySet(one.task, one.language, own.ids, own.texts, own.qrels))
    return found


def with_words(context: Context, sets: list[QuerySet]) -> list[QuerySet]:
    """The query sets, to be searched by the words of their texts too: each word stands for itself."""
    return [replace(one, words=[plain(context.documents.words(text)) for text in one.texts]) for one in sets]


def nothing_asked(spec: CellSpec) -> BenchError:
    """The error of an evaluation without a single query."""
    return BenchError(
        f"no task of {', '.join(spec.evaluation.tasks)} has {spec.evaluation.split} queries in the languages of {spec.id}",
        "look at evaluation.split, evaluation.tasks, evaluation.languages and the order; `bench data check` counts queries of "
        "data on disk",
    )
