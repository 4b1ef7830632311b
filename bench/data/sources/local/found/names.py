"""What the name of a file says: its role in a task, its language, its split."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.base.errors import BenchError
from bench.data.languages import Language, Languages
from bench.data.sources.local.found.regions import in_script, locale
from bench.data.sources.local.problems import true_name

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
    """Found so far.

    Attributes:
        role: `corpus`, `queries` or `qrels`; "" = not said.
        language: the innermost that is named; of a pair with English the other one.
        split: `train`, `dev` or `test`; "" = not said.
        english_first: the order of a pair: `en-sw` or `sw-en`; None where no pair is named.
        locales: words that could be a pair with English as well, and were read as a language and a region.
        rest: words that say none of this.
    """

    role: str = ""
    language: Language | None = None
    split: str = ""
    english_first: bool | None = None
    locales: tuple[str, ...] = ()
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
        for word in unicodedata.normalize("NFC", true_name(part) or part).split("."):
            name = _word(word, name, languages)
    return name


def language_of(word: str, languages: Languages) -> Language | None:
    """The language called so, or that is paired with English in `en-sw`; `sw-KE` is Swahili."""
    return _named(word, languages).language


def _named(word: str, languages: Languages) -> Name:
    """What a word says of a language: alone, as a locale, or in a pair with English."""

    def known(one: str) -> Language | None:
        return _known(one, languages)

    if found := known(word):
        return Name(language=found)
    if region := locale(word, known):
        language, is_both = region
        return Name(language=language, locales=(word,) if is_both else ())
    if written := in_script(word, known):
        return Name(language=written)
    for mark in re.finditer("[-_]", word):
        first, second = known(word[: mark.start()]), known(word[mark.end() :])
        if first and second and languages.english in (first, second):
            english_first = first == languages.english
            return Name(language=second if english_first else first, english_first=english_first)
    return Name()


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
    if (found := _named(word, languages)).language:
        order = name.english_first if found.english_first is None else found.english_first
        return replace(name, language=found.language, english_first=order, locales=(*name.locales, *found.locales))
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
