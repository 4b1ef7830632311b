"""Methods from outside the repository: a class in a file, and entry points of a package that is really installed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from bench.experiment.method_specs import code_key
from methods import plugins, registry
from methods.declaration import Declaration, declaring

PLAIN = '''
"""A loss of pooled vectors."""
from dataclasses import dataclass

from methods.base import Method, option, register


@dataclass
class TheirParams:
    weight: float = option(1.0, "factor of the loss")


@register
class Their(Method):
    """`L = w/B sum_i (1 - <s_i, t_i>)`."""

    name = "NAME"
    summary = "pooled cosine from outside"
    reference = "nobody 2026"
    Params = TheirParams

    def loss(self, student, teacher, pair_ids):
        return self.params.weight * (1 - (student.pooled * teacher.pooled.detach()).sum(-1)).mean(), {}
'''
HEAVY = "import sys; from bench.cli import main\ntry: main()\nfinally: print('HEAVY', 'torch' in sys.modules)"


def plain(name: str = "their") -> str:
    return PLAIN.replace("NAME", name)


def write(folder: Path, text: str, name: str = "mine.py") -> str:
    (folder / name).write_text(textwrap.dedent(text))
    return f"{folder / name}:Their"


def bench(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, outside the repository; its last line says whether it loaded torch."""
    paths = os.pathsep.join([*([str(path)] if path else []), *(place or os.getcwd() for place in sys.path)])
    return subprocess.run(
        [sys.executable, "-c", HEAVY, *arguments], capture_output=True, text=True, cwd=cwd, timeout=120,
        env={**os.environ, "COLUMNS": "160", "PYTHONPATH": paths},
    )  # fmt: skip


def test_a_file_is_read_without_running_it(tmp_path: Path):
    source = write(tmp_path, plain() + "\nraise RuntimeError('was run')\n")
    spec = registry.parse_spec(f" {source}( weight = 2 )")
    assert str(spec) == "their(weight=2.0)" and spec.text == f"{source}(weight=2.0)"
    assert registry.parse_spec(spec.text) == spec
    assert registry.parse_spec("their(weight=2)", {"their": source}) == spec
    found = registry.declaration(spec)
    assert found.reference == "nobody 2026" and found.params["weight"].help == "factor of the loss" and found.trained
    with pytest.raises(registry.MethodError, match="cannot be imported: RuntimeError: was run"):
        registry.load(spec)


def test_a_file_is_loaded_again_when_it_was_edited(tmp_path: Path):
    source = write(tmp_path, plain("edited"))
    spec = registry.parse_spec(f"{source}(weight=3)")
    method, hash_before = registry.load(spec), plugins.content_hash(registry.declaration(spec))
    assert method.params.weight == 3.0 and method.name == "edited"
    assert type(registry.load(spec)) is type(method)
    write(tmp_path, plain("edited").replace("class Their(Method):", "class Their(Method):\n    extra = 1"))
    assert registry.load(spec).extra == 1
    assert plugins.content_hash(registry.declaration(spec)) != hash_before


def test_what_the_source_does_not_settle_is_imported(tmp_path: Path):
    source = write(tmp_path, """
        from methods.losses.contrastive import Contrastive

        class Their(Contrastive):
            name = "sub" + "class"
    """)  # fmt: skip
    spec = registry.parse_spec(f"{source}(form=dense)")
    found = registry.declaration(spec)
    assert (found.name, found.kind) == ("subclass", "distil")
    assert found.params == registry.declared("contrastive").params
    assert registry.load(spec).params.form == "dense"


def test_a_plain_default_is_a_parameter_without_help(tmp_path: Path):
    text = plain().replace('option(1.0, "factor of the loss")', "1.0")
    param = registry.declaration(registry.parse_spec(write(tmp_path, text))).params["weight"]
    assert (param.type, param.default, param.help) == ("float", 1.0, "")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("def broken(:\n", "line 1"),
        ("import nowhere_to_be_found\n" + plain(), "no module 'nowhere_to_be_found'"),
        (plain("contrastive"), "another method has (built in)"),
        (plain("../up"), "no name for a method"),
        (plain("a(b)@1"), "no name for a method"),
        (plain().replace("class Their(", "class Other("), "no class 'Their' (it has: Other)"),
        ("import sys\nclass Their:\n    pass\nsys.exit(0)\n", "cannot be imported: SystemExit"),
        ("class Their:\n    name = summary = 'x'\n", "no subclass"),
        (plain().replace('reference = "nobody 2026"', 'kind = "translate"'), "only losses can be trained"),
        (plain().replace('reference = "nobody 2026"', 'kind = "retriever"'), "only losses can be trained"),
        (plain().replace('reference = "nobody 2026"', 'kind = "other"'), "of kind 'other'"),
        (plain().replace("weight: float", "weight: list"), "of type list"),
        (plain().replace("@dataclass\n", "").replace("summary =", "kind = 'dis' + 'til'\n    summary ="), "no dataclass"),
        (plain().replace("@register", "").replace("Params = T", "needs = 'english'\n    Params = T"), "needs 'english'"),
        (plain().replace('name = "their"', "").replace("@register", ""), "declares no name"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, text: str, part: str):
    source = write(tmp_path, text)
    with pytest.raises(registry.MethodError) as caught:
        registry.parse_spec(source)
    assert part in str(caught.value)


def test_a_file_that_is_not_there_and_a_class_that_is_not_named(tmp_path: Path):
    with pytest.raises(registry.MethodError, match="cannot read nowhere.py"):
        registry.parse_spec("nowhere.py:Their")
    source = write(tmp_path, plain())
    with pytest.raises(registry.MethodError, match="mine.py:Their"):
        registry.parse_spec(source.removesuffix(":Their"))
    with pytest.raises(registry.MethodError, match="'weight'"):
        registry.parse_spec(f"{source}(wieght=2)")


def test_commands_take_a_file_outside_the_repository(tmp_path: Path):
    write(tmp_path, plain())
    shown = bench("methods", "mine.py:Their", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "their" in shown.stdout and "factor of the loss" in shown.stdout and "HEAVY False" in shown.stdout
    plan = bench(
        "plan", "--method", "mine.py:Their(weight=2),untrained", "--sizes", "5", "--seeds", "0", "--set", "data.guard=null",
        cwd=tmp_path,
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr
    assert "their(weight=2.0)@5#0" in plan.stdout and "HEAVY False" in plan.stdout
    checked = bench("check-method", "mine.py:Their", cwd=tmp_path)
    assert checked.returncode == 0 and checked.stdout.count("ok ") >= 7, checked.stdout + checked.stderr
    write(tmp_path, plain() + "\n1 / 0\n")
    broken = bench("check-method", "mine.py:Their", cwd=tmp_path)
    assert broken.returncode == 2 and "ZeroDivisionError" in broken.stderr and "Traceback" not in broken.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed a package with good and bad entry points."""
    folder = tmp_path_factory.mktemp("site")
    files = {
        "their_losses/__init__.py": "raise RuntimeError('the package was run')\n",
        "their_losses/good.py": plain("installed_loss"),
        "their_losses/broken.py": "def broken(:\n",
        "their_losses/needs.py": "import nowhere_to_be_found\n" + plain("needs"),
        "their_losses/clash.py": plain("optical"),
        "their_losses-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: their-losses\nVersion: 1\n",
        "their_losses-1.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "their_losses-1.dist-info/entry_points.txt": f"[{plugins.GROUP}]\n" + "\n".join(
            f"{name} = their_losses.{module}:Their"
            for name, module in {
                "installed_loss": "good", "broken": "broken", "needs": "needs", "clash": "clash", "gone": "gone"
            }.items()
        ),
    }  # fmt: skip
    files["their_losses-1.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    wheel = folder / "their_losses-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--target"]
    done = subprocess.run([*command, str(folder / "site"), str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_installed_methods_are_listed_and_broken_ones_with_their_error(site: Path, tmp_path: Path):
    done = bench("methods", cwd=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert "HEAVY False" in done.stdout
    text = " ".join(done.stdout.split())
    assert "installed_loss distil pooled cosine from outside" in text and "from their_losses.good:Their" in text
    assert "nobody 2026" in text and "optical distil transport plan" in text
    for name, reason in {
        "broken": "broken.py, line 1", "needs": "no module 'nowhere_to_be_found'", "gone": "no module 'their_losses.gone'",
        "optical": "which a built-in method has",
    }.items():  # fmt: skip
        assert f"{name} error" in text and reason in text, (name, done.stdout)


def test_an_installed_method_is_planned_without_running_its_package(site: Path, tmp_path: Path):
    asked = ("--sizes", "5", "--seeds", "0", "--set", "data.guard=null")
    done = bench("plan", "--methods", "installed_loss(weight=2)", *asked, cwd=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert "installed_loss(weight=2.0)@5#0" in done.stdout and "HEAVY False" in done.stdout
    for name, reason in {"needs": "nowhere_to_be_found", "broken": "line 1"}.items():
        done = bench("plan", "--methods", name, *asked, cwd=tmp_path, path=site)
        assert done.returncode == 2 and reason in done.stderr and "Traceback" not in done.stderr


def test_the_code_of_a_method_inside_a_control_counts(monkeypatch: pytest.MonkeyPatch):
    assert code_key(registry.parse_spec("shuffled")) == {}
    inside = {"contrastive": "abc"}
    monkeypatch.setattr(plugins, "content_hash", lambda declaration: inside.get(declaration.name, ""))
    assert code_key(registry.parse_spec("shuffled(method=contrastive(form=dense))")) == {"plugin": "abc"}


def test_an_installed_method_runs_and_its_whole_package_counts(site: Path, tmp_path: Path):
    failed = bench("check-method", "installed_loss", cwd=tmp_path, path=site)
    assert failed.returncode == 2 and "the package was run" in failed.stderr
    code = "from methods import plugins, registry; print(plugins.content_hash(registry.declared('installed_loss')))"

    def content() -> str:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.getcwd()])}
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout

    before = content()
    (site / "their_losses" / "__init__.py").write_text("")
    assert content() != before
    done = bench("check-method", "installed_loss", cwd=tmp_path, path=site)
    assert done.returncode == 0 and done.stdout.count("ok ") >= 7, done.stdout + done.stderr


def test_a_built_in_method_that_cannot_be_read_is_listed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "good.py").write_text(plain("good"))
    (tmp_path / "bad.py").write_text("class Bad(\n")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    registry._known.cache_clear()
    try:
        assert "good" in registry.names() and "bad.py" in registry.failures()["bad"]
    finally:
        registry._known.cache_clear()


def test_every_built_in_method_can_be_read():
    assert not set(registry.failures()) & {path.stem for path in registry.built_in_files()}
    assert "Contrastive" in declaring(plugins._tree(registry.FOLDER / "losses" / "contrastive.py"))


def test_an_installed_method_is_run_from_its_source_whatever_was_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import compileall

    package = tmp_path / "site" / "their_aged_losses"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VALUE = 1\n")
    stat = (package / "__init__.py").stat()
    assert compileall.compile_dir(package, quiet=1)
    (package / "__init__.py").write_text("VALUE = 2\n")
    os.utime(package / "__init__.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    before = sys.pycache_prefix, sys.dont_write_bytecode
    assert plugins._imported("their_aged_losses").VALUE == 2
    assert (sys.pycache_prefix, sys.dont_write_bytecode) == before


def test_every_file_of_an_installed_package_counts(site: Path, monkeypatch: pytest.MonkeyPatch):
    declaration = Declaration(**{**registry.declared("optical").__dict__, "source": "their_losses.good:Their",
                                 "module": "their_losses.good", "cls": "Their"})  # fmt: skip
    monkeypatch.syspath_prepend(str(site))
    before = plugins.content_hash(declaration)
    (site / "their_losses" / "table.json").write_text("[1]")
    changed = plugins.content_hash(declaration)
    (site / "their_losses" / "__pycache__").mkdir(exist_ok=True)
    (site / "their_losses" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert before != changed == plugins.content_hash(declaration)
