"""docs/security.md: every test that it names exists, and no code reads what could run."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
CODE = sorted(path for room in ("bench", "methods") for path in (ROOT / room).rglob("*.py"))
# Modules that run what they load, and calls that do. `whoosh.py` has an unpickler that knows no class; see its tests.
MODULES = {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
PICKLES = {"bench/data/sources/packages/whoosh.py": {"Unpickler", "UnpicklingError"},
           "bench/encoders/directory/layers.py": {"UnpicklingError"}}  # fmt: skip
CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "shutil.unpack_archive"}
SAFE_LOADERS = {"bench/base/yamltext.py"}
METHODS = {"methods/plugins.py"}  # runs the file of a method that the user named


def test_every_row_has_a_test_that_exists():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| what", "| ---"))]
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+`", row)] == []


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_table_names_exists(file: str, name: str):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(found) == 1, f"{file} has no test {name}"
    assert "skip" not in "".join(map(ast.unparse, found[0].decorator_list)), f"{name} may be skipped"


def test_nothing_in_the_code_can_run_what_it_reads():
    found = [f"{path.relative_to(ROOT)}:{line}: {what}" for path in CODE for line, what in _unsafe(path)]
    assert found == []


@pytest.mark.parametrize("line", [
    "import joblib", "from pickle import loads", "pickle.load(f)", "eval(text)", "os.system(text)", "yaml.unsafe_load(text)",
    "yaml.load(text, Loader=yaml.Loader)", "np.load(path, allow_pickle=True)", "torch.load(path)",
    "subprocess.run(text, shell=True)", "torch.load(path, weights_only=False)", "tar.extractall(folder)",
    "tar.extractall(folder, filter='fully_trusted')",
    "AutoModel.from_pretrained(name, trust_remote_code=True)", 'options = {"trust_remote_code": True}',
])  # fmt: skip
def test_each_kind_is_seen(line: str, tmp_path: Path):
    (path := tmp_path / "x.py").write_text(line)
    assert _unsafe(path)


def _unsafe(path: Path) -> list[tuple[int, str]]:
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    allowed, found = PICKLES.get(name, set()), list[tuple[int, str]]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            found += [(line, f"import {one.name}") for one in node.names if one.name.split(".")[0] in MODULES and not allowed]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append((line, f"from {node.module}"))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in MODULES:
            found += [] if node.attr in allowed else [(line, ast.unparse(node))]
        elif isinstance(node, ast.Call):
            found += [(line, ast.unparse(node)[:80])] if _runs(node, name) else []
        elif isinstance(node, ast.Dict):
            given = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
            found += [(line, "trust_remote_code")] if _value(given.get("trust_remote_code")) not in (None, False) else []
    return found


def _runs(call: ast.Call, file: str) -> bool:
    name, given = ast.unparse(call.func), {one.arg: _value(one.value) for one in call.keywords}
    if name == "exec" and file in METHODS:
        return False
    if name in CALLS:
        return True
    if name.endswith((".extractall", ".extract")):
        return given.get("filter") != "data"  # which refuses links, devices and paths that leave the folder
    if name == "yaml.load":
        return file not in SAFE_LOADERS
    if name == "torch.load":
        return given.get("weights_only") is not True
    return any(given.get(one, False) is not False for one in ("allow_pickle", "trust_remote_code", "shell"))


def _value(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None if node is None else "unknown"
