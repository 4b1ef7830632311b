"""Small hand-made sources in place of the packages, for a build that reads no archive."""

from __future__ import annotations

from bench.data.languages import Language, Languages
from bench.data.sources.packages.cldr import Annotation
from bench.data.suite import build

LANGUAGES = Languages(
    [
        Language(code, name, "Made/Up", code[-4:], sources=dict.fromkeys(("kolibri", "scratch", "cldr", "udhr"), name))
        for code, name in (("swh_Latn", "sw"), ("hau_Latn", "ha"), ("amh_Ethi", "am"))
    ]
)
QUESTION, ANSWER = "Who uses Scratch in schools?", "Scratch is used by people from all backgrounds."


def english(source: str) -> dict[str, str]:
    if source == "udhr":
        return {"1.1/1": "All human beings are born free and equal", "2.1/1": "Everyone is entitled to all rights"}
    if source == "scratch":
        return {"www/faq/a.whoTitle": QUESTION, "www/faq/a.whoBody": ANSWER} | {
            f"www/page/s{number}": f"the site says number {number:03d}" for number in range(40)
        }
    return {f"k{number}": f"the message of number {number:03d}" for number in range(60)} | {
        "leak": f"Now: {QUESTION}", "whole": "leaking symbol here",
    }  # fmt: skip


def read(source: str, languages: dict[str, str]) -> dict[str, dict]:
    if source == "cldr":
        entries = {code: {"🦁": Annotation(f"simba {name}", (f"{name} mnyama",))} for code, name in languages.items()}
        return {"eng_Latn": {"🦁": Annotation("lion", ("animal",))}, **entries}
    texts = english(source)
    found = {code: {key: f"{name} {text[::-1]}" for key, text in texts.items()} for code, name in languages.items()}
    if source == "kolibri" and "swh_Latn" in found:
        found["swh_Latn"]["whole"] = "Simba sw!"  # a keyword as a whole segment
    return {"eng_Latn": texts, **found}


def install() -> None:
    """Put these sources in place (for the life of the process)."""
    for source in ("kolibri", "scratch", "cldr", "udhr"):
        build.READERS[source] = lambda languages, source=source: read(source, languages)
    build.fetch = lambda name, progress=None: None


WITHOUT = ("quran", "django", "home_assistant")
