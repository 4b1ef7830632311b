"""Messages of the Scratch site and editor, among them a FAQ: 78 languages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"package/(editor|www)/(?:scratch-website\.)?(.+?)(?:-l10njson)?/([^/]+)\.json")


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw messages by language and key; English under `eng_Latn`.

    Keys are `www/<page>/<key>` (`www/faq/faq.aboutTitle`) or `editor/<part>/<key>`. Every language has every
    key: a message that nobody translated holds the English text.

    Args:
        languages: language code -> code of Scratch (`sw`, `zh-cn`, `pt-br`).
    Raises:
        BenchError: package not available, or unknown code.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, content in read_members(fetch("scratch-l10n", progress), "package/*/*/*.json"):
        if match := _FILE.fullmatch(name):
            area, page, code = match.groups()
            for key, text in messages.json_messages(content, name).items():
                found[code][f"{area}/{page}/{key}"] = text
    chosen = messages.choose("scratch", languages, found, "en")
    return {language: found[code] for language, code in chosen.items()}
