"""translation.csv, from the manifests of made-up cells."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.output.publish.write import TABLES
from bench.output.tables.leaderboard import write
from bench.output.tables.translation import COLUMNS, FILE
from tests.made_up import cell, plan

MEASURED = {"chrf": 31.5, "bleu": 4.25, "pairs": 40, "kept": 0.125, "copied_english": None}


def made(folder: Path, languages: dict | None) -> Path:
    cells = ["untrained@0#0", "english@0#0", "lexical@2#0", "nmt@2#0"]
    folder = plan(folder / "made", cells)
    for number, name in enumerate(cells):
        said = {"translation": {"chrf": 30.0, "bleu": 2.0, "pairs": 8, "languages": languages}} if languages else {}
        cell(folder, name, lambda *_, number=number: 0.2 + number / 10, **(said if number > 1 else {}))
    write(folder)
    return folder


def test_one_row_a_cell_and_language(tmp_path: Path):
    folder = made(tmp_path, {"swh_Latn": MEASURED, "amh_Ethi": MEASURED | {"chrf": 12.0, "copied_english": 0.5}})
    table = pd.read_csv(folder / FILE)
    assert table.columns.tolist() == list(COLUMNS) and len(table) == 4 and FILE in TABLES
    row = table[(table["method"] == "nmt") & (table["language"] == "swh_Latn")].iloc[0]
    assert (row["name"], row["size"], row["pairs"]) == ("Swahili", 2, 40)
    assert (row["chrf"], row["bleu"], row["kept"]) == (31.5, 4.25, 0.125)
    assert table["copied_english"].isna().sum() == 2


def test_without_translations_there_is_no_table(tmp_path: Path):
    folder = made(tmp_path, None)
    assert not (folder / FILE).exists()
    (folder / FILE).write_text("of an earlier state")
    write(folder)
    assert not (folder / FILE).exists()
