import pandas as pd
import pytest

from bench.data.sources.local.found.kinds import PairFile
from bench.data.sources.local.pairs import pairs
from bench.data.sources.local.problems import ERROR, WARNING, Problems
from bench.data.sources.local.texts.scripts import latin_share
from tests.own_data import LANGUAGES, jsonl, tsv, write

EXPECTED = [("the cat sleeps", "paka analala"), ("the dog eats", "mbwa anakula")]


def read(root, name, content, language="swh_Latn", english=None):
    write(root, {name: content} | ({f"{name}.english": english} if english is not None else {}))
    problems = Problems(root)
    file = PairFile(language, "mine", "", root / name, root / f"{name}.english" if english is not None else None)
    return list(pairs(file, LANGUAGES, problems)), problems.lines()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sw.tsv", tsv(*EXPECTED)),
        ("sw.tsv.gz", tsv(*EXPECTED)),
        ("sw.tsv", tsv(("english", "text"), *EXPECTED)),
        ("sw.tsv", tsv(("Swahili", "score", "en"), *((b, 1, a) for a, b in EXPECTED))),  # a first line gives the order
        ("sw.jsonl", jsonl(*({"english": a, "text": b} for a, b in EXPECTED))),
        ("sw.jsonl.gz", jsonl(*({"id": 1, "swh": b, "en": a} for a, b in EXPECTED))),
        ("sw.jsonl", jsonl(*({"translation": {"en": a, "sw": b}} for a, b in EXPECTED))),
    ],
)
def test_every_layout_gives_the_same_pairs(tmp_path, name, content):
    assert read(tmp_path, name, content) == (EXPECTED, [])


def test_parquet(tmp_path):
    pd.DataFrame(EXPECTED, columns=["en", "sw"]).to_parquet(tmp_path / "sw.parquet")
    problems = Problems(tmp_path)
    file = PairFile("swh_Latn", "mine", "", tmp_path / "sw.parquet")
    assert list(pairs(file, LANGUAGES, problems)) == EXPECTED and problems.lines() == []
    (tmp_path / "sw.parquet").write_bytes(b"no parquet")
    assert list(pairs(file, LANGUAGES, problems)) == []
    assert "cannot be read as parquet" in problems.lines()[0][2]


def test_moses_files_go_line_by_line(tmp_path):
    english = "".join(f"{a}\n" for a, _ in EXPECTED)
    assert read(tmp_path, "en-sw.sw", "".join(f"{b}\n" for _, b in EXPECTED), english=english) == (EXPECTED, [])


def test_moses_files_of_different_length_are_an_error(tmp_path):
    rows, said = read(tmp_path, "en-sw.sw", "moja\nmbili\n", english="one\ntwo\nthree\n")
    assert rows == [("one", "moja"), ("two", "mbili")]
    expected = "has 2 lines, its English side en-sw.sw.english has 3: line-aligned files have the same number"
    assert said == [(ERROR, "en-sw.sw", expected)]


def test_an_unreadable_line_shifts_nothing(tmp_path):
    rows, said = read(tmp_path, "en-sw.sw", b"moja\n\xff\ntatu\n", english="one\ntwo\nthree\n")
    assert rows == [("one", "moja"), ("three", "tatu")] and (ERROR, "en-sw.sw:2") in [row[:2] for row in said]


def test_wrong_columns_empty_sides_and_empty_lines(tmp_path):
    rows, said = read(tmp_path, "sw.tsv", "one\tmoja\ntwo\n\nthree\t \n\tnne\nfive\ttano\t5\n")
    assert rows == [("one", "moja")]
    assert said == [
        (ERROR, "sw.tsv:2", "has 1 columns, 2 are needed (English, then Swahili), or a first line that names them"),
        (ERROR, "sw.tsv:6", "has 3 columns, 2 are needed (English, then Swahili), or a first line that names them"),
        (WARNING, "sw.tsv:3", "is empty: left out"),
        (WARNING, "sw.tsv:4", "has an empty Swahili side: left out"),
        (WARNING, "sw.tsv:5", "has an empty English side: left out"),
    ]


def test_wrong_fields_and_what_is_no_json(tmp_path):
    rows = '{"en": "one", "sw": "moja"}\n{"en": "two", "de": "zwei"}\nthree\n[4]\n{"en": 5, "sw": "tano"}\n'
    _, said = read(tmp_path, "sw.jsonl", rows)
    places = [(level, place) for level, place, _ in said]
    assert places == [(ERROR, "sw.jsonl:2"), (ERROR, "sw.jsonl:5"), (ERROR, "sw.jsonl:3"), (ERROR, "sw.jsonl:4")]
    assert said[0][2] == "needs the texts 'english' (or 'en') and 'text' (or 'sw'); it has en, de"
    assert said[1][2].endswith("it has en (no text), sw")
    _, said = read(tmp_path, "sw.json", '[{"en": "one"}]\n')
    assert said[0][2] == "starts with an array: each line must hold one JSON object"


def test_exchanged_columns_are_seen_where_scripts_differ(tmp_path):
    _, said = read(tmp_path, "am.tsv", tsv(("ድመቷ ወተት ትጠጣለች", "the cat drinks milk")), "amh_Ethi")
    assert said[0][:2] == (ERROR, "am.tsv:1") and "exchange the columns" in said[0][2]
    assert read(tmp_path, "am.tsv", tsv(("the cat drinks milk", "ድመቷ ወተት ትጠጣለች")), "amh_Ethi")[1] == []


def test_a_file_without_a_pair_is_an_error(tmp_path):
    assert read(tmp_path, "sw.tsv", "")[1] == [(ERROR, "sw.tsv", "holds no pair")]


def test_latin_share():
    assert latin_share(["née 123!"]) == 1 and latin_share(["ab дг"]) == 0.5 and latin_share([]) == 0


REAL = [(f"the old {word} and the dog of the house", f"{word[::-1]} mzee na mbwa wa nyumba") for word in (
    "boat", "lamp", "stone", "river", "child", "bird", "king", "cat", "book", "moon", "salt", "bread")]  # fmt: skip
TURNED = [(b, a) for a, b in REAL]


def named_read(root, name, rows, english_first):
    write(root, {name: tsv(*rows)})
    problems = Problems(root)
    return list(pairs(PairFile("swh_Latn", "mine", "", root / name, None, english_first), LANGUAGES, problems)), problems.lines()


def test_the_order_of_columns_is_that_of_the_name_unless_the_texts_say_otherwise(tmp_path):
    assert named_read(tmp_path, "sw-en.tsv", TURNED, False) == (REAL, [])
    found, [(level, _, said)] = named_read(tmp_path, "sw-en.tsv", REAL, False)
    assert found == REAL and level == WARNING and "its first column is English" in said
    found, [(level, _, said)] = named_read(tmp_path, "sw-en.tsv", [("taa", "lamp"), ("paka", "cat")], False)
    assert found == [("lamp", "taa"), ("cat", "paka")] and level == WARNING and "too few to tell" in said


@pytest.mark.parametrize("english_first", [None, True])
def test_exchanged_columns_are_seen_within_one_script(tmp_path, english_first):
    assert named_read(tmp_path, "x.tsv", REAL, english_first) == (REAL, [])
    _, said = named_read(tmp_path, "x.tsv", TURNED, english_first)
    assert said[0][:2] == (ERROR, "x.tsv:1") and "exchange the columns" in said[0][2]


def test_exchanged_fields_and_moses_files_are_seen_too(tmp_path):
    _, said = read(tmp_path, "sw.jsonl", jsonl(*({"en": a, "sw": b} for a, b in TURNED)))
    assert said[0][0] == ERROR and "the other way round" in said[0][2]
    _, said = read(tmp_path, "en-sw.sw", "".join(f"{a}\n" for a, _ in REAL), english="".join(f"{b}\n" for _, b in REAL))
    assert said[0][0] == ERROR


@pytest.mark.parametrize("head", [("source", "target"), ("src", "tgt"), ("sentence1", "sentence2"),
                                  ("source_text", "target_text"), ("id", "english")])  # fmt: skip
def test_a_first_line_that_names_columns_and_no_language_is_asked_about(tmp_path, head):
    rows, said = read(tmp_path, "sw.tsv", tsv(head, *REAL))
    assert rows == [] and said[0][:2] == (ERROR, "sw.tsv:1") and "which do not say what is English" in said[0][2]


def test_two_single_words_before_sentences_are_told(tmp_path):
    rows, said = read(tmp_path, "sw.tsv", tsv(("Englisch", "Suaheli"), *REAL))
    assert len(rows) == len(REAL) + 1 and said[0][:2] == (WARNING, "sw.tsv:1") and "names of columns?" in said[0][2]


def test_csv_quotes_of_bitext_are_taken_off(tmp_path):
    rows, said = read(tmp_path, "sw.tsv", 'english\tswahili\n"the ""old"" man"\t"mzee ""yule"""\nthe dog\tmbwa\n')
    assert rows == [('the "old" man', 'mzee "yule"'), ("the dog", "mbwa")] and said[0][:2] == (WARNING, "sw.tsv:2")


def test_sides_of_invisible_characters_are_left_out_with_their_line(tmp_path):
    rows, said = read(tmp_path, "sw.tsv", "one\tmoja\ntwo\t\u200b\u2060\n")
    assert rows == [("one", "moja")]
    assert said == [(WARNING, "sw.tsv:2", "has a Swahili side of invisible characters alone: left out")]
