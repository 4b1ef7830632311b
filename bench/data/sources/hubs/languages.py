"""The codes that a data set uses, and the languages of the languages file that they stand for."""

from __future__ import annotations

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.hubs.catalogue import HubData


def own_codes(data: HubData, languages: Languages) -> dict[str, str]:
    """Code of a language -> the data set's own code, for the languages that both know; the first own code counts."""
    codes = data.codes.split() if isinstance(data.codes, str) else data.codes
    found: dict[str, str] = {}
    for own in codes:
        name = data.aliases.get(own, own)
        try:
            code = languages.get(name.replace("_", " ") if name.islower() else name).code
        except BenchError:
            continue
        found.setdefault(code, own)
    return found
