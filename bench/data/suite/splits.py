"""Which split a text belongs to: decided by the English string, verse or symbol alone.

The choice never looks at a language, so no translation of a test item is trained on in any language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from bench.data.suite.cleaning import key

DEV_STRINGS = 100  # English strings of each interface source
DEV_SHARE = 8  # but at most one string in 8: Django has only about 320
DEV_SYMBOLS = 5  # one symbol in 5
DEV_QUESTIONS = 5  # one question in 5
PAIR_NUMBERS = 1 << 48


def digest(text: str, salt: str) -> int:
    """A number that is the same on every machine and in every process (63 bits)."""
    return int.from_bytes(hashlib.blake2b(f"{salt}\0{text}".encode(), digest_size=8).digest(), "big") >> 1


def short_hash(text: str) -> str:
    """12 hexadecimal digits, used in ids."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def pair_id(english_key: str) -> str:
    """Id of an English string (given as its `cleaning.key`), the same in all languages and sources."""
    return "p" + short_hash(english_key)


def pair_number(pair: str) -> int:
    """A `pair_id` as a number below `PAIR_NUMBERS`, in the same order: eight bytes where many are held in memory."""
    return int(pair[1:], 16)


def numbered_pair(number: int) -> str:
    """The `pair_id` of a number."""
    return f"p{number:012x}"


def verse_split(surah: int) -> str:
    """`test` for surahs 6, 12, ..., `dev` for 3, 9, ..., else `train`."""
    return {0: "test", 3: "dev"}.get(surah % 6, "train")


def symbol_split(symbol: str) -> str:
    """`dev` or `test` (CLDR is never trained on)."""
    return "dev" if digest(symbol, "symbol") % DEV_SYMBOLS == 0 else "test"


def held_strings(english_keys: Iterable[str]) -> tuple[set[str], set[str]]:
    """The keys of one source that are held out of training: about 100 for dev, at most an eighth, and as many others.

    The others are documents that no query asks for: a text that was trained on would be found for other reasons.
    """
    distinct = sorted(set(english_keys), key=lambda text: (digest(text, "strings"), text))
    count = min(DEV_STRINGS, len(distinct) // DEV_SHARE)
    return set(distinct[:count]), set(distinct[count : 2 * count])


def question_split(question_key: str) -> str:
    """`dev` or `test` of a question (given as its `cleaning.key`)."""
    return "dev" if digest(question_key, "question") % DEV_QUESTIONS == 0 else "test"


def sample_order(text: str) -> tuple[int, str]:
    """Sort key that puts queries in a random but fixed order."""
    return digest(text, "sample"), text


def english_pair_id(english: str) -> str:
    """`pair_id` of a cleaned English text."""
    return pair_id(key(english))
