import shutil
import subprocess
import sys

from bench.base.paths import REPOSITORY
from bench.execution.elsewhere.code import code, refused


def test_a_file_more_is_other_code(tmp_path):
    for part in ("bench", "methods"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    assert told(tmp_path) == code()
    (tmp_path / "methods" / "more.py").touch()
    assert told(tmp_path) != code() and told(tmp_path).split()[0] == code().split()[0]


def told(folder) -> str:
    command = [sys.executable, "-c", "from bench.execution.elsewhere.code import code; print(code())"]
    environment = {"PYTHONPATH": str(folder)}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_the_refusal_names_both():
    assert "node 7 has XLSD bench 1 (a), this machine has 2 (b)" in refused("node 7", "1 (a)", "2 (b)").message
