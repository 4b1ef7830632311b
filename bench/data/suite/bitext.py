"""Training and dev pairs (English, X) out of verses and message catalogues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bench.data.english import ENGLISH
from bench.data.suite.cleaning import Reason, clean_english, clean_text, clean_verse, extreme_lengths, keys
from bench.data.suite.splits import held_strings, pair_id, verse_split

INTERFACE = ("kolibri", "scratch", "django", "home_assistant")
Texts = Mapping[str, Mapping[str, str]]  # language code -> key in the source -> raw text
Row = tuple[str, str, str, str, str, str]  # as types.BITEXT_COLUMNS
_STRENGTH = {"train": 0, "dev": 1, "test": 2}


@dataclass
class Bitext:
    """Pairs found so far.

    Attributes:
        rows: as `types.BITEXT_COLUMNS`, at most one for each language and pair id.
        english: pair id -> the one English text used for it.
        rejected: how many candidates of a source fell to each rule, all languages together.
    """

    rows: list[Row] = field(default_factory=list)
    english: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    _seen: dict[str, set[str]] = field(default_factory=dict)

    def add(self, source: str, texts: Texts, english: Mapping[str, str], split: Mapping[str, str]) -> None:
        """Add a source: `english` holds its cleaned English side, `split` the split of each of its keys.

        Keys without a split are left out. A pair id that the language already has is a duplicate.
        """
        wanted = [name for name in english if name in split]
        english_keys = dict(zip(wanted, keys([english[name] for name in wanted]), strict=True))
        ids = {name: pair_id(english_key) for name, english_key in english_keys.items()}
        for name in wanted:
            self.english.setdefault(ids[name], english[name])
        clean = clean_verse if source == "quran" else clean_text
        counts = self.rejected.setdefault(source, Counter())
        for language in sorted(set(texts) - {ENGLISH}):
            found: list[tuple[str, str]] = []
            raw = texts[language]
            for name in wanted:
                if name in raw:
                    if raw[name] == texts[ENGLISH][name]:  # catalogues fill gaps with English
                        counts[Reason.COPY.value] += 1
                        continue
                    text = clean(raw[name])
                    if isinstance(text, Reason):
                        counts[text.value] += 1
                    else:
                        found.append((name, text))
            self._add_language(source, language, found, english_keys, ids, split, counts)

    def _add_language(
        self,
        source: str,
        language: str,
        found: list[tuple[str, str]],
        english_keys: Mapping[str, str],
        ids: Mapping[str, str],
        split: Mapping[str, str],
        counts: Counter[str],
    ) -> None:
        seen = self._seen.setdefault(language, set())
        texts = [text for _, text in found]
        left = [self.english[ids[name]] for name, _ in found]
        extreme = extreme_lengths(left, texts)
        for (name, text), text_key, is_extreme in zip(found, keys(texts), extreme, strict=True):
            identifier = ids[name]
            if text_key == english_keys[name]:
                counts[Reason.COPY.value] += 1
            elif is_extreme:
                counts[Reason.RATIO.value] += 1
            elif identifier in seen:
                counts[Reason.DUPLICATE.value] += 1
            else:
                seen.add(identifier)
                self.rows.append((identifier, language, source, split[name], self.english[identifier], text))


def interface_english(texts: Texts, withheld: Collection[str] = ()) -> dict[str, str]:
    """The cleaned English side of a message catalogue, without the keys that belong to a task."""
    english = {}
    for name, raw in texts[ENGLISH].items():
        if name not in withheld and not isinstance(text := clean_english(raw), Reason):
            english[name] = text
    return english


def interface_splits(english: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Splits of the strings, and those that are in none because they are documents of `strings` that nobody asks for.

    Returns:
        source -> key -> `train` or `dev`; a string held out in one source is held out in all. The English texts of those
        without a split.
    """
    by_source = {source: dict(zip(texts, keys(list(texts.values())), strict=True)) for source, texts in english.items()}
    dev: set[str] = set()
    others: set[str] = set()
    for english_keys in by_source.values():
        for held, more in zip((dev, others), held_strings(english_keys.values()), strict=True):
            held |= more
    others -= dev
    splits = {
        source: {name: "dev" if text in dev else "train" for name, text in english_keys.items() if text not in others}
        for source, english_keys in by_source.items()
    }
    texts = {
        text: english[source][name] for source, named in by_source.items() for name, text in named.items() if text in others
    }
    return splits, [texts[text] for text in sorted(texts)]


def resolve_verses(surahs: Mapping[str, int], arabic: Mapping[str, str], english: Mapping[str, str]) -> dict[str, str]:
    """verse id -> `train`, `dev` or `test`; verses that repeat one of a stronger split are missing.

    Two verses repeat each other if their Arabic or their English text is the same; test is stronger than
    dev, dev stronger than train. So no verse of the training part has the text of a held-out one.
    """
    own = {verse: verse_split(surah) for verse, surah in surahs.items()}
    kept = dict(own)
    for texts in (arabic, english):
        verses = [verse for verse in own if verse in texts]
        text_keys = dict(zip(verses, keys([texts[verse] for verse in verses]), strict=True))
        strongest: dict[str, str] = {}
        for verse, text_key in text_keys.items():
            if _STRENGTH[own[verse]] >= _STRENGTH[strongest.get(text_key, "train")]:
                strongest[text_key] = own[verse]
        for verse, text_key in text_keys.items():
            if strongest[text_key] != own[verse]:
                kept.pop(verse, None)
    return kept


def verse_english(verses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The cleaned English side (Shakir) of (verse id, raw text) pairs."""
    english = {}
    for verse, raw in verses:
        if not isinstance(text := clean_verse(raw, english=True), Reason):
            english[verse] = text
    return english
