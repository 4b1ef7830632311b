"""Pages of the docs site that are made from the code, so that they cannot go stale; a hook of MkDocs (mkdocs.yml).

Profile keys come from the pydantic schema, with the comments beside its fields; commands from the typer app; the Python
page lists what `bench` exports; the changelog and those files of results/ that pages link to are taken over as they are.
"""

from __future__ import annotations

import ast
import inspect
import posixpath
import re
import textwrap
from pathlib import Path
from typing import Any, get_args

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import bench
from bench.cli import app
from bench.experiment.profile.schema import Profile

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)")
EXPORTS = "<!-- what `bench` exports -->"


def comments(model: type[BaseModel]) -> dict[str, str]:
    """Field -> what the source says about it, in comments on the lines above and behind it."""
    source = textwrap.dedent(inspect.getsource(model))
    lines = source.splitlines()
    [body] = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above: list[str] = []
            at = node.lineno - 2
            while lines[at].strip().startswith("#"):
                above.insert(0, lines[at].strip())
                at -= 1
            behind = re.findall(r"\s(#\s.*)$", "\n".join(lines[node.lineno - 1 : node.end_lineno]), re.M)
            found[node.target.id] = " ".join(part.lstrip("# ") for part in (*above, *behind))
    return found


def models(kind: Any) -> list[type[BaseModel]]:
    """The sections that a type holds, such as `tuple[TaskEntry, ...]`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in get_args(kind) for model in models(part)]


def allowed(kind: Any) -> str:
    """A type as a reader of YAML knows it."""
    text = inspect.formatannotation(kind)
    text = re.sub(r"\b(?:typing|annotated_types|bench(?:\.\w+)+)\.", "", text)
    while (shorter := re.sub(r"Annotated\[([^\[\],]+(?:\[[^\[\]]*\])?[^\[\],]*),[^\[\]]*\]", r"\1", text)) != text:
        text = shorter
    text = re.sub(r"Literal\[([^\]]*)\]", lambda match: match[1].replace("'", "").replace(", ", " or "), text)
    text = re.sub(r"tuple\[(.*), \.\.\.\]", r"list of \1", text)
    for name, said in {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "dict": "mapping",
                       "None": "none", "LanguageList": "text", "Any": "any"}.items():  # fmt: skip
        text = re.sub(rf"\b{name}\b", said, text)
    return text.replace("|", "or")


def cell(text: str) -> str:
    """Text for a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def default(field: Any) -> str:
    """What holds where a profile says nothing."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "see there"
    shown = "none" if value is None else list(value) if isinstance(value, tuple) else value
    return f"`{shown}`" if shown != "" else "empty"


def opening(inner: list[type[BaseModel]]) -> str:
    """What a section is, in the first line of its own description."""
    return inspect.cleandoc(inner[0].__doc__ or "").partition("\n")[0] if inner else ""


def profile_page() -> str:
    """Every key that a profile may have."""
    out = ["# Profile keys", "", "For who writes or changes a profile. Made from the schema that checks it.", ""]
    waiting: list[tuple[str, type[BaseModel]]] = [("", Profile)]
    while waiting:
        prefix, model = waiting.pop(0)
        said = comments(model)
        if prefix:
            out += ["", f"## {prefix}", ""]
        out += [inspect.cleandoc(model.__doc__ or ""), "", "| key | value | default | meaning |", "| --- | --- | --- | --- |"]
        for name, field in model.model_fields.items():
            inner = models(field.annotation)
            key = f"{prefix}.{name}" if prefix else name
            waiting += [(key, one) for one in inner]
            kind = f"see [{key}](#{re.sub(r'[^a-z0-9_]', '', key.lower())})" if inner else f"`{cell(allowed(field.annotation))}`"
            out.append(f"| `{name}` | {kind} | {cell(default(field))} | {cell(said.get(name) or opening(inner))} |")
    return "\n".join(out) + "\n"


def command_lines(command: Any, path: str, level: int) -> list[str]:
    """A command, its options, and the commands below it."""
    out = ["", f"{'#' * level} {path}", "", inspect.cleandoc(command.help or ""), ""]
    rows = []
    for option in command.params:
        if getattr(option, "hidden", False) or "--help" in option.opts:
            continue
        if option.param_type_name == "argument":
            rows.append((f"`{(option.metavar or option.name).upper()}`", getattr(option, "help", None) or "", ""))
        else:
            names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
            value = "" if option.default in (None, False, ()) or callable(option.default) else f"`{option.default}`"
            rows.append((names, option.help or "", value))
    if rows:
        out += ["| option | meaning | default |", "| --- | --- | --- |"]
        out += [f"| {' | '.join(cell(part) for part in row)} |" for row in rows]
    for name, below in sorted(getattr(command, "commands", {}).items()):
        if not below.hidden:
            out += command_lines(below, f"{path} {name}", min(level + 1, 3))
    return out


def commands_page() -> str:
    """Every command with its options."""
    top: Any = typer.main.get_command(app)
    head = ["# Commands", "", "For who works on the command line. Made from the commands themselves; `bench --help` agrees."]
    return "\n".join(head + command_lines(top, "bench", 2)) + "\n"


def changelog_page() -> str:
    """CHANGELOG.md of the repository; its links point into docs/."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    said = text.replace("](docs/", "](").replace("](README.md", "](index.md")
    first = "For who updates: what has changed, and which results that makes stale."
    return said.replace("# Changelog\n", f"# Changelog\n\n{first}\n", 1)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the made pages, and the files of results/ that pages link to, directly or through each other."""
    made = {"reference/profile.md": profile_page(), "reference/commands.md": commands_page(), "changelog.md": changelog_page()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    waiting = [(page.src_uri, page.content_string) for page in files.documentation_pages()]
    seen: set[str] = set()
    while waiting:
        place, text = waiting.pop()
        for link in LINK.findall(_inward(text) if not place.startswith("results/") else text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(place), link))
            path = ROOT / target
            if target.startswith("results/reference/") and target not in seen and path.is_file():
                seen.add(target)
                files.append(File.generated(config, target, abs_src_path=str(path)))
                if path.suffix == ".md":
                    waiting.append((target, path.read_text(encoding="utf-8")))
    return files


def _inward(text: str) -> str:
    """Links that leave docs/ for the repository, as the site has them."""
    return text.replace("](../results/", "](results/").replace("](../README.md", "](index.md")


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links of the repository become those of the site; the list of exports is filled in."""
    if page.file.src_uri.startswith("results/"):
        return markdown
    exported = [getattr(bench, name) for name in getattr(bench, "__all__", ()) if not name.startswith("_")]
    listed = "\n\n".join(f"::: {one.__module__}.{one.__qualname__}" for one in exported)
    return _inward(markdown).replace(EXPORTS, listed)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """An empty head of a column, which names nothing, is an empty cell: a screen reader would announce it as a head."""
    return re.sub(r"<th(?: [^>]*)?></th>", "<td></td>", html)
