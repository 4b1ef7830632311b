"""`make smoke`: what somebody gets who installs the package. Built, installed into an empty environment, run elsewhere.

The wheel is built from the sdist, so that both hold all they need. Then plan, smoke run and report are run with it from a
folder that is no checkout (`tests/smoke.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (
    "bench/data/languages.yaml", "bench/execution/tuning/full.yaml", "bench/experiment/profile/shipped/default.yaml",
    "bench/output/report/page/page.html", "methods/losses/optical.py",
)  # fmt: skip


def call(*command: str | Path, cwd: Path, **environment: str) -> None:
    """Run a command; its failure is ours."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(list(map(str, command)), cwd=cwd, env=inherited | environment, check=True)


def built(folder: Path) -> Path:
    """The wheel, built from the sdist of a copy of what git would hand out."""
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith("results/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    call(sys.executable, "-m", "build", "--outdir", folder / "dist", source, cwd=folder)
    [wheel] = (folder / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    if lacking := [name for name in NEEDED if name not in names]:
        raise SystemExit(f"the wheel lacks {', '.join(lacking)}")
    if strange := sorted({name.partition("/")[0] for name in names} - {"bench", "methods"} - _metadata(names)):
        raise SystemExit(f"the wheel installs {', '.join(strange)}, which nobody asked for")
    return wheel


def _metadata(names: set[str]) -> set[str]:
    return {top for name in names if (top := name.partition("/")[0]).endswith(".dist-info")}


def main() -> None:
    """Build, install, run."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel = built(folder)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        extra = [] if shutil.which("npm") else ["[npm]"]
        call(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", f"{wheel}{''.join(extra)}", cwd=folder)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        shutil.copyfile(ROOT / "tests" / "smoke.py", elsewhere / "smoke.py")
        shutil.copyfile(ROOT / "docs" / "index.md", elsewhere / "index.md")
        call(python, elsewhere / "smoke.py", cwd=elsewhere)


if __name__ == "__main__":
    main()
