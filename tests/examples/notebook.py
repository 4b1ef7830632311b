"""Runs the notebooks of examples/, and keeps their outputs: `make notebook`."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

from bench.base.paths import REPOSITORY

FOLDER = REPOSITORY / "examples"


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of running it where it lies. They hold no times, so that the same results look the same.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell has failed.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}},
                            record_timing=False)  # fmt: skip
    client.execute()
    notebook.metadata.pop("language_info", None)  # the version of Python
    for cell in notebook.cells:
        cell.metadata.clear()
    return notebook


def main() -> None:
    """Run all of them and write them back."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
