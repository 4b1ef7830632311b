"""S3, passages: a held-out verse in X finds the window of another English translation that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.data.english import ENGLISH
from bench.data.sources.packages import quran
from bench.data.suite.bitext import Texts, resolve_verses, verse_english
from bench.data.suite.cleaning import Reason, clean_verse, keys, one_line
from bench.data.suite.tasks.rows import TaskRows

WINDOW_WORDS = 80
MIN_QUERY_WORDS = 6  # of the English verse


@dataclass(frozen=True)
class Verses:
    """What is known of the 6,236 verses, by verse id, in the order of the book.

    Attributes:
        surah: number of the chapter.
        english: Shakir's translation, cleaned; the English side of the bitext.
        sahih: Sahih International, raw; the documents.
        arabic: the original, raw; finds verses that repeat each other.
        split: `train`, `dev`, `test`; a missing verse is in none (see `bitext.resolve_verses`).
    """

    surah: Mapping[str, int]
    english: Mapping[str, str]
    sahih: Mapping[str, str]
    arabic: Mapping[str, str]
    split: Mapping[str, str]


def read_verses(texts: Texts) -> Verses:
    """Gather what passages and splits need; `texts` are those of `sources.quran.read`."""
    surah = {verse: quran.surah(int(verse)) for verse in sorted(texts[ENGLISH], key=int)}
    english = verse_english(texts[ENGLISH].items())
    arabic = quran.arabic()
    return Verses(surah, english, quran.sahih(), arabic, resolve_verses(surah, arabic, english))


def windows(surah: Mapping[str, int], sahih: Mapping[str, str], words: int = WINDOW_WORDS) -> list[list[str]]:
    """Runs of verse ids of one surah, each closed as soon as it has `words` words."""
    found: list[list[str]] = []
    length, last = words, -1
    for verse, number in surah.items():
        if verse not in sahih:
            continue
        if length >= words or number != last:
            found.append([])
            length = 0
        found[-1].append(verse)
        length += len(sahih[verse].split())
        last = number
    return found


def passages_task(texts: Texts, verses: Verses) -> TaskRows:
    """Make the task: relevant are the windows that hold the verse or one with the same Arabic text."""
    task = TaskRows("passages", parallel=True)
    holder: dict[str, str] = {}
    for number, window in enumerate(windows(verses.surah, verses.sahih)):
        doc_id = f"w{number:04d}"
        task.documents[doc_id] = one_line(" ".join(verses.sahih[verse] for verse in window))
        holder |= dict.fromkeys(window, doc_id)
    judged = _judgements(verses, holder)
    asked = _askable(verses, judged)
    for language in sorted(texts):
        for split in ("dev", "test"):
            queries = []
            for verse in asked[split]:
                own = verses.english[verse] if language == ENGLISH else _clean(texts[language].get(verse, ""))
                if own:
                    queries.append((f"v{int(verse):04d}", own, judged[verse]))
            task.add_queries(split, language, queries)
    return task


def _judgements(verses: Verses, holder: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """verse id -> windows that hold it or a verse of identical Arabic."""
    listed = [verse for verse in verses.surah if verse in verses.arabic]
    original = dict(zip(listed, keys([one_line(verses.arabic[verse]) for verse in listed]), strict=True))
    same: dict[str, list[str]] = {}
    for verse, text in original.items():
        same.setdefault(text, []).append(verse)
    return {
        verse: {holder[other]: 1 for other in same[text] if other in holder}
        for verse, text in original.items()
        if verse in holder
    }


def _askable(verses: Verses, judged: Mapping[str, dict[str, int]]) -> dict[str, list[str]]:
    """Held-out verses of at least 6 English words, each English text once."""
    asked: dict[str, list[str]] = {"dev": [], "test": []}
    candidates = [verse for verse in verses.surah if verse in verses.english and verse in judged]
    seen: set[str] = set()
    for verse, text in zip(candidates, keys([verses.english[verse] for verse in candidates]), strict=True):
        split = verses.split.get(verse, "")
        if split in asked and text not in seen and len(verses.english[verse].split()) >= MIN_QUERY_WORDS:
            seen.add(text)
            asked[split].append(verse)
    return asked


def _clean(raw: str) -> str:
    text = clean_verse(raw)
    return "" if isinstance(text, Reason) else text
