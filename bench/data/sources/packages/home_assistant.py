"""Interface messages of the Home Assistant front end: 63 languages, about 30 of them nearly complete."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"hass_frontend/static/translations/(?:[\w-]+/)?([\w-]+)-[0-9a-f]{32}\.json")


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw messages by language and dotted key; English under `eng_Latn`.

    A message that nobody translated holds the English text; some languages
    have plural keys that English lacks.

    Args:
        languages: language code -> code of Home Assistant (`ga`, `zh-Hans`).
    Raises:
        BenchError: package not available, or unknown code.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    archive = fetch("home-assistant-frontend", progress)
    for name, content in read_members(archive, "hass_frontend/static/translations/*.json"):
        if match := _FILE.fullmatch(name):
            found[match[1]] |= messages.json_messages(content, name)
    chosen = messages.choose("home_assistant", languages, found, "en")
    return {language: found[code] for language, code in chosen.items()}
