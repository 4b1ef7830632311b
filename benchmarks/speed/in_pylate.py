"""Runs in PyLate's environment, alone: ranks the documents of a file for its queries, once for each line that it reads."""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from pylate import rank


def main(file: str, device: str, threads: str) -> None:
    """Writes 0 when it is ready, then the seconds of each run."""
    torch.set_num_threads(int(threads))
    saved = np.load(file)
    queries, documents = (
        [torch.from_numpy(one).to(device) for one in np.split(saved[name], saved[f"of_{name}"][1:-1])]
        for name in ("queries", "documents")
    )
    ids = [str(i) for i in range(len(documents))]
    print(0.0, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        rank.rerank([ids] * len(queries), queries, [documents] * len(queries), device=device)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
