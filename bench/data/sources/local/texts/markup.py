"""Topic files of TREC, CLEF, NTCIR and FIRE: SGML whose fields may stay open, and XML, with whatever stands inside."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

# What a tag is called -> the field. The short statement of a topic is its title; some tracks call it the query.
FIELDS = {
    "title": "title", "query": "query", "question": "question", "desc": "desc", "description": "desc",
    "narr": "narr", "narrative": "narr", "summary": "summary", "note": "note",
}  # fmt: skip
NUMBERS = ("num", "number", "identifier", "topicid", "topic_id", "qid", "id")
_START = re.compile(r"<(top|topic)(?=[\s>])", re.IGNORECASE)
_NAMES = "|".join(FIELDS)
# <title>, <EN-title>, <desc lang="sw">; the language before or in the tag tells the same field of several languages apart.
_OPEN = re.compile(rf"<(?:([a-z]{{2,3}})-)?({_NAMES})(\s[^<>]*)?>", re.IGNORECASE)
_NUMBER = re.compile(rf"<(?:{'|'.join(NUMBERS)})(?:\s[^<>]*)?>\s*(?:Number:)?\s*([^\s<]+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"<topic[^>]*?\b(?:number|id|num|qid)\s*=\s*(?:\"([^\"]+)\"|'([^']+)'|([^\s>\"']+))", re.IGNORECASE)
_LANGUAGE = re.compile(r"\b(?:xml:)?lang\s*=\s*[\"']?([A-Za-z_-]+)", re.IGNORECASE)
_LABEL = re.compile(r"\A\s*(?:topic|title|description|narrative|query|question):", re.IGNORECASE)
_STOP = re.compile(rf"</?(?:top|topic|subtopic|{'|'.join(NUMBERS)}|[a-z]{{2,3}}-[a-z]+)(?=[\s>/])", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>")
_COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def blocks(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """(first line, text) of each topic, without comments; CDATA is put into entities."""
    start, block = 0, list[str]()
    for number, line in _without_comments(list(lines)):
        # Several on one line occur too: whole files come without a line end.
        places = [match.start() for match in _START.finditer(line)]
        if start:
            block.append(line[: places[0]] if places else line)
        for at, end in pairwise([*places, len(line)]):
            if block:
                yield start, _cdata("\n".join(block))
            start, block = number, [line[at:end]]
    if block:
        yield start, _cdata("\n".join(block))


def number_of(block: str) -> str:
    """The number of a topic: of its own tag, or an attribute of `<topic>`; "" if there is none."""
    if (found := _NUMBER.search(block)) is not None:
        return html.unescape(found[1])
    attribute = _ATTRIBUTE.search(block)
    return html.unescape(next(filter(None, attribute.groups()))) if attribute else ""


def fields_of(block: str) -> dict[str, list[tuple[str, str]]]:
    """Field -> (language or "", whole text) of each time that it occurs.

    A field ends at its own end tag, and without one where the next field or the topic's end begins. Tags inside are taken
    off, their text stays; a `<` that begins no tag is a character.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    opens = list(_OPEN.finditer(block))
    after = 0
    for here, begin in enumerate(opens):
        if begin.start() < after:
            continue  # inside of the field before: <desc> ... <query>word</query> ... </desc>
        name = begin[2].lower()
        prefix = f"{begin[1]}-" if begin[1] else ""
        close = re.compile(rf"</{prefix}{name}\s*>", re.IGNORECASE).search(block, begin.end())
        bounds = [one.start() for one in opens[here + 1 :] if one[2].lower() == name or close is None]
        stop = _STOP.search(block, begin.end())
        open_end = min([*bounds[:1], stop.start() if stop else len(block)])
        # An end tag behind the next field of the same name belongs to that one.
        end = close.start() if close is not None and (not bounds or close.start() < bounds[0]) else open_end
        after = end
        language = begin[1] or (said[1] if begin[3] and (said := _LANGUAGE.search(begin[3])) else "")
        found.setdefault(FIELDS[name], []).append((language.lower(), inner(_LABEL.sub("", block[begin.end() : end], count=1))))
    return found


def inner(text: str) -> str:
    """A text without tags and entities."""
    return html.unescape(_TAG.sub("", text)).strip()


def whole(block: str) -> str:
    """The text of a topic that has no field at all, as of the clinical trials track."""
    body = block[block.find(">") + 1 :]
    return inner(body)


def _without_comments(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    if not lines:
        return iter(())
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), "\n".join(line for _, line in lines))
    return zip((number for number, _ in lines), text.split("\n"), strict=True)


def _cdata(block: str) -> str:
    return _CDATA.sub(lambda match: html.escape(match[1], quote=False), block)
