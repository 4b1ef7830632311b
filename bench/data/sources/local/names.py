"""What the name of a file says: its role in a task, its language, its split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.base.errors import BenchError
from bench.data.languages import Language, Languages

ROLES = {
    **dict.fromkeys(("corpus", "collection", "documents", "docs"), "corpus"),
    **dict.fromkeys(("queries", "topics", "questions"), "queries"),
    **dict.fromkeys(("qrels", "default"), "qrels"),  # `default` is where MTEB keeps the judgements of one language
}
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "valid", "validation"), "dev"),
    **dict.fromkeys(("test", "eval"), "test"),
}
_SHARD = re.compile(r"\d+(-(of-)?\d+)?|part-?\d+|all", re.IGNORECASE)


@dataclass(frozen=True)
class Name:
    """Found so far. `rest` holds words that say none of this."""

    role: str = ""
    language: Language | None = None
    split: str = ""
    rest: tuple[str, ...] = field(default=())


def parse(parts: Sequence[str], languages: Languages) -> Name:
    """Read the parts of a path (folders, then the file's name without extension) from the outside in; the innermost wins.

    Any spelling of a language that the languages file knows will do, and pairs with English: `en-sw` is Swahili.

    >>> found = parse(["sw-queries", "test-00000-of-00001"], Languages.load())
    >>> found.role, found.language.code, found.split
    ('queries', 'swh_Latn', 'test')
    """
    name = Name()
    for part in parts:
        for word in part.split("."):
            name = _word(word, name, languages)
    return name


def language_of(word: str, languages: Languages) -> Language | None:
    """The language called so, or that is paired with English in `en-sw`."""
    if found := _known(word, languages):
        return found
    for mark in re.finditer("[-_]", word):
        pair = _known(word[: mark.start()], languages), _known(word[mark.end() :], languages)
        if all(pair) and languages.english in pair:
            return pair[0] if pair[1] == languages.english else pair[1]
    return None


def unknown_language(word: str, languages: Languages) -> str:
    """One sentence on a name that should be a language, with its nearest matches and what to do."""
    try:
        languages.get(word)
    except BenchError as error:
        return f"{error.message.rstrip('?')}? A language needs an entry in the file that data.languages_file names"
    return ""


def _word(word: str, name: Name, languages: Languages) -> Name:
    lower = word.lower()
    if lower in SPLITS:
        return replace(name, split=SPLITS[lower])
    if lower in ROLES:
        return replace(name, role=ROLES[lower])
    if not word or _SHARD.fullmatch(word):
        return name
    if language := language_of(word, languages):
        return replace(name, language=language)
    # `sw-queries`, `test-00000-of-00001`, `wiki-en-sw`: a known word or a pair at one end, the rest is looked at again. No
    # language alone: `my-data` is not Burmese.
    for mark in re.finditer("[-_]", word):
        left, right = word[: mark.start()], word[mark.end() :]
        for known, other in ((left, right), (right, left)):
            is_pair = _known(known, languages) is None and language_of(known, languages) is not None
            if is_pair or known.lower() in ROLES or known.lower() in SPLITS:
                return _word(other, _word(known, name, languages), languages)
    return replace(name, rest=(*name.rest, word))


def _known(word: str, languages: Languages) -> Language | None:
    try:
        return languages.get(word)
    except BenchError:
        return None
