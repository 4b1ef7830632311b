"""Locales: `en-CA` is the English of Canada, although `ca` is also Catalan; `sw-Latn-KE` is Swahili in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.data.languages import Language

# ISO 3166-1 alpha-2.
REGIONS = frozenset((
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF "
    "CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH "
    "GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW "
    "KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG "
    "NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN "
    "SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT "
    "ZA ZM ZW"
).split())  # fmt: skip
_LOCALE = re.compile(r"([A-Za-z]{2,3})[-_]([A-Za-z]{2})")
_TAG = re.compile(r"[a-z]{2,3}(?:[-_][A-Z][a-z]{3})?(?:[-_][A-Z]{2})?")
_SCRIPT = re.compile(r"([A-Za-z]{2,3})[-_]([A-Za-z]{4})(?:[-_]([A-Za-z]{2}|\d{3}))?")


def locale(word: str, known: Callable[[str], Language | None]) -> tuple[Language, bool] | None:
    """The language of a locale such as `sw-KE`, and whether nothing but capital letters says that it is one.

    Capital letters behind small ones are a region (BCP 47). Two small words are one only where the second is no language.

    Args:
        word: of a file's name.
        known: the language of a plain word.
    """
    found = _LOCALE.fullmatch(word)
    if found is None or found[2].upper() not in REGIONS or (language := known(found[1])) is None:
        return None
    other = known(found[2])
    said = found[1].islower() and found[2].isupper()
    return (language, other is not None) if said or other is None else None


def in_script(word: str, known: Callable[[str], Language | None]) -> Language | None:
    """The language of `sw-Latn` or `sr-Cyrl-RS` (BCP 47): the one called so whose code names that script.

    Args:
        word: of a file's name.
        known: the language of a plain word; codes are those of NLLB (`swh_Latn`).
    """
    found = _SCRIPT.fullmatch(word)
    if found is None or (found[3] and found[3].isalpha() and found[3].upper() not in REGIONS):
        return None
    script = found[2].capitalize()
    if found[2].islower() and known(found[2]) is not None:
        return None  # `en-hoje`: a pair with a language of four letters
    plain = known(found[1])
    named = [plain, known(f"{found[1].lower()}_{script}"), known(f"{plain.code[:3]}_{script}") if plain else None]
    return next((one for one in named if one is not None and one.code.endswith(f"_{script}")), None)


def is_tag(word: str) -> bool:
    """Whether a word has the form of a language tag with a script or a region, whatever language that would be."""
    return not word.isalpha() and bool(_TAG.fullmatch(word))
