import pandas as pd
import pytest

from bench.data.stored import spool
from bench.data.stored.pair_table import FIRST, each_once, pair_spool, tally
from bench.data.suite.types import TABLES, table

ROWS = [(f"p{n % 4}", "swh_Latn" if n < 4 else "amh_Ethi", "web", "dev" if n % 4 == 3 else "train", f"text {n % 4}", f"t {n}")
        for n in range(8)]  # fmt: skip


@pytest.mark.parametrize("part", [100, 3])
def test_a_frame_and_a_spool_give_the_same(part: int, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path))
    monkeypatch.setattr(spool, "PART", part)
    frame, made = table(ROWS, TABLES["bitext"]), pair_spool()
    made.add(frame.assign(**{FIRST: ~frame["pair_id"].duplicated()}))
    for one in (frame, made):
        once = pd.concat(list(each_once(one)))
        assert once.to_numpy().tolist() == [[f"p{n}", f"text {n}"] for n in range(4)]
        assert list(tally(one, "language", "split").items()) == [
            (("swh_Latn", "train"), 3), (("swh_Latn", "dev"), 1), (("amh_Ethi", "train"), 3), (("amh_Ethi", "dev"), 1),
        ]  # fmt: skip
        assert tally(one, "source") == {("web",): 8}
