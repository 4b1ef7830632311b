"""Interface messages of Kolibri, an offline learning platform: 30 languages, nearly complete in each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"kolibri/locale/([^/]+)/LC_MESSAGES/(?:(.+)-messages\.json|django\.mo)")
_PSEUDO = {"ach_UG"}  # not Acholi: placeholders for translating in context


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw messages by language and key; English under `eng_Latn`.

    Keys are those of the JSON bundles (`AppBar.openNav`: 2,664, many of them repeated word for word in
    several bundles) and `django/<message id>` for the server's own messages.

    Args:
        languages: language code -> Kolibri's locale (`sw_TZ`, `yo`, `zh_Hans`).
    Raises:
        BenchError: package not available, or unknown locale.
    """
    bundles: dict[str, dict[str, str]] = defaultdict(dict)
    server_english: dict[str, str] = {}
    for name, content in sorted(read_members(fetch("kolibri", progress), "kolibri/locale/*/LC_MESSAGES/*")):
        match = _FILE.fullmatch(name)
        if match is None or match[1] in _PSEUDO:
            continue
        locale, bundle = match[1], match[2]
        if bundle is None:
            english, translated = messages.gettext_pairs(messages.gettext_messages(content, name))
            server_english |= {f"django/{key}": text for key, text in english.items()}
            bundles[locale] |= {f"django/{key}": text for key, text in translated.items()}
            continue
        for key, text in messages.json_messages(content, name).items():
            # A second text under a used key (there is none in this release) gets a key of its own.
            known = bundles[locale].setdefault(key, text)
            if known != text:
                bundles[locale][f"{key}@{bundle}"] = text
    bundles["en"] |= server_english
    chosen = messages.choose("kolibri", languages, bundles, "en")
    return {language: bundles[locale] for language, locale in chosen.items()}
