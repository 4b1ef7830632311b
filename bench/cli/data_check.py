"""`bench data check`: everything that is wrong with data on disk, and what the bench will use of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.base.errors import BenchError
from bench.base.progress import tell
from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.settings import BUILTIN, Data
from bench.data.sources.collection import OwnData
from bench.data.sources.local.opening import open_local
from bench.data.sources.local.problems import ERROR, WARNING, Problems
from bench.data.sources.local.task import Content
from bench.data.sources.placed import placed
from bench.data.stored.pair_table import each_once, tally
from bench.data.stored.spool import Table
from bench.data.suite.keys import Choices
from bench.data.suite.own import Assembled, assemble
from bench.output.terminal.rows import Rows
from bench.retrieval.settings import Retrieval

DIMENSIONS = 384  # of the built-in encoder, for estimates of memory
LETTERS_PER_TOKEN = 4
MEMORY = 8e9  # bytes of token vectors from which on somebody should be told
STYLES = {ERROR: "bold red", WARNING: "yellow"}


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        problems: all that is wrong.
        contents: the tasks as read, with relevant documents only.
        made: the suite that comes of it, its documents only the relevant ones; None while there are errors.
        languages: to name codes.
    """

    problems: Problems
    contents: tuple[Content, ...]
    made: Assembled | None
    languages: Languages

    @property
    def errors(self) -> int:
        return self.problems.number(ERROR)


def check(path: Path, languages_file: Path | None, shown: int) -> Checked:
    """Read everything once, a corpus line by line, and make the suite as far as that needs no corpus.

    Args:
        path: a folder with `bitext/` and `tasks/`, or a profile.
        languages_file: replaces the profile's.
        shown: problems of one kind in a file that are told in words.

    Raises:
        BenchError: there is no such folder or file, or a profile that names no data on disk.
    """
    from bench.experiment.profile.file import data_section

    data = data_section(path) if path.suffix in (".yaml", ".yml") else Data(suite=str(path.absolute()))
    if not data.own:
        raise BenchError(f"the profile {path} uses the built-in suite", "name data of your own in it: data: {suite: FOLDER}")
    languages = Languages.load(languages_file or data.languages_file)
    data = placed(data, languages)
    if data.suite == BUILTIN and not (data.bitext or data.tasks):
        raise BenchError(
            f"the profile {path} names data of the hubs alone",
            "`bench data show NAME` reads those; data.folder names copies of them on disk",
        )
    folder = None if data.suite == BUILTIN else Path(data.suite)
    local = open_local(folder, data.bitext, data.tasks, languages, shown, merge=data.duplicates == "merge")
    problems = local.problems
    pairs, contents = local.content(None, False, problems, lambda line: None)  # which says itself how far it is
    _coverage(pairs, contents, problems)
    made = None
    if not problems.number(ERROR):
        try:
            notes = tuple(note for content in contents for note in content.notes)
            choices = Choices.of(data)
            made = assemble(OwnData(pairs, [content.task for content in contents], notes), choices, tell)
            _findings(made, contents, problems)
            _nothing_left(pairs, made, problems)
        except BenchError as error:
            problems.error(problems.root, 0, "cannot be made into a suite", str(error))
    return Checked(problems, tuple(contents), made, languages)


def text(checked: Checked) -> RenderableType:
    """Tables of what will be used, what was decided, and the problems at the end."""
    problems = checked.problems
    parts: list[RenderableType] = [_used(checked, checked.made)] if checked.made else []
    listed = Rows(())
    for level, place, message in problems.lines():
        listed.add(Text(level, style=STYLES[level]), place, message)
    parts += ["", listed] if problems.found else []
    errors, warnings = checked.errors, problems.number(WARNING)
    verdict = "nothing is used until the errors are gone" if errors else "the data can be used"
    style = "bold red" if errors else "bold green"
    parts += ["", Text(f"{_number(errors, 'error')}, {_number(warnings, 'warning')}: {verdict}", style=style)]
    return Group(*parts)


def _coverage(pairs: Table, contents: list[Content], problems: Problems) -> None:
    """Languages that can be trained and not measured."""
    queried = {code for content in contents for code in content.task.queries["language"]}
    for code in sorted({code for (code,) in tally(pairs, "language")} - queried):
        what = f"{code} has bitext, and queries in no task: it is never measured"
        problems.warning(problems.root, 0, "language without queries", what)
    if contents and not queried - {ENGLISH}:
        problems.error(problems.root, 0, "only English queries", "no task has queries in another language than English")


def _findings(made: Assembled, contents: list[Content], problems: Problems) -> None:
    if leaks := made.rejected["leak"]["pairs"]:
        shown = "; ".join(f"{language}: {english!r}" for language, english, _ in made.leaks)
        what = f"{leaks:,} pairs hold a query, a relevant document or a dev text and are left out ({shown} ...)"
        problems.warning(problems.root, 0, "leakage", what)
    for task, queries in made.frames["queries"].groupby("task"):
        if not (queries["split"] == "test").any():
            what = f"task {task} has no test queries: only evaluation.split=dev uses it"
            problems.warning(problems.root, 0, "no test queries", what)
    letters = sum(int(part["english"].str.len().sum()) for part in each_once(made.pairs))
    what = "the teacher encodes every English side and keeps all of its tokens"
    _memory(what, letters, 2, "data.max_pairs takes fewer pairs", problems)
    for content in contents:
        what = f"task {content.task.name}: late interaction needs a vector of every token of every document"
        if content.documents <= Retrieval().disk_above:  # more are searched on disk
            _memory(what, content.letters, 4, "set retrieval.documents to disk", problems)


def _nothing_left(pairs: Table, made: Assembled, problems: Problems) -> None:
    """Languages all of whose pairs fell to a rule: the same text on both sides, say."""
    left = tally(made.pairs, "language", "split")
    read: Counter[str] = Counter()
    for (code, split), count in tally(pairs, "language", "split").items():
        if split != "dev":
            read[code] += count
    for code, count in read.items():
        if not left[code, "train"]:
            what = f"none of the {count:,} pairs of {code} is left for training: what was left out, and why, stands above"
            problems.warning(problems.root, 0, "no pairs left", what)


def _memory(what: str, letters: int, size: int, advice: str, problems: Problems) -> None:
    needed = letters / LETTERS_PER_TOKEN * DIMENSIONS * size
    if needed > MEMORY:
        message = f"{what}, some {needed / 1e9:.0f} GB with {DIMENSIONS} dimensions: {advice}"
        problems.warning(problems.root, 0, "size", message)


def _used(checked: Checked, made: Assembled) -> RenderableType:
    tasks = list(made.parallel)
    heads = ("language", "train pairs", "dev pairs", *(f"{task} dev/test" for task in tasks))
    table = Rows(heads, right=range(1, len(heads)))
    for code, found in counts(made).items():
        row = [f"{code} {checked.languages.get(code).name}", f"{found['train_pairs']:,}", f"{found['dev_pairs']:,}"]
        table.add(*row, *(f"{asked['dev']:,}/{asked['test']:,}" for asked in found["queries"].values()))
    lines = [f"task {one.task.name}: {one.documents:,} documents" for one in checked.contents]
    lines += made.notes
    for source, left in made.rejected.items():
        if source != "leak":
            lines.append(f"source {source}: left out " + ", ".join(f"{count:,} ({why})" for why, count in left.items()))
    return Group(table, "", *map(Text, lines))


def counts(made: Assembled) -> dict[str, dict[str, Any]]:
    """Language -> `train_pairs`, `dev_pairs`, and `queries`: task -> `dev` and `test`. English comes last."""
    queries = made.frames["queries"]
    pairs = tally(made.pairs, "language", "split")
    asked = queries.groupby(["language", "task", "split"]).size()
    codes = sorted({*(code for code, _ in pairs), *queries["language"]}, key=lambda code: (code == ENGLISH, code))
    return {
        code: {
            **{f"{split}_pairs": pairs[code, split] for split in ("train", "dev")},
            "queries": {
                task: {split: int(asked.get((code, task, split), 0)) for split in ("dev", "test")} for task in made.parallel
            },
        }
        for code in codes
    }


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
