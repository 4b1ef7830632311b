"""Messages of the Django web framework: 98 languages, at most about 700 short strings each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bench.data.sources.packages import messages
from bench.data.sources.packages.archive import read_members
from bench.data.sources.packages.releases import Progress, fetch

_FILE = re.compile(r"django/(?:contrib/)?([^/]+)/locale/([^/]+)/LC_MESSAGES/(django|djangojs)\.mo")


def read(languages: Mapping[str, str], progress: Progress | None = None) -> dict[str, dict[str, str]]:
    """Raw messages by language and key; English under `eng_Latn`.

    Keys are `<application>/<domain>/<message id>`. English is every message that at least one language of the
    package translates (its own English files are empty, since the id is the English text).

    Args:
        languages: language code -> Django's locale (`sw`, `zh_Hans`, `pt_BR`).
    Raises:
        BenchError: package not available, or unknown locale.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    english: dict[str, str] = {}
    for name, content in sorted(read_members(fetch("django", progress), "django/*.mo")):
        if match := _FILE.fullmatch(name):
            application, locale, domain = match.groups()
            prefix = f"{application}/{domain}/"
            originals, translated = messages.gettext_pairs(messages.gettext_messages(content, name))
            english |= {prefix + key: text for key, text in originals.items()}
            found[locale] |= {prefix + key: text for key, text in translated.items()}
    found["en"] = english
    chosen = messages.choose("django", languages, found, "en")
    return {language: found[locale] for language, locale in chosen.items()}
