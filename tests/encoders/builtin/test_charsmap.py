from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.normalizers import Precompiled

from bench.encoders.builtin.charsmap import precompiled

CHARACTER = st.characters(exclude_categories=["Cs", "Mn", "Mc", "Me"], exclude_characters="\0")


# Isolated by letters: the normaliser looks at whole grapheme clusters, here a character is one of its own.
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(CHARACTER.map(ord), st.text(CHARACTER, max_size=4), max_size=40), st.lists(CHARACTER, max_size=20))
def test_it_does_what_str_translate_does(replacements: dict[int, str], characters: list[str]) -> None:
    normaliser = Precompiled(precompiled(replacements | {0x2460: "1"}))
    for character in [*characters, *map(chr, replacements), "①"]:
        text = f"·{character}·"
        assert normaliser.normalize_str(text) == text.translate(replacements | {0x2460: "1"})


def test_characters_that_share_bytes_are_kept_apart() -> None:
    """Neighbours of mapped characters: a trie whose nodes shared a base would map them too."""
    replacements = {c: f"<{c:x}>" for c in (*range(0x100, 0x800, 3), *range(0x3000, 0x4000, 7), 0x1D400, 0x2F9A4)}
    normaliser = Precompiled(precompiled(replacements))
    checked = [*range(0xA0, 0x300), *range(0x370, 0x480), *range(0x3040, 0x30FF), *range(0x3400, 0x4000), 0x1D401, 0x1D400]
    for codepoint in checked:
        if not 0x302A <= codepoint <= 0x302F and codepoint not in (0x3099, 0x309A, 0xAD):
            assert normaliser.normalize_str(f"·{chr(codepoint)}·") == f"·{replacements.get(codepoint, chr(codepoint))}·"


def test_the_zero_character_is_refused() -> None:
    for replacements in ({0: "x"}, {1: "a\0b"}):
        with pytest.raises(ValueError):
            precompiled(replacements)
