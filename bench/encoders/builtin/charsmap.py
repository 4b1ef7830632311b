"""A map of single characters in the binary form that the `Precompiled` normaliser of `tokenizers` reads.

The form is that of SentencePiece: a double-array trie over UTF-8 bytes (Darts), then the replacements, each
ended by a zero byte. A leaf holds the position of its replacement.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

_LEAF = 1 << 8
_VALUE = 1 << 31
_BLOCK = 256  # bases are searched so that base ^ byte never leaves the array


def precompiled(replacements: Mapping[int, str]) -> bytes:
    """Bytes of the map `codepoint -> text`; U+0000 cannot be mapped, replacements hold no U+0000.

    Raises:
        ValueError: U+0000 on either side.
    """
    texts = bytearray()
    starts: dict[str, int] = {}
    for text in replacements.values():
        if text not in starts:
            starts[text] = len(texts)
            texts += text.encode("utf-8") + b"\0"
    if 0 in replacements or any("\0" in text for text in starts):
        raise ValueError("U+0000 cannot be part of a character map")
    trie: dict = {}
    for codepoint, text in replacements.items():
        node = trie
        for byte in chr(codepoint).encode("utf-8"):
            node = node.setdefault(byte, {})
        node[0] = starts[text]  # byte 0 marks the end of a key, and its value
    array = _double_array(trie)
    return struct.pack("<I", array.nbytes) + array.tobytes() + bytes(texts)


def _double_array(trie: dict) -> np.ndarray:
    """Place every node of the trie: the unit of child `c` of a node lies at `base ^ c`."""
    units = np.zeros(_BLOCK, dtype=np.uint32)
    used = np.zeros(_BLOCK, dtype=bool)
    used[0] = True  # the root
    taken: set[int] = set()  # a unit knows its byte, not its parent: two nodes with one base would share children
    pending = [(0, trie)]
    lowest = 0  # everything before this block is as good as full
    while pending:
        position, node = pending.pop()
        labels = np.fromiter(node, dtype=np.int64)
        base = lowest * _BLOCK
        while True:
            if base + _BLOCK > len(units):
                units = np.concatenate([units, np.zeros(_BLOCK, dtype=np.uint32)])
                used = np.concatenate([used, np.zeros(_BLOCK, dtype=bool)])
            if base not in taken and not used[base ^ labels].any():
                break
            base += 1
            if base % _BLOCK == 0 and used[base - _BLOCK : base].mean() > 0.95:
                lowest = max(lowest, base // _BLOCK)
        taken.add(base)
        used[base ^ labels] = True
        units[position] |= (base ^ position) << 10
        for label, child in node.items():
            if label == 0:
                units[position] |= _LEAF
                units[base] = _VALUE | child
            else:
                units[base ^ label] = label
                pending.append((base ^ label, child))
    return units
