"""A task out of its files: queries with their splits, judgements that fit them, documents one at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.english import ENGLISH
from bench.data.languages import Languages
from bench.data.sources.collection import OwnTask, Progress, task_frames
from bench.data.sources.local.copies import Asked, tell_copies, tell_own, tell_repeated_queries, tell_untranslated
from bench.data.sources.local.documents import documents
from bench.data.sources.local.found.kinds import TaskFile, TaskFiles
from bench.data.sources.local.ids import Ids, differing, kept, plain
from bench.data.sources.local.judgements import judgements
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.scripts import HARDLY, SURE, english_share, latin_share, script_share
from bench.data.sources.local.topics import queries

SAMPLE = 1000  # documents whose script is looked at
TOLD = 1_000_000  # documents between two lines of progress


@dataclass(frozen=True)
class Query:
    """One query as its file has it."""

    language: str
    split: str  # of the file; "" where its name says none
    id: str
    text: str
    path: Path
    line: int


@dataclass
class Judged:
    """Judgements of one language, or of all ("")."""

    grades: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)  # query -> split of the file -> document -> grade
    places: dict[str, tuple[Path, int]] = field(default_factory=dict)  # query -> where it was first judged
    documents: dict[str, tuple[Path, int]] = field(default_factory=dict)  # document -> where it was first called relevant


@dataclass(frozen=True)
class Content:
    """What was read: the task, with all documents or only those called relevant, and number and letters of all."""

    task: OwnTask
    documents: int
    letters: int
    notes: tuple[str, ...]


def read_task(
    files: TaskFiles, codes: Collection[str] | None, whole: bool, problems: Problems, progress: Progress,
    languages: Languages | None = None, merge: bool = False,
) -> Content:  # fmt: skip
    """Read and check a task.

    Args:
        codes: languages to read, English always among them; None = all.
        languages: to tell fields of several languages in one topic apart.
        merge: documents of one text become one later on.
        whole: keep all documents; otherwise only the relevant ones, so that any number of them can be checked.
    """
    wanted = [file for file in files.files if codes is None or file.language in ("", ENGLISH, *codes)]
    asked = _queries([file for file in wanted if file.role == "queries"], files.topic_fields, languages, problems)
    judged = _judged([file for file in wanted if file.role == "qrels"], problems)
    rows, qrels, notes = _matched(files, asked, judged, problems)
    relevant = {document for *_, document, _ in qrels}
    corpora = [file.path for file in wanted if file.role == "corpus"]
    ids, gone, found, letters, forms = _documents(corpora, relevant, whole, problems, progress)
    number = len(ids) - len(gone)
    have = {identifier for identifier, _ in found}
    for one in judged.values():
        for document in sorted(one.documents.keys() & (relevant - have), key=lambda name: one.documents[name]):
            path, line = one.documents[document]
            if document in forms:
                here, there = differing(document, forms[document])
                what = f"calls document {here} relevant, which the corpus calls {there}: ids must agree letter for letter"
                problems.error(path, line, "id in another form", what)
                continue
            what = f"calls document {document!r} relevant, which is not in the corpus, or is empty there"
            problems.warning(path, line, "unknown document", f"{what}: it counts as never found, as in trec_eval")
    if relevant and not relevant & have:
        what = f"task {files.name}: no document that is called relevant is in the corpus: do the ids agree?"
        problems.error(files.folder, 0, "nothing fits", what)
    _tell(ids, gone, asked, rows, qrels, merge, problems)
    return Content(OwnTask(files.name, **task_frames(found, rows, qrels), parallel=files.parallel), number, letters, notes)


def _tell(
    ids: Ids, gone: list[int], asked: list[Query], rows: list[tuple[str, str, str, str]],
    qrels: list[tuple[str, str, str, str, int]], merge: bool, problems: Problems,
) -> None:  # fmt: skip
    """Report copies among documents and queries, of the queries that are used."""
    relevant: dict[tuple[str, str, str], list[str]] = {}
    for split, language, query, document, _ in qrels:
        relevant.setdefault((split, language, query), []).append(document)
    places = {(query.language, query.id, query.text): query for query in asked}
    by_language: dict[str, list[Asked]] = {}
    for split, language, query, text in rows:
        at = places[language, query, text]
        found = Asked(query, text, relevant[split, language, query], at.path, at.line)
        by_language.setdefault(f"{language} {split}", []).append(found)
    used = [one for queries in by_language.values() for one in queries]
    tell_copies(ids, gone, used, merge, problems)
    tell_own(ids, used, problems)
    tell_repeated_queries(by_language, problems)
    tell_untranslated(by_language, ENGLISH, problems)


def _names(code: str, languages: Languages | None) -> tuple[str, ...]:
    """What tags may call a language."""
    one = languages.get(code) if languages else None
    return tuple(filter(None, (code.lower(), code[:3], one.iso639_1 if one else "", *(one.aliases if one else ()))))


def _script(file: TaskFile, texts: list[str], problems: Problems) -> None:
    """Queries in another script than their language's, and queries that look English and should not be."""
    if script_share(texts, file.language[4:]) < 0.5:
        what = f"its queries are hardly in the script of {file.language}: is that their language?"
        problems.warning(file.path, 0, "another script", what)
    elif file.language != ENGLISH and (english_share(texts) or 0.0) >= SURE:
        problems.warning(file.path, 0, "English queries", f"its queries look English, its name says {file.language}")


def _queries(files: list[TaskFile], fields: tuple[str, ...], languages: Languages | None, problems: Problems) -> list[Query]:
    found: dict[tuple[str, str, str], Query] = {}
    for file in files:
        before = len(found)
        for line, identifier, text in queries(file.path, fields, problems, _names(file.language, languages)):
            query = Query(file.language, file.split, identifier, text, file.path, line)
            first = found.setdefault((file.language, file.split, identifier), query)
            if first is not query:
                place = f"line {first.line}" if first.path == file.path else f"{problems.name(first.path)}:{first.line}"
                problems.error(file.path, line, "duplicate id", f"has the query id {identifier!r} of {place}")
        if len(found) == before:
            problems.error(file.path, 0, "no query", "holds no query")
        else:
            _script(file, [query.text for query in list(found.values())[before : before + SAMPLE]], problems)
    return list(found.values())


def _judged(files: list[TaskFile], problems: Problems) -> dict[str, Judged]:
    """Judgements by language; those without a language are for all."""
    found: dict[str, Judged] = {}
    for file in files:
        one = found.setdefault(file.language, Judged())
        count = 0
        for line, query, document, grade in judgements(file.path, problems):
            count += 1
            one.places.setdefault(query, (file.path, line))
            grades = one.grades.setdefault(query, {}).setdefault(file.split, {})
            if grade > 0:
                one.documents.setdefault(document, (file.path, line))
            if document not in grades:
                grades[document] = grade
            elif grades[document] == grade:
                problems.warning(file.path, line, "repeated row", f"repeats the judgement of {query} and {document}: left out")
            else:
                what = f"gives {query} and {document} the grade {grade}, after {grades[document]} before"
                problems.error(file.path, line, "contradiction", what)
        if not count:
            problems.error(file.path, 0, "no judgement", "holds no judgement")
    return found


def _matched(
    files: TaskFiles, asked: list[Query], judged: dict[str, Judged], problems: Problems
) -> tuple[list[tuple[str, str, str, str]], list[tuple[str, str, str, str, int]], tuple[str, ...]]:
    """Rows of queries and judgements that fit each other; what does not is reported."""
    rows, qrels, notes = [], [], list[str]()
    used: dict[str, set[str]] = {}
    unjudged: dict[Path, list[Query]] = {}
    own = {code for code in judged if code}
    if ENGLISH not in judged and "" not in judged and own and any(query.language == ENGLISH for query in asked):
        # English queries beside judgements of each language: theirs are those of the same questions.
        judged = judged | {ENGLISH: _union(judged[code] for code in sorted(own))}
        notes.append(f"task {files.name}: its English queries take the judgements of the same ids in the other languages")
    for query in asked:
        scope = query.language if query.language in judged else ""
        by_split = judged[scope].grades.get(query.id, {}) if scope in judged else {}
        used.setdefault(scope, set()).add(query.id)
        split = query.split or _split(query, by_split, problems)
        grades = {doc: grade for of, part in by_split.items() if of in ("", split) for doc, grade in part.items() if grade > 0}
        if grades:
            rows.append((split, query.language, query.id, query.text))
            qrels += [(split, query.language, query.id, doc, grade) for doc, grade in grades.items()]
        else:
            unjudged.setdefault(query.path, []).append(query)
    for path, left in unjudged.items():
        for query in left:
            why = f"asks {query.id!r}, to which no document is called relevant: left out"
            problems.warning(path, query.line, "query without a relevant document", why)
    for scope, one in judged.items():
        forms = {plain(identifier): identifier for identifier in used.get(scope, ())}
        for identifier in sorted(one.places.keys() - used.get(scope, set()), key=lambda name: one.places[name]):
            path, line = one.places[identifier]
            if plain(identifier) in forms:
                here, there = differing(identifier, forms[plain(identifier)])
                what = f"judges query {here}, which is asked as {there}: ids must agree letter for letter"
                problems.error(path, line, "id in another form", what)
                continue
            problems.warning(path, line, "unknown query", f"judges query {identifier!r}, which nobody asks: left out")
    if asked and not rows:
        where = files.folder
        problems.error(where, 0, "nothing fits", f"task {files.name}: no query has a relevant document: do the ids agree?")
    return rows, qrels, tuple(notes)


def _split(query: Query, by_split: dict[str, dict[str, int]], problems: Problems) -> str:
    """The split of a query whose file names none: that of the file in which it is judged."""
    named = sorted(split for split in by_split if split)
    if len(named) > 1:
        what = f"query {query.id!r} is judged in {' and '.join(named)}: it counts as test"
        problems.warning(query.path, query.line, "judged in two splits", what)
    return named[-1] if named else ""


def _union(judged: Iterable[Judged]) -> Judged:
    whole = Judged()
    for one in judged:
        for query, splits in one.grades.items():
            for split, grades in splits.items():
                whole.grades.setdefault(query, {}).setdefault(split, {}).update(grades)
    return whole


def _documents(
    corpora: list[Path], relevant: set[str], whole: bool, problems: Problems, progress: Progress
) -> tuple[Ids, list[int], list[tuple[str, str]], int, dict[str, str]]:
    """What is known of all documents.

    Returns:
        Ids of all; numbers of those that repeat one; (id, text) of all (`whole`) or of the relevant ones; letters of all;
        relevant ids that occur in another form alone -> that form.
    """
    meant, forms = {plain(one): one for one in relevant}, dict[str, str]()
    ids, found, numbers, sample = Ids("document"), list[tuple[str, str]](), list[int](), list[str]()
    letters = 0
    for path in corpora:
        before = len(ids)
        for line, identifier, text in documents(path, problems):
            is_relevant = identifier in relevant
            if not is_relevant and (one := meant.get(plain(identifier))) is not None:
                forms[one] = identifier
            if whole or is_relevant:
                found.append((identifier, text))
                numbers.append(len(ids))
            if len(ids) < SAMPLE:
                sample.append(text[:SAMPLE])
            ids.add(identifier, text, path, line)
            letters += len(text)
            if len(ids) % TOLD == 0:
                progress(f"{problems.name(path)}: {len(ids):,} documents")
        if len(ids) == before:
            problems.error(path, 0, "no document", "holds no document")
    if sample and latin_share(sample) < 0.5:
        what = "its documents are hardly in Latin letters: the bench searches English ones"
        problems.warning(corpora[0], 0, "not English", what)
    elif (share := english_share(sample)) is not None and share < HARDLY:
        what = "its documents hold hardly a word of English (the, of, and): the bench searches English ones"
        problems.warning(corpora[0], 0, "not English", what)
    repeats = ids.repeats(problems)
    gone = set(repeats)
    return ids, repeats, kept(found, [at for at, number in enumerate(numbers) if number in gone]), letters, forms
