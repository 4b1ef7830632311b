"""Bitext of the hubs: English and the other side, in the form of each data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.base.errors import BenchError
from bench.data.english import ENGLISH
from bench.data.sources.hubs.catalogue import HubData
from bench.data.sources.hubs.files import lines, splits, table

Pair = tuple[str, str, str]  # split (train, dev or ""), English, text


def pairs(data: HubData, own: str) -> Iterator[Pair]:
    """The pairs of a language, in the order of the data.

    Args:
        own: the data set's own code of the language.

    Raises:
        BenchError: the data cannot be had, or has other columns than it should.
    """
    read = _READERS[data.name]
    try:
        yield from read(data, own)
    except (KeyError, TypeError) as error:
        raise BenchError(
            f"{data.id}, language {own}: a column is missing: {error}", "is the copy of the data set of another version?"
        ) from error


def _opus_100(data: HubData, own: str) -> Iterator[Pair]:
    config = "-".join(sorted(("en", own)))
    there = splits(data.id, config, data.revision)
    for name, split in (("train", "train"), ("validation", "dev")):  # some languages have no validation
        if name in there:
            for row in table(data.id, config, name, data.revision):
                yield split, row["translation"]["en"], row["translation"][own]


def _tatoeba(data: HubData, own: str) -> Iterator[Pair]:
    for row in table(data.id, f"{own}-eng", "test", data.revision):
        yield "", row["sentence2"], row["sentence1"]


def _columns(split: str) -> Callable[[HubData, str], Iterator[Pair]]:
    """One table with a column a language."""

    def read(data: HubData, own: str) -> Iterator[Pair]:
        for row in table(data.id, None, split, data.revision):
            yield "", row[ENGLISH], row[own]

    return read


def _webfaq(data: HubData, own: str) -> Iterator[Pair]:
    first, second = sorted(("eng", own))
    english, text = ("question1", "question2") if first == "eng" else ("question2", "question1")
    for row in table(data.id, f"{first}-{second}", "default", data.revision):
        yield "", row[english], row[text]


def _tico(data: HubData, own: str) -> Iterator[Pair]:
    """Tab-separated files with a line of column names; what holds a quotation mark may be quoted."""
    for part in ("dev", "test"):
        rows = (line.split("\t") for line in lines(data.id, f"{part}/{part}.en-{own}.tsv", revision=data.revision))
        names = next(rows, [])
        for row in rows:
            found = dict(zip(names, row, strict=False))
            yield "", _unquoted(found["sourceString"]), _unquoted(found["targetString"])


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"' and '""' in text
    return text[1:-1].replace('""', '"') if quoted else text


def _mafand(data: HubData, own: str) -> Iterator[Pair]:
    config = f"en-{own}"
    there = splits(data.id, config, data.revision)
    for name, split in (("train", "train"), ("validation", "dev")):  # five languages have no training pairs
        if name in there:
            for row in table(data.id, config, name, data.revision):
                yield split, row["translation"]["en"], row["translation"][own]


def _seed(data: HubData, own: str) -> Iterator[Pair]:
    """One table of all languages, one row a sentence; the same id is the same sentence."""
    english: dict[str, str] = {}
    texts: dict[str, str] = {}
    for row in table(data.id, None, "train", data.revision):
        code = f"{row['iso_639_3']}_{row['iso_15924']}"
        if code in (ENGLISH, own):
            (english if code == ENGLISH else texts)[str(row["id"])] = row["text"]
    yield from (("", english[name], text) for name, text in texts.items() if name in english)


def _gatitos(data: HubData, own: str) -> Iterator[Pair]:
    for row in table(data.id, f"gatitos__en_{own}", "train", data.revision):
        for text in row["trgs"]:
            yield "", row["src"], text


_READERS: dict[str, Callable[[HubData, str], Iterator[Pair]]] = {
    "opus-100": _opus_100, "tatoeba": _tatoeba, "ntrex": _columns("test"), "flores": _columns("devtest"),
    "webfaq-bitexts": _webfaq, "tico-19": _tico, "mafand": _mafand, "seed": _seed, "gatitos": _gatitos,
}  # fmt: skip
