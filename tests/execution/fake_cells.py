"""Cells that take no time, for tests of everything around them. Loaded by worker processes through its import path."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.base.errors import BenchError

MEASURES = ["ndcg@10", "mrr@10", "recall@100", "success@1"]


def run_cell(spec, out_dir: Path, report):
    """Scores that depend on the spec alone; behaves as the file `$FAKE_DIR/<cell id>` says, well without one."""
    report("train", 0.0)
    switches = os.environ.get("FAKE_DIR")
    switch = Path(switches) / spec.id if switches else None
    if switches:
        (Path(switches) / f"ran {spec.id} {time.time_ns()} {os.getpid()}").touch()
    behave(switch.read_text() if switch is not None and switch.exists() else "", out_dir)
    report("evaluate", 1.0)
    (out_dir / "metrics.csv").write_text(f"{spec.id} {spec.pairs} {spec.languages}\n")
    (out_dir / "per_query.parquet").write_bytes(b"per query")
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    return {"seconds": {"train": 1.0, "evaluate": 2.0}, "pairs_seen": 12, "pairs_per_second": 12.0, "threads_seen": threads}


def run_watched(spec, out_dir: Path, report):
    """As `run_cell`, with losses on dev pairs faster than progress is sent."""
    for number, loss in enumerate((0.75, 0.5, 0.25)):
        report("train", number / 3, loss)
    return run_cell(spec, out_dir, report)


def run_tables(spec, out_dir: Path, report):
    """As `run_cell`, with tables that a leaderboard can be made from."""
    import pandas as pd

    found = run_cell(spec, out_dir, report)
    rows = []
    for scorer in ("dense", "late"):
        for language in spec.asked:
            for query in ("q1", "q2"):
                score = (len(spec.id + scorer + language + query) % 10) / 10
                rows.append(["faq", scorer, language, query, *[score] * len(MEASURES)])
    per_query = pd.DataFrame(rows, columns=["task", "scorer", "language", "query_id", *MEASURES])
    per_query.to_parquet(out_dir / "per_query.parquet", index=False)
    groups = per_query.groupby(["task", "scorer", "language"], sort=True)
    metrics = groups[MEASURES].mean().reset_index()
    metrics.insert(3, "queries", 2)
    metrics.to_csv(out_dir / "metrics.csv", index=False, float_format="%.6f")
    return found


def behave(how: str, out_dir: Path) -> None:
    if how == "raise":
        (out_dir / "train.csv").write_text("step,loss\n")
        raise ValueError("the loss is NaN")
    if how == "bench error":
        raise BenchError("no training bitext for xyz", "leave it out")
    if how == "kill":
        print("about to die")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        sys.exit(3)
    if how == "disk full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if how == "cache full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/caches/states")
    if how == "library says full":  # safetensors has an error of its own
        raise ValueError("Error while serializing: I/O error: No space left on device (os error 28)")
    if how == "child holds channel":
        # A helper of the cell that outlives it and has inherited everything it could.
        subprocess.Popen(["sleep", "60"], close_fds=False, start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "noise":
        os.write(1, b'{"event": "finished"}\n' * 50)
        os.write(2, b"\xff\xfe not text\n")
    if how.startswith("write"):
        # The file is gone again where there was room for it.
        (out_dir / "large").write_bytes(bytes(int(how.split()[1]) * 2**20))
        (out_dir / "large").unlink()
    if how.startswith("wait"):
        (out_dir / "half").write_text("half")
        deadline = time.monotonic() + float(how.split()[1])
        while time.monotonic() < deadline:
            time.sleep(0.02)


def prepare(profile, report):
    """Leaves a mark, or fails as the file `$FAKE_DIR/prepare` says."""
    switches = os.environ.get("FAKE_DIR")
    if switches:
        methods = " ".join(entry.method for entry in profile.grid.methods)
        (Path(switches) / f"prepared {os.getpid()}").write_text(methods)
        switch = Path(switches) / "prepare"
        behave(switch.read_text() if switch.exists() else "", Path(switches))
    report("data", 1.0)
    return {"name": profile.name, "torch": "torch" in sys.modules}


def prepare_texts(profile, report):
    """As the real one, tells what the tokenizer makes of a language."""
    return {"texts": [{"language": "swh_Latn", "fertility": 2.0, "token_premium": float("nan"), "unknown_rate": 0.0}]}


def broken_prepare(profile, report):
    raise KeyError("unexpected")


def run_method(spec, out_dir: Path, report):
    """Loads the cell's method, as the real cell does, and leaves its loss on a tiny problem in the manifest."""
    from bench.experiment.method_specs import planned_method
    from methods.conformance import Problem

    method = planned_method(spec.method, spec.method_source, spec.model_keys)
    return run_tables(spec, out_dir, report) | {"loss": Problem.make().loss(method).item()}
