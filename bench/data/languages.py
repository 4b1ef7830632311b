"""The languages of the bench: one record each, nested orders and named groups, from `languages.yaml`.

The rest of the code knows a language by its FLORES-style code (`swh_Latn`); people may write `sw`, `swa`
or `Swahili`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.base.errors import BenchError, unknown
from bench.base.paths import REPOSITORY
from bench.base.yamlfile import read_mapping
from bench.data.english import ENGLISH as ENGLISH_CODE
from bench.data.languages_check import SOURCES, check_file

__all__ = ["ENGLISH", "SOURCES", "Language", "Languages"]


@dataclass(frozen=True)
class Language:
    """One language in one script. Two are equal if their codes are.

    Attributes:
        code: FLORES-style code, ISO 639-3 + script: "swh_Latn".
        name: English name.
        family: family or family/branch, "Niger-Congo/Bantu".
        script: ISO 15924 code, "Latn".
        joshi_class: resource class 0-5 of Joshi et al. 2020; None = not rated.
        iso639_1: two-letter code or None.
        sources: code that each source uses for it; a source that has no text in it is absent.
        aliases: further names that select it.
    """

    code: str
    name: str
    family: str = field(compare=False)
    script: str = field(compare=False)
    joshi_class: int | None = field(default=None, compare=False)
    iso639_1: str | None = field(default=None, compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    aliases: tuple[str, ...] = field(default=(), compare=False)

    @property
    def iso639_3(self) -> str:
        """Three-letter code of the individual language: "swh"."""
        return self.code.split("_")[0]

    @property
    def branch(self) -> str:
        """Last part of the family: "Bantu"."""
        return self.family.rsplit("/", 1)[-1]


# English is the language of the documents and the ceiling: never trained on, not part of any file.
ENGLISH = Language(
    ENGLISH_CODE,
    "English",
    family="Indo-European/Germanic",
    script="Latn",
    joshi_class=5,
    iso639_1="en",
    sources={"udhr": "eng", "nllb": ENGLISH_CODE} | dict.fromkeys(SOURCES - {"udhr", "nllb"}, "en"),
)
_NO_ENGLISH = "documents and ceiling are English anyway: drop it"


class Languages:
    """All languages of a file, without English. Iterates in file order; `in` looks up exact codes.

    Attributes:
        orders: name of an order -> its codes, first to last.
        groups: name of a group -> its codes.
    """

    def __init__(
        self,
        languages: Iterable[Language],
        orders: Mapping[str, list[str]] | None = None,
        groups: Mapping[str, list[str]] | None = None,
    ) -> None:
        """Orders and groups may use any name of a language; they are stored as codes.

        Raises:
            BenchError: two languages share a name; an order or group has unknown or repeated entries.
        """
        self._by_code = {language.code: language for language in languages}
        self._names = _index([*self, ENGLISH])
        self.orders: Mapping[str, list[str]] = self._lists("order", orders or {})
        self.groups: Mapping[str, list[str]] = self._lists("group", groups or {})
        if both := sorted(set(self.orders) & set(self.groups)):
            raise BenchError(f"{both[0]!r} is an order and a group", "rename one of the two")

    @classmethod
    def load(cls, path: str | Path | None = None) -> Languages:
        """The languages of a file; without a path, those of the project.

        Raises:
            BenchError: no such file, or something in it is missing, repeated, unknown or of the wrong kind.
        """
        file = Path(path).expanduser() if path is not None else _builtin()
        content = read_mapping(file, "languages file")
        try:
            check_file(content)
            languages = [_language(code, row) for code, row in content["languages"].items()]
            return cls(languages, content.get("orders"), content.get("groups"))
        except BenchError as error:
            raise BenchError(f"languages file {str(file)!r}: {error.message}", error.hint) from None

    def get(self, name: str) -> Language:
        """The language with this code, name or alias (any case; "-" equals "_"). English is found too.

        Raises:
            BenchError: no language is called that; names the nearest matches.
        """
        if found := self._names.get(_fold(name)):
            return found
        raise self._unknown(name)

    def resolve(self, names: str | Iterable[str]) -> list[Language]:
        """Languages for names, comma lists of names, and names of orders and groups; repeats are dropped.

        Raises:
            BenchError: an unknown name, English (never trained on), or nothing at all.
        """
        parts = [names] if isinstance(names, str) else list(names)
        asked = [part.strip() for text in parts for part in text.split(",") if part.strip()]
        found: dict[str, Language] = {}
        for name in asked:
            codes = self.orders.get(name) or self.groups.get(name)
            if codes is None and _fold(name) not in self._names:
                raise self._unknown(name, [*self.orders, *self.groups])
            for language in map(self.get, codes or [name]):
                found[language.code] = language
        if not found:
            raise BenchError("no language was named", "give codes or names, separated by commas: sw,am,Hausa")
        if ENGLISH.code in found:
            raise BenchError("English cannot be one of the languages", _NO_ENGLISH)
        return list(found.values())

    def order(self, name: str) -> list[Language]:
        """The languages of an order, first to last.

        Raises:
            BenchError: no order is called that.
        """
        if name not in self.orders:
            raise unknown("language order", name, self.orders)
        return [self._by_code[code] for code in self.orders[name]]

    def group(self, name: str) -> list[Language]:
        """The languages of a group.

        Raises:
            BenchError: no group is called that.
        """
        if name not in self.groups:
            raise unknown("language group", name, self.groups)
        return [self._by_code[code] for code in self.groups[name]]

    def codes(self, source: str, languages: Iterable[Language] | None = None) -> dict[str, str]:
        """Language code -> the code that `source` uses, for those languages (default: all) that it has."""
        chosen = self if languages is None else languages
        return {language.code: language.sources[source] for language in chosen if source in language.sources}

    def _unknown(self, name: str, more: Iterable[str] = ()) -> BenchError:
        said = [word for language in (*self, ENGLISH) for word in _words(language)]
        hint = f"{len(self)} languages have a code (swh_Latn), short codes (swh, sw) and a name"
        return BenchError(unknown("language", name, [*said, *more]).message, f"{hint}: see languages.yaml")

    def _lists(self, kind: str, named: Mapping[str, list[str]]) -> dict[str, list[str]]:
        return {name: self._codes_of(kind, name, entries) for name, entries in named.items()}

    def _codes_of(self, kind: str, name: str, entries: Iterable[str]) -> list[str]:
        if _fold(name) in self._names:
            raise BenchError(f"{kind} {name!r} is also the name of a language", f"rename the {kind}")
        codes: list[str] = []
        for entry in entries:
            try:
                code = self.get(entry).code
            except BenchError as error:
                raise BenchError(f"{kind} {name!r}: {error.message}", error.hint) from None
            if code == ENGLISH.code:
                raise BenchError(f"{kind} {name!r} holds English", _NO_ENGLISH)
            if code in codes:
                raise BenchError(f"{kind} {name!r} holds {entry!r} twice", "each may stand once in it")
            codes.append(code)
        return codes

    @property
    def english(self) -> Language:
        """English: the language of all documents."""
        return ENGLISH

    def __iter__(self) -> Iterator[Language]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code


def _fold(name: str) -> str:
    return name.strip().casefold().replace("-", "_").replace(" ", "_")


def _words(language: Language) -> list[str]:
    """Everything that selects a language for sure."""
    short = [language.iso639_1] if language.iso639_1 else []
    return [language.code, language.name, *short, *language.aliases]


def _index(languages: list[Language]) -> dict[str, Language]:
    """Folded name -> language. Raises BenchError if two languages claim the same name."""
    index: dict[str, Language] = {}
    for language in languages:
        for word in _words(language):
            other = index.setdefault(_fold(word), language)
            if other is not language:
                clash = f"{word!r} selects both {other.code} and {language.code}"
                raise BenchError(clash, "a name, code or alias may stand at one language only")
    # The bare three letters are implied: they yield to what was written, and to ambiguity (zho).
    shared = Counter(language.iso639_3 for language in languages)
    for language in languages:
        if shared[language.iso639_3] == 1:
            index.setdefault(language.iso639_3, language)
    return index


def _language(code: str, row: Mapping[str, Any]) -> Language:
    given = {**row, "sources": dict(row["sources"]), "aliases": tuple(row.get("aliases") or ())}
    return Language(code=code, **given)


def _builtin() -> Path:
    # In a checkout the file lies at the root; an installed package carries its copy inside (setup.py).
    packaged = Path(__file__).resolve().parent / "languages.yaml"
    return packaged if packaged.exists() else REPOSITORY / "languages.yaml"
