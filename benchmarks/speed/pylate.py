"""PyLate, in a process and an environment of its own: it pins older versions than this project (`make check-export` makes it)."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
import torch

from bench.base.ragged import Ragged

SCRIPT = Path(__file__).parent / "in_pylate.py"


class Pylate:
    """The process: does the work whenever it is told to, and says how long it took."""

    def __init__(self, process: subprocess.Popen[str], folder: tempfile.TemporaryDirectory[str]) -> None:
        self.process, self.folder = process, folder

    @classmethod
    def start(cls, environment: Path, queries: Ragged, documents: Ragged, device: str) -> Pylate | str:
        """The process, ready; or why there is none."""
        python = environment / "bin" / "python"
        if not python.exists():
            return f"there is no {environment.name} (make check-export makes it)"
        folder = tempfile.TemporaryDirectory(prefix="pylate-")
        vectors = Path(folder.name) / "vectors.npz"
        np.savez(vectors, queries=queries.vectors, of_queries=queries.offsets,
                 documents=documents.vectors, of_documents=documents.offsets)  # fmt: skip
        # -P: without it the modules of this folder would be found first, this one for the package `pylate`.
        command = [str(python), "-P", str(SCRIPT), str(vectors), device, str(torch.get_num_threads())]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started = cls(process, folder)
        if started._line() is None:
            started.__exit__(None, None, None)
            return f"PyLate did not start in {environment.name}"
        return started

    def run(self) -> float:
        """Seconds of doing the work once.

        Raises:
            RuntimeError: the process has ended.
        """
        assert self.process.stdin is not None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        seconds = self._line()
        if seconds is None:
            raise RuntimeError("the process of PyLate has ended")
        return float(seconds)

    def _line(self) -> float | None:
        """What the process says next: a number as JSON; libraries may print other lines."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                return float(json.loads(line))
            except (ValueError, TypeError):
                continue
        return None

    def __enter__(self) -> Pylate:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.folder.cleanup()
