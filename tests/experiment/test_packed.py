from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.base.jsonfile import to_json
from bench.experiment.packed import FILES, MANIFEST, QUESTIONS, Packed, pack_files, pack_questions


def asked(seed: int, scorers: tuple[str, ...] = ("late", "dense"), about: bool = True) -> pd.DataFrame:
    """Scores in an order that is not sorted, with all digits."""
    random = np.random.default_rng(seed)
    rows = [(task, scorer, code, f"{code}:{n}") for task in ("symbols", "1e5") for code in ("swh_Latn", "amh_Ethi")
            for scorer in scorers for n in (10, 9, 2)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["task", "scorer", "language", "query_id"])
    frame = frame.assign(**{name: random.random(len(frame)) for name in ("ndcg@10", "mrr@10", "recall@100", "success@1")})
    return frame.assign(unit="", characters=np.arange(len(frame), dtype="int32")) if about else frame


CELLS = {
    "optical@2#0": asked(0), "untrained@0#0": asked(1, ("sparse", "late")), "contrastive(form=dense)@2#1": asked(2, about=False),
}  # fmt: skip


def test_each_cell_comes_back_with_its_order_its_digits_and_its_types(tmp_path: Path) -> None:
    (tmp_path / QUESTIONS).write_bytes(pack_questions(CELLS))
    packed = Packed(tmp_path)
    for name, frame in CELLS.items():
        frame.to_parquet(tmp_path / "one.parquet", index=False)
        pd.testing.assert_frame_equal(packed.questions(name), pd.read_parquet(tmp_path / "one.parquet"), check_exact=True)
    with pytest.raises(ValueError, match="no question of nmt@2#0"):
        packed.questions("nmt@2#0")


def test_the_same_scores_give_the_same_bytes_in_any_order_of_cells() -> None:
    assert pack_questions(CELLS) == pack_questions(dict(reversed(CELLS.items())))
    other = CELLS | {"optical@2#0": CELLS["optical@2#0"].assign(**{"ndcg@10": 0.5})}
    assert pack_questions(other) != pack_questions(CELLS)


def test_anybody_can_read_the_table_and_it_is_small(tmp_path: Path) -> None:
    many = {f"optical@2#{seed}": pd.concat([asked(0).assign(query_id=f"q{n:05}") for n in range(200)]) for seed in range(6)}
    (tmp_path / QUESTIONS).write_bytes(pack_questions(many))
    table = pd.read_parquet(tmp_path / QUESTIONS)
    assert list(table.columns) == ["cell", *asked(0).columns, "row"] and len(table) == sum(map(len, many.values()))
    assert table["ndcg@10"].dtype == "float64" and table.groupby("cell")["ndcg@10"].mean().nunique() == 1
    assert (tmp_path / QUESTIONS).stat().st_size < 2 * len(table)


def test_a_row_that_was_taken_out_is_noticed(tmp_path: Path) -> None:
    (tmp_path / QUESTIONS).write_bytes(pack_questions(CELLS))
    table = pd.read_parquet(tmp_path / QUESTIONS)
    table[table["row"] != 3].to_parquet(tmp_path / QUESTIONS)
    with pytest.raises(ValueError, match="each row of optical@2#0 once"):
        Packed(tmp_path).questions("optical@2#0")


def test_small_files_and_manifests(tmp_path: Path) -> None:
    files = {("optical@2#0", "metrics.csv"): "a,b\r\n1,é\n", ("english@0#0", "identity.json"): "{}"}
    assert pack_files(files) == pack_files(dict(reversed(files.items())))
    (tmp_path / FILES).write_bytes(pack_files(files))
    (tmp_path / MANIFEST).write_text(to_json({"cells": [{"id": "optical@2#0", "key": "k"}, "nonsense"]}))
    packed = Packed(tmp_path)
    assert packed.files("optical@2#0") == {"metrics.csv": "a,b\r\n1,é\n"} and packed.files("nmt@2#0") == {}
    assert packed.cells == {"optical@2#0": {"id": "optical@2#0", "key": "k"}}
    assert not Packed.there(tmp_path)
    (tmp_path / QUESTIONS).write_bytes(b"")
    assert Packed.there(tmp_path)
    (tmp_path / "cells").mkdir()
    assert not Packed.there(tmp_path)
