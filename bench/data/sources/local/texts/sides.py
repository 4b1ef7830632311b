"""Which column of a bitext file is English: what its name says, and what its texts say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.data.languages import Language
from bench.data.sources.local.found.kinds import PairFile
from bench.data.sources.local.problems import Problems
from bench.data.sources.local.texts.scripts import exchanged

SAMPLE = 400  # pairs on which it is judged
Row = tuple[int, str, str]  # line, one side, the other


def told_apart(rows: Iterator[Row], file: PairFile, language: Language, named: bool, problems: Problems) -> Iterator[Row]:
    """(line, English, other) of rows that come as (line, first column, second column).

    The texts decide where they tell: by script, or by the commonest English words. Where they do not, a name in the form
    `sw-en` says that English is second; without one it is first, as docs/your-data.md has it. A file whose texts contradict
    what its owner wrote is an error.

    Args:
        named: fields or a first line say which side is which; the rows are (line, English, other) already.
    """
    sample: list[Row] = []
    for row in rows:
        sample.append(row)
        if len(sample) == SAMPLE:
            break
    verdict = exchanged([row[1] for row in sample], [row[2] for row in sample], language.script)
    second_said = file.english_first is False and not named and file.english is None
    swap = second_said
    if verdict is not None and verdict != second_said:
        if second_said:
            said = f"its name says {language.name} first, but its first column is English: read as English, then {language.name}"
            problems.warning(file.path, 1, "order of columns", said)
            swap = False
        else:
            how = "exchange the columns, or name them in a first line (english, text)"
            what = f"what should be English is {language.name} and the other way round"
            problems.error(file.path, sample[0][0], "columns exchanged", f"{what}: {how}" if not named else what)
    elif second_said and verdict is None and sample:
        said = f"is read as {language.name}, then English, as its name says: its texts are too few to tell"
        problems.warning(file.path, 1, "order of columns", said)
    for part in (sample, rows):
        for line, first, second in part:
            yield (line, second, first) if swap else (line, first, second)


def many_single_words(rows: Sequence[Row]) -> bool:
    """Whether single words are usual in these rows, so that two of them are no names of columns."""
    single = sum(" " not in first.strip() and " " not in second.strip() for _, first, second in rows)
    return single > len(rows) / 5
