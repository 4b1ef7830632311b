"""PyLate on an export, against the scores that the cell stored. Runs in PyLate's environment; see check_export.py."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
from pylate import models

TOLERANCE = 1e-4


def maxsim(queries: list[np.ndarray], documents: list[np.ndarray]) -> np.ndarray:
    """(queries, documents) mean over the tokens of a query of the largest product with a token of the document."""
    return np.array([[(query @ document.T).max(1).mean() for document in documents] for query in queries])


def main(folder: Path) -> None:
    """Encode as the model card says, with and without its cut."""
    texts, known = json.loads((folder / "texts.json").read_text()), np.load(folder / "late.npy")
    student, teacher = (models.ColBERT(str(folder / name / "late"), device="cpu") for name in ("student", "teacher"))
    card = (folder / "student" / "late" / "README.md").read_text()
    before, behind = map(int, re.findall(r"vectors\[(\d+) : (-\d+)\]", card)[0])
    documents = teacher.encode(texts["documents"], prompt_name="document", is_query=False)
    whole = student.encode(texts["queries"], prompt_name="query", is_query=True)
    queries = [one[before:behind] for one in whole]
    if [len(one) for one in queries] != texts["tokens"]:
        raise SystemExit("other tokens of the queries count than in the bench")
    scores = maxsim(queries, documents)
    worst = np.nanmax(np.abs(scores - known))
    print(f"PyLate, late: {np.isfinite(known).sum():,} scores, largest difference {worst:.1e}")
    if not worst < TOLERANCE:
        raise SystemExit("PyLate does not give the scores of the bench")
    first, uncut = (np.argsort(-one, axis=1)[:, :10] for one in (scores, maxsim(whole, documents)))
    same = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(first, uncut, strict=True)])
    print(f"without the cut {same:.0%} of the first ten documents are the same")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
