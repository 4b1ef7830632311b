"""S2, FAQ: a translated question of the Scratch site finds its English answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.data.english import ENGLISH
from bench.data.suite.bitext import Texts
from bench.data.suite.cleaning import Reason, clean_text, key
from bench.data.suite.splits import question_split, short_hash
from bench.data.suite.tasks.rows import TaskRows

MIN_ANSWER_WORDS = 5
MIN_DISTRACTOR_WORDS = 12

_QUESTION = re.compile(r"(title|header|heading)$", re.IGNORECASE)
_BODY = re.compile(r"body", re.IGNORECASE)
_LEFT_OUT = re.compile(r"annual-?report|conference", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """A heading and the keys of the texts below it."""

    title: str
    bodies: tuple[str, ...]


def find_questions(english: Mapping[str, str]) -> list[Question]:
    """Keys `...Title` (Header, Heading) whose siblings `...Body*` hold an answer of at least 5 words."""
    questions = []
    for name in english:
        match = _QUESTION.search(name)
        if not match or _LEFT_OUT.search(name) or isinstance(clean_text(english[name]), Reason):
            continue
        stem = name[: match.start()]
        bodies = tuple(other for other in english if other.startswith(stem) and _BODY.match(other, pos=len(stem)))
        if len(_join(english, bodies).split()) >= MIN_ANSWER_WORDS:
            questions.append(Question(name, bodies))
    return questions


def withheld(english: Mapping[str, str], questions: list[Question]) -> set[str]:
    """All keys of questions, answers and the other documents: none is trained on, in any language."""
    return _asked(questions) | _other_documents(english, questions).keys()


def _asked(questions: list[Question]) -> set[str]:
    return {name for question in questions for name in (question.title, *question.bodies)}


def faq_task(texts: Texts, questions: list[Question]) -> TaskRows:
    """Make the task: documents are the answers and the other long English texts of the same site."""
    task = TaskRows("faq", parallel=True)
    english = texts[ENGLISH]
    asked: dict[str, dict[str, int]] = {}  # query id -> judged answers
    titles: dict[str, list[str]] = {}  # query id -> keys with this English question
    for question in questions:
        answer = _join(english, question.bodies)
        doc_id = "a" + short_hash(key(answer))
        task.documents.setdefault(doc_id, answer)
        query_id = "f" + short_hash(key(_clean(english, question.title)))
        asked.setdefault(query_id, {})[doc_id] = 1
        titles.setdefault(query_id, []).append(question.title)
    for text in _other_documents(english, questions).values():
        task.documents.setdefault("a" + short_hash(key(text)), text)
    for language in sorted(texts):
        queries: dict[str, list[tuple[str, str, dict[str, int]]]] = {"dev": [], "test": []}
        for query_id, names in titles.items():
            original = key(_clean(english, names[0]))
            for name in names:
                text = _clean(texts[language], name)
                if text and (language == ENGLISH or key(text) != original):
                    queries[question_split(original)].append((query_id, text, asked[query_id]))
                    break
        for split, found in queries.items():
            task.add_queries(split, language, found)
    return task


def answers(texts: Texts, questions: list[Question]) -> list[str]:
    """The answers in all languages, part by part and joined: what training texts must not hold."""
    found: dict[str, None] = {}
    for language in sorted(texts):
        for question in questions:
            parts = [text for name in question.bodies if (text := _clean(texts[language], name))]
            found |= dict.fromkeys([*parts, " ".join(parts)])
    return [text for text in found if text]


def _other_documents(english: Mapping[str, str], questions: list[Question]) -> dict[str, str]:
    """Key -> text of the site's other long texts."""
    taken = _asked(questions)
    found = {name: _clean(english, name) for name in english if name.startswith("www/") and name not in taken}
    return {name: text for name, text in found.items() if len(text.split()) >= MIN_DISTRACTOR_WORDS}


def _clean(texts: Mapping[str, str], name: str) -> str:
    text = clean_text(texts.get(name, ""))
    return "" if isinstance(text, Reason) else text


def _join(texts: Mapping[str, str], names: tuple[str, ...]) -> str:
    return " ".join(text for name in names if (text := _clean(texts, name)))
