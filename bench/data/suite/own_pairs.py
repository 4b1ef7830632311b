"""Training and dev pairs out of somebody's own bitext: the rules of `suite.bitext` that hold for any text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from bench.base.errors import BenchError
from bench.data.suite.cleaning import Reason, keys, one_line
from bench.data.suite.splits import digest, pair_id
from bench.data.suite.types import BITEXT_COLUMNS

DEV_PAIRS = 100  # of each language, held out where the data names no dev pairs
DEV_SHARE = 8  # but at most one pair in 8
CHUNK = 50_000  # texts looked at together: `keys` takes several bytes a letter


def own_bitext(pairs: pd.DataFrame, max_pairs: int | None = None) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
    """Pairs as in `types.BITEXT_COLUMNS`, and how many of each source fell to which rule.

    Left out: texts without a letter or digit, copies of the English side, and all but the first pair of an English text in a
    language. A pair is for dev in all languages if it is in one: those that the data calls so, and in languages
    without any about 100 (at most an eighth) by a hash of the English text.

    Args:
        pairs: as `collection.PAIR_COLUMNS`.
        max_pairs: of the training pairs of a language, keep so many, by a hash of the English text.

    Raises:
        BenchError: a language has so few pairs that none can be held out.
    """
    english, text = ([one_line(raw) for raw in pairs[side]] for side in ("english", "text"))
    english_keys, text_keys = many_keys(english), many_keys(text)
    frame = pd.DataFrame({
        "pair_id": [pair_id(key) for key in english_keys], "language": pairs["language"], "source": pairs["source"],
        "split": pairs["split"], "english": english, "text": text,
    }, dtype="str")  # fmt: skip
    empty = [not one or not other for one, other in zip(english_keys, text_keys, strict=True)]
    copy = [one == other for one, other in zip(english_keys, text_keys, strict=True)]
    reason = pd.Series("", index=frame.index, dtype="str").mask(copy, Reason.COPY.value).mask(empty, Reason.EMPTY.value)
    # A pair that stands in a dev file and in a training file is a dev pair.
    order = frame[reason == ""].sort_values("split", key=lambda split: split != "dev", kind="stable")
    reason[order.index[order.duplicated(["language", "pair_id"])]] = Reason.DUPLICATE.value
    rejected = _counted(frame["source"], reason)
    frame = frame[reason == ""].reset_index(drop=True)
    frame["split"] = frame["pair_id"].isin(_dev(frame)).map({True: "dev", False: "train"}).astype("str")
    _check(frame)
    if max_pairs is not None:
        rank = frame["pair_id"].map({pair: digest(pair, "cap") for pair in frame["pair_id"].unique()})
        place = rank[frame["split"] == "train"].groupby(frame["language"]).rank(method="first")
        over = place[place > max_pairs].index
        for source, count in frame.loc[over, "source"].value_counts().items():
            rejected.setdefault(str(source), {})["beyond data.max_pairs"] = int(count)
        frame = frame.drop(over).reset_index(drop=True)
    # One English text a pair id, whatever case and punctuation the languages give it.
    frame["english"] = frame.groupby("pair_id", sort=False)["english"].transform("first").astype("str")
    frame = frame.sort_values(["language", "source", "pair_id"], ignore_index=True)
    return frame[list(BITEXT_COLUMNS)], rejected


def many_keys(texts: Sequence[str]) -> list[str]:
    """`cleaning.keys`, a part at a time."""
    return [key for start in range(0, len(texts), CHUNK) for key in keys(texts[start : start + CHUNK])]


def _dev(frame: pd.DataFrame) -> set[str]:
    """Pair ids that are held out."""
    said = frame[frame["split"] == "dev"]
    held = set(said["pair_id"])
    for language, ids in frame.groupby("language", sort=True)["pair_id"]:
        if language not in set(said["language"]):
            distinct = sorted(ids.unique(), key=lambda pair: digest(pair, "own dev"))
            held.update(distinct[: min(DEV_PAIRS, len(distinct) // DEV_SHARE)])
    return held


def _check(frame: pd.DataFrame) -> None:
    for language, splits in frame.groupby("language", sort=True)["split"]:
        for split in ("train", "dev"):
            if not (splits == split).any():
                raise BenchError(
                    f"the bitext of {language} has {len(splits)} usable pairs and none for {split}",
                    f"at least {DEV_SHARE} pairs are needed, or {DEV_SHARE - 1} and a dev file (docs/your-data.md)",
                )


def _counted(source: pd.Series, reason: pd.Series) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for (name, why), count in reason[reason != ""].groupby([source, reason]).size().items():  # type: ignore[misc]
        counts.setdefault(str(name), Counter())[str(why)] = int(count)
    return {name: dict(sorted(found.items())) for name, found in sorted(counts.items())}
