"""The rules of `own_pairs` on a table that is in memory as a whole: what the one that is not is held against."""

from __future__ import annotations

import pandas as pd

from bench.data.suite.cleaning import Reason, keys, one_line
from bench.data.suite.own_pairs import BEYOND, DEV_PAIRS, DEV_SHARE
from bench.data.suite.splits import digest, pair_id
from bench.data.suite.types import BITEXT_COLUMNS


def plain_bitext(pairs: pd.DataFrame, max_pairs: int | None = None) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
    """The pairs and what fell to which rule, as of `own_pairs.own_bitext`, without its checks."""
    english, text = ([one_line(raw) for raw in pairs[side]] for side in ("english", "text"))
    english_keys, text_keys = keys(english), keys(text)
    frame = pd.DataFrame({
        "pair_id": [pair_id(key) for key in english_keys], "language": pairs["language"], "source": pairs["source"],
        "split": pairs["split"], "english": english, "text": text,
    }, dtype="str")  # fmt: skip
    both = list(zip(english_keys, text_keys, strict=True))
    reason = pd.Series("", index=frame.index, dtype="str")
    reason = reason.mask([one == other for one, other in both], Reason.COPY.value)
    reason = reason.mask([not one or not other for one, other in both], Reason.EMPTY.value)
    order = frame[reason == ""].sort_values("split", key=lambda split: split != "dev", kind="stable")
    reason[order.index[order.duplicated(["language", "pair_id"])]] = Reason.DUPLICATE.value
    rejected: dict[str, dict[str, int]] = {}
    for (source, why), count in reason[reason != ""].groupby([frame["source"], reason]).size().items():
        rejected.setdefault(source, {})[why] = int(count)
    frame = frame[reason == ""].reset_index(drop=True)
    frame["split"] = frame["pair_id"].isin(_dev(frame)).map({True: "dev", False: "train"}).astype("str")
    if max_pairs is not None:
        rank = frame["pair_id"].map({pair: digest(pair, "cap") for pair in frame["pair_id"].unique()})
        place = rank[frame["split"] == "train"].groupby(frame["language"]).rank(method="first")
        over = place[place > max_pairs].index
        for source, count in frame.loc[over, "source"].value_counts().items():
            rejected.setdefault(str(source), {})[BEYOND] = int(count)
        frame = frame.drop(over).reset_index(drop=True)
    frame["english"] = frame.groupby("pair_id", sort=False)["english"].transform("first").astype("str")
    return frame.sort_values(["language", "source", "pair_id"], ignore_index=True)[list(BITEXT_COLUMNS)], rejected


def _dev(frame: pd.DataFrame) -> set[str]:
    said = frame[frame["split"] == "dev"]
    held = set(said["pair_id"])
    for language, ids in frame.groupby("language", sort=True)["pair_id"]:
        if language not in set(said["language"]):
            distinct = sorted(ids.unique(), key=lambda pair: digest(pair, "own dev"))
            held.update(distinct[: min(DEV_PAIRS, len(distinct) // DEV_SHARE)])
    return held
