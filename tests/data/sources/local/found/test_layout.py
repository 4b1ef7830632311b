from bench.data.sources.local.found.layout import find_pairs, find_task, stem
from bench.data.sources.local.problems import ERROR, WARNING, Problems
from tests.own_data import LANGUAGES, write


def pairs_in(root, *names, source=""):
    write(root, dict.fromkeys(names, "x"))
    problems = Problems(root)
    found = find_pairs(root, LANGUAGES, problems, source)
    rows = [(one.language, one.source, one.split, one.path.name, one.english and one.english.name) for one in found]
    return rows, problems.lines()


def test_one_file_a_language_folders_are_sources(tmp_path):
    names = ("sw.tsv", "am.train.jsonl.gz", "am.valid.jsonl", "europarl/de.tsv", "README.md", ".cache/x.tsv")
    rows, said = pairs_in(tmp_path, *names)
    assert rows == [
        ("amh_Ethi", "bitext", "dev", "am.valid.jsonl", None),
        ("amh_Ethi", "bitext", "train", "am.train.jsonl.gz", None),
        ("deu_Latn", "europarl", "", "de.tsv", None),
        ("swh_Latn", "bitext", "", "sw.tsv", None),
    ] and said == []


def test_moses_files_find_their_english_side(tmp_path):
    names = ("en-sw.en", "en-sw.sw", "Tatoeba.en-am.en.gz", "Tatoeba.en-am.am.gz", "sw-en.dev.en", "sw-en.dev.sw")
    rows, said = pairs_in(tmp_path, *names)
    assert rows == [
        ("amh_Ethi", "Tatoeba", "", "Tatoeba.en-am.am.gz", "Tatoeba.en-am.en.gz"),
        ("swh_Latn", "bitext", "", "en-sw.sw", "en-sw.en"),
        ("swh_Latn", "bitext", "dev", "sw-en.dev.sw", "sw-en.dev.en"),
    ] and said == []


def test_a_source_that_a_profile_names_comes_first(tmp_path):
    rows, _ = pairs_in(tmp_path, "sw.tsv", "web/am.tsv", source="mine")
    assert [source for _, source, *_ in rows] == ["mine-web", "mine"]


def test_names_of_bitext_that_say_too_little(tmp_path):
    rows, said = pairs_in(tmp_path, "klingon.tsv", "en.tsv", "sw.test.tsv", "en-am.am", "en-de.en", "notes.pdf")
    assert rows == []
    levels = {place: (level, text) for level, place, text in said}
    assert levels["klingon.tsv"][0] == ERROR and "unknown language 'klingon'" in levels["klingon.tsv"][1]
    assert levels["en.tsv"] == (ERROR, "names English alone: which language is its other side?")
    assert levels["en-am.am"] == (ERROR, "has no English side beside it (en-am.en)")
    assert levels["en-de.en"][0] == ERROR and "without the other language" in levels["en-de.en"][1]
    assert levels["sw.test.tsv"][0] == WARNING and levels["notes.pdf"][0] == WARNING


def task_in(root, *names):
    write(root, dict.fromkeys(names, "x"))
    problems = Problems(root)
    task = find_task(root, LANGUAGES, problems, "news")
    rows = sorted((one.role, one.language, one.split, one.path.relative_to(root).as_posix()) for one in task.files)
    return rows, problems.lines()


def test_beir(tmp_path):
    rows, said = task_in(tmp_path, "corpus.jsonl.gz", "queries/sw.jsonl", "queries/en.jsonl", "qrels/test.tsv", "qrels/dev.tsv")
    assert rows == [
        ("corpus", "", "", "corpus.jsonl.gz"),
        ("qrels", "", "dev", "qrels/dev.tsv"),
        ("qrels", "", "test", "qrels/test.tsv"),
        ("queries", "eng_Latn", "", "queries/en.jsonl"),
        ("queries", "swh_Latn", "", "queries/sw.jsonl"),
    ] and said == []


def test_trec(tmp_path):
    rows, said = task_in(tmp_path, "collection.tsv", "topics.sw.xml", "topics.am.dev.txt", "qrels.txt", "README.txt")
    assert rows == [
        ("corpus", "", "", "collection.tsv"),
        ("qrels", "", "", "qrels.txt"),
        ("queries", "amh_Ethi", "dev", "topics.am.dev.txt"),
        ("queries", "swh_Latn", "", "topics.sw.xml"),
    ] and said == []


def test_mteb_folders_and_shards(tmp_path):
    rows, said = task_in(
        tmp_path, "sw/corpus.jsonl", "sw/queries.jsonl", "sw/qrels/test.tsv", "am-corpus/test-00000-of-00001.parquet",
        "am-queries/train-00000-of-00001.parquet", "am-qrels/test-00000-of-00001.parquet",
    )  # fmt: skip
    assert rows == [
        ("corpus", "amh_Ethi", "", "am-corpus/test-00000-of-00001.parquet"),
        ("corpus", "swh_Latn", "", "sw/corpus.jsonl"),
        ("qrels", "amh_Ethi", "test", "am-qrels/test-00000-of-00001.parquet"),
        ("qrels", "swh_Latn", "test", "sw/qrels/test.tsv"),
        ("queries", "amh_Ethi", "", "am-queries/train-00000-of-00001.parquet"),
        ("queries", "swh_Latn", "", "sw/queries.jsonl"),
    ] and said == []


def test_what_is_not_used_and_what_lacks(tmp_path):
    names = ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "queries/klingon.tsv", "stuff.tsv", "corpus.doc")
    rows, said = task_in(tmp_path, *names)
    assert rows == [("corpus", "", "", "corpus.jsonl"), ("queries", "eng_Latn", "", "queries.jsonl")]
    texts = {place: (level, text) for level, place, text in said}
    assert texts["queries/klingon.tsv"][0] == ERROR and "unknown language 'klingon'" in texts["queries/klingon.tsv"][1]
    assert texts["queries.jsonl"] == (WARNING, "names no language: its queries are taken as English, as in BEIR")
    assert "trains on bitext" in texts["qrels/train.tsv"][1]
    assert texts["stuff.tsv"] == (WARNING, "is not used: no role in its name")
    assert ".doc is none of" in texts["corpus.doc"][1]
    assert texts[f"{tmp_path.name}/"] == (ERROR, "task news has no qrels (qrels/test.tsv, qrels.txt)")


def test_a_task_needs_a_name_that_files_and_tables_can_hold(tmp_path):
    problems = Problems(tmp_path)
    for name in ("my task", "mean", "a.b", "=1+1", "a|b", "<b>"):
        find_task(write(tmp_path / name, {"corpus.tsv": "x", "queries.sw.tsv": "x", "qrels.txt": "x"}), LANGUAGES, problems)
    assert problems.number(ERROR) == 6


def test_stem(tmp_path):
    assert [stem(tmp_path / name) for name in ("sw.tsv.gz", "sw.dev.tsv", "plain")] == ["sw", "sw.dev", "plain"]


TASK = ("corpus.jsonl", "queries/sw.jsonl", "qrels/test.tsv")


def test_a_corpus_of_a_language_that_nobody_asks_in_is_for_all(tmp_path):
    rows, said = task_in(tmp_path, "it-corpus.jsonl", "queries/sw.jsonl", "queries/am.jsonl", "qrels/test.tsv")
    assert ("corpus", "", "", "it-corpus.jsonl") in rows
    what = "names Italian, in which there are no queries: read as the corpus of all languages"
    assert said == [(WARNING, "it-corpus.jsonl", what)]
    rows, said = task_in(tmp_path / "b", *TASK[:2], "is.qrels.tsv")
    assert ("qrels", "", "", "is.qrels.tsv") in rows and "names Icelandic" in said[0][2]


def test_a_further_corpus_of_such_a_language_is_not_used(tmp_path):
    _, said = task_in(tmp_path, *TASK, "it-corpus.jsonl", "or.qrels.tsv")
    assert [place for _, place, text in said if "is not used: it names" in text] == ["it-corpus.jsonl", "or.qrels.tsv"]


def test_every_language_needs_a_corpus_and_judgements(tmp_path):
    names = ("sw-corpus.jsonl", "sw-qrels.tsv", "queries/sw.jsonl", "queries/am.jsonl", "queries/en.jsonl")
    _, said = task_in(tmp_path, *names)
    place = f"{tmp_path.name}/"
    assert said == [(ERROR, place, "task news has no corpus for its queries in Amharic, English"),
                    (WARNING, place, "task news has no qrels for its queries in Amharic")]  # fmt: skip


def test_names_of_tracks_are_no_languages(tmp_path):
    names = ("collection.tsv", "topics.robust04.301-450.601-700.sw.txt", "topics.covid-round1.en.xml", "qrels.robust04.txt")
    rows, said = task_in(tmp_path, *names)
    assert [row[:2] for row in rows] == [("corpus", ""), ("qrels", ""), ("queries", "eng_Latn"), ("queries", "swh_Latn")]
    assert said == []
    rows, said = task_in(tmp_path / "b", "collection.tsv", "topics.robust04.txt", "qrels.robust04.txt")
    assert ("queries", "eng_Latn", "", "topics.robust04.txt") in rows and "taken as English" in said[0][2]


def test_what_may_be_meant_as_a_language_is_asked_for(tmp_path):
    for number, name in enumerate((
        "topics.covid.txt", "qrels.swahilli.txt", "queries/klingon.jsonl", "queries/qq-XQ.jsonl", "queries/sw-Arab-KE.jsonl",
    )):  # fmt: skip
        _, said = task_in(tmp_path / str(number), "corpus.jsonl", "queries/sw.jsonl", "qrels.tsv", name)
        assert [(level, place) for level, place, text in said if "unknown language" in text] == [(ERROR, name)]


def test_english_of_a_region_is_english(tmp_path):
    rows, said = task_in(tmp_path, "corpus.jsonl", "queries/sw.jsonl", "queries/en-CA.jsonl", "qrels.tsv")
    assert ("queries", "eng_Latn", "", "queries/en-CA.jsonl") in rows
    assert said[0][:2] == (WARNING, "queries/en-CA.jsonl") and "read as English of a region" in said[0][2]
    _, said = pairs_in(tmp_path / "b", "en-CA.tsv")
    assert said == [(ERROR, "en-CA.tsv", "names English alone: which language is its other side?")]


def test_forms_that_are_not_read_are_errors_where_a_name_says_that_they_are_data(tmp_path):
    _, said = pairs_in(tmp_path, "sw.csv", "en-am.tmx", "ha.tsv.zst", "notes.csv", "som.txt")
    levels = {place: level for level, place, _ in said}
    assert levels == {"sw.csv": ERROR, "en-am.tmx": ERROR, "ha.tsv.zst": ERROR, "notes.csv": WARNING, "som.txt": ERROR}
    _, said = task_in(tmp_path / "b", *TASK, "corpus.csv", "qrels/dev.tsv.xz", "pictures.zip")
    levels = {place: level for level, place, _ in said}
    assert levels == {"corpus.csv": ERROR, "qrels/dev.tsv.xz": ERROR, "pictures.zip": WARNING}
