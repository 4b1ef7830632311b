"""Corpora and judgements that name a language: whose are they?"""

from __future__ import annotations

from dataclasses import replace

from bench.data.languages import Languages
from bench.data.sources.local.found.kinds import TaskFile, TaskFiles
from bench.data.sources.local.problems import Problems


def settled(task: TaskFiles, languages: Languages, problems: Problems) -> TaskFiles:
    """`task` with files for all where the language that they name has no queries.

    MTEB keeps a corpus and judgements for each language. But `it-corpus.jsonl` beside queries in Swahili alone is a corpus
    about IT, or in Italian; nobody searches it as one of Italian. It is told, and where nothing else serves the languages that
    are asked, it serves them all.
    """
    asked = set(task.languages())
    if not asked:
        return task
    files = list(task.files)
    english = languages.english.code
    for role in ("corpus", "qrels"):
        everyone = {"", english} if role == "corpus" else {""}
        for number, file in enumerate(files):
            if file.role != role or file.language in asked | everyone:
                continue
            name = languages.get(file.language).name
            if _unserved(files, role, asked, everyone):
                files[number] = replace(file, language="")
                said = f"names {name}, in which there are no queries: read as the {role} of all languages"
            else:
                said = f"is not used: it names {name}, in which there are no queries"
            problems.warning(file.path, 0, "language without queries", said)
        lacking = _unserved(files, role, asked, everyone) - (set() if role == "corpus" else {english})
        if lacking and any(file.role == role for file in files):
            names = ", ".join(languages.get(code).name for code in sorted(lacking))
            # Without a corpus nothing can be searched; queries without judgements are left out, which is told one by one.
            report = problems.error if role == "corpus" else problems.warning
            report(task.folder, 0, f"no {role} of a language", f"task {task.name} has no {role} for its queries in {names}")
    return replace(task, files=tuple(files))


def _unserved(files: list[TaskFile], role: str, asked: set[str], everyone: set[str]) -> set[str]:
    """Languages with queries that no file of this role is for."""
    served = {file.language for file in files if file.role == role}
    return set() if served & everyone else asked - served
