import pandas as pd
import pytest

from bench.data.sources.local import task as module
from bench.data.sources.local.found.kinds import TaskFiles
from bench.data.sources.local.found.layout import find_task
from bench.data.sources.local.problems import ERROR, WARNING, Problems
from bench.data.sources.local.task import read_task
from tests.own_data import LANGUAGES, beir, documents, jsonl, queries, tsv, write


def read(root, files, codes=None, whole=True, **said):
    """Read the task in `files`: content and problems."""
    problems = Problems(root)
    found = find_task(write(root, files), LANGUAGES, problems, "news")
    one = TaskFiles(found.name, found.folder, found.files, **said)
    return read_task(one, codes, whole, problems, lambda line: None), problems.lines()


def rows(frame):
    return sorted(frame.itertuples(index=False, name=None))


def trec(topics="tsv"):
    files = {"collection.tsv": tsv(*((i, f"News {text}") for i, text in documents()))}
    for code in ("sw", "am"):
        files[f"topics.{code}.tsv"] = tsv(*queries(code))
    topic = "<top>\n<num> Number: {}\n<title> {}\n<desc> Description:\nall of it\n</top>\n"
    files["topics.en.txt"] = "".join(topic.format(*query) for query in queries("en"))
    files["qrels.test.txt"] = "".join(f"q{i} 0 d{i + k} {2 - k}\n" for i in range(10) for k in (0, 1))
    return files


def mteb():
    files = {}
    for code in ("sw", "am", "en"):
        files[f"{code}/corpus.jsonl"] = jsonl(*({"id": i, "title": "News", "text": text} for i, text in documents()))
        files[f"{code}/queries.jsonl"] = jsonl(*({"id": i, "text": text} for i, text in queries(code)))
        judged = [{"query-id": f"q{i}", "corpus-id": f"d{i + k}", "score": float(2 - k)} for i in range(10) for k in (0, 1)]
        files[f"{code}/qrels/test.jsonl"] = jsonl(*judged)
    return files


@pytest.mark.parametrize("files", [trec(), mteb()], ids=["trec", "mteb"])
def test_all_layouts_hold_the_same(tmp_path, files):
    expected, said = read(tmp_path / "beir", beir())
    assert said == []
    content, said = read(tmp_path / "other", files)
    assert said == [] and content.documents == expected.documents == 15
    for table in ("documents", "queries", "qrels"):
        assert rows(getattr(content.task, table)) == rows(getattr(expected.task, table)), table
    assert {"eng_Latn", "swh_Latn", "amh_Ethi"} == set(content.task.queries["language"])
    assert set(content.task.qrels["grade"]) == {1, 2}, "graded judgements are kept"
    assert set(content.task.queries["split"]) == {"test"}


def test_parquet_shards_as_mteb_publishes_them(tmp_path):
    for code in ("sw", "en"):
        for role, frame in {
            "corpus": pd.DataFrame(documents(), columns=["_id", "text"]).assign(title="News"),
            "queries": pd.DataFrame(queries(code), columns=["_id", "text"]),
            "qrels": pd.DataFrame([(f"q{i}", f"d{i}", 1.0) for i in range(10)], columns=["query-id", "corpus-id", "score"]),
        }.items():
            (tmp_path / f"{code}-{role}").mkdir()
            frame.to_parquet(tmp_path / f"{code}-{role}" / "test-00000-of-00001.parquet")
    content, said = read(tmp_path, {})
    assert said == [] and content.documents == 15 and len(content.task.queries) == 20
    assert content.task.documents["text"][0].startswith("News report 0")


def test_only_relevant_documents_are_kept_where_only_a_check_is_made(tmp_path):
    content, said = read(tmp_path, beir(count=3), whole=False)
    assert said == [] and content.documents == 15 and content.letters > 15 * 30
    assert set(content.task.documents["doc_id"]) == {"d0", "d1", "d2", "d3"}


def test_languages_that_are_not_asked_for_are_not_read(tmp_path):
    files = beir() | {"queries/de.jsonl": "no json\n"}
    content, said = read(tmp_path, files, codes=["swh_Latn"])
    assert said == [] and set(content.task.queries["language"]) == {"swh_Latn", "eng_Latn"}


def test_judgements_that_name_what_is_not_there(tmp_path):
    files = beir(("sw",))
    files["qrels/test.tsv"] += tsv(("q1", "nowhere", 1), ("q99", "d1", 1), ("q2", "gone", 0), ("q98", "missing", 1))
    _, said = read(tmp_path, files)
    assert said[-1][:2] == (WARNING, "qrels/test.tsv:22") and "'nowhere'" in said[-1][2] and "never found" in said[-1][2]
    assert said[:-1] == [
        (WARNING, "qrels/test.tsv:23", "judges query 'q99', which nobody asks: left out"),
        (WARNING, "qrels/test.tsv:25", "judges query 'q98', which nobody asks: left out"),
    ]


def test_queries_without_a_relevant_document_are_left_out(tmp_path):
    files = beir(("sw",))
    files["queries/sw.jsonl"] += jsonl({"_id": "new", "text": "x y"})
    files["qrels/test.tsv"] = files["qrels/test.tsv"].replace("q0\td0\t2\n", "q0\td0\t0\n").replace("q0\td1\t1\n", "q0\td1\t-1\n")
    content, said = read(tmp_path, files)
    assert [place for _, place, _ in said] == ["queries/sw.jsonl:1", "queries/sw.jsonl:11"]
    assert "q0" not in set(content.task.queries["query_id"]) and len(content.task.queries) == 9


def test_ids_that_occur_twice(tmp_path):
    files = beir(("sw", "am"))
    files["queries/sw.jsonl"] += jsonl({"_id": "q3", "text": "again"})
    repeated = {"_id": "d4", "title": "News", "text": documents()[4][1]}
    files["corpus.jsonl"] += jsonl({"_id": "d4", "text": "another text"}, repeated)
    files["qrels/test.tsv"] += tsv(("q1", "d1", 2), ("q1", "d2", 2))
    content, said = read(tmp_path, files)
    assert said == [
        (ERROR, "queries/sw.jsonl:11", "has the query id 'q3' of line 4"),
        (ERROR, "qrels/test.tsv:23", "gives q1 and d2 the grade 2, after 1 before"),
        (ERROR, "corpus.jsonl:16", "has the document id of line 5, with another text"),
        (WARNING, "qrels/test.tsv:22", "repeats the judgement of q1 and d1: left out"),
        (WARNING, "corpus.jsonl:17", "repeats the document of line 5: left out"),
    ]
    assert len(content.task.documents) == content.documents == 15


def test_rows_that_are_no_queries_documents_or_judgements(tmp_path):
    files = beir(("sw",))
    files["queries/sw.jsonl"] += '{"_id": "a b", "text": "x"}\n{"text": "x"}\n{"_id": "q20", "text": " "}\n'
    files["corpus.jsonl"] += '{"_id": "", "text": "x"}\n{"_id": "e1"}\n{"_id": "e2", "text": ""}\n'
    files["corpus.jsonl"] += '{"_id": 7, "title": "only", "text": null}\n'
    files["qrels/test.tsv"] += "q1\td1\n" + "q1\td5\thigh\n" + "q1\td6\t0.5\n" + "q1\td7\t1e9\n"
    content, said = read(tmp_path, files)
    by_place = {place: (level, text) for level, place, text in said}
    assert by_place["queries/sw.jsonl:11"] == (ERROR, "has white space in its id 'a b': run files cannot hold that")
    assert "has no _id or id" in by_place["queries/sw.jsonl:12"][1]
    assert by_place["queries/sw.jsonl:13"] == (WARNING, "has an empty text (query 'q20'): left out")
    assert by_place["corpus.jsonl:16"] == (ERROR, "has an empty id")
    assert "has no text or contents" in by_place["corpus.jsonl:17"][1]
    assert by_place["corpus.jsonl:18"][0] == WARNING
    assert by_place["qrels/test.tsv:22"][1] == "has 2 columns, not 3 like the first"
    assert all(f"qrels/test.tsv:{line}" in by_place for line in (23, 24, 25))
    assert ("7", "only") in rows(content.task.documents), "a title alone is a text"


def test_splits_come_from_queries_or_from_judgements(tmp_path):
    files = beir(("sw",))
    test = tsv(*((f"q{i}", f"d{i}", 1) for i in range(6)))
    dev = tsv(*((f"q{i}", f"d{i}", 1) for i in range(5, 10)))
    files |= {"qrels/test.tsv": test, "qrels/dev.tsv": dev}
    content, said = read(tmp_path / "a", files)
    assert content.task.queries["split"].value_counts().to_dict() == {"test": 6, "dev": 4}
    assert said == [(WARNING, "queries/sw.jsonl:6", "query 'q5' is judged in dev and test: it counts as test")]
    named = {"corpus.jsonl": files["corpus.jsonl"], "qrels.tsv": tsv(*((f"q{i}", f"d{i}", 1) for i in range(10)))}
    named |= {"queries/sw.dev.tsv": tsv(*queries("sw")[:4]), "queries/sw.test.tsv": tsv(*queries("sw")[4:])}
    content, said = read(tmp_path / "b", named)
    assert said == [] and content.task.queries["split"].value_counts().to_dict() == {"test": 6, "dev": 4}


def test_the_same_id_in_dev_and_test_is_two_questions(tmp_path):
    files = {
        "corpus.jsonl": beir()["corpus.jsonl"], "queries/sw.dev.tsv": "1\tswali la kwanza\n",
        "queries/sw.test.tsv": "1\tswali lingine\n", "qrels/dev.tsv": "1 0 d1 1\n", "qrels/test.tsv": "1 0 d2 2\n",
    }  # fmt: skip
    content, said = read(tmp_path, files)
    assert said == [] and rows(content.task.qrels) == [("dev", "swh_Latn", "1", "d1", 1), ("test", "swh_Latn", "1", "d2", 2)]


def test_english_takes_the_judgements_of_the_same_ids(tmp_path):
    files = beir(("sw", "en"))
    files["qrels/sw.test.tsv"] = files.pop("qrels/test.tsv")
    content, said = read(tmp_path, files)
    assert said == [] and "English queries take the judgements" in content.notes[0]
    assert len(content.task.queries) == 20 and set(content.task.qrels["language"]) == {"swh_Latn", "eng_Latn"}


def test_ids_that_do_not_agree_at_all(tmp_path):
    files = beir(("sw",)) | {"queries/sw.jsonl": jsonl({"_id": "other", "text": "x"})}
    _, said = read(tmp_path, files)
    assert (ERROR, "task news: no query has a relevant document: do the ids agree?") in [(level, text) for level, _, text in said]


def test_empty_files_are_errors(tmp_path):
    files = beir(("sw", "am")) | {"queries/am.jsonl": "", "qrels/dev.tsv": "query-id\tcorpus-id\tscore\n"}
    _, said = read(tmp_path, files)
    assert sorted(row[1:] for row in said) == [("qrels/dev.tsv", "holds no judgement"), ("queries/am.jsonl", "holds no query")]


def test_documents_in_another_script_are_told(tmp_path):
    files = beir(("sw",)) | {"corpus.jsonl": jsonl(*({"_id": f"d{i}", "text": f"ድመቷ ወተት ትጠጣለች {i}"} for i in range(15)))}
    _, said = read(tmp_path, files)
    assert said == [(WARNING, "corpus.jsonl", "its documents are hardly in Latin letters: the bench searches English ones")]


def test_progress_is_told_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TOLD", 10)
    told = []
    problems = Problems(tmp_path)
    read_task(find_task(write(tmp_path, beir()), LANGUAGES, problems), None, False, problems, told.append)
    assert told == ["corpus.jsonl: 10 documents"]


def told(files, root, **more):
    return {place: text for _, place, text in read(root, files, **more)[1]}


def test_values_that_are_no_texts_are_errors_with_their_line(tmp_path):
    files = beir(("sw",))
    wrong = {"_id": 1.0, "text": "x"}, {"_id": "e2", "text": ["a", "b"]}, {"_id": "e3", "title": {}, "text": "x"}
    files["corpus.jsonl"] += jsonl(*wrong)
    files["queries/sw.jsonl"] += jsonl({"_id": True, "text": "x"}, {"_id": "q88", "text": 1.5})
    files["qrels/dev.jsonl"] = jsonl({"query-id": "q1", "corpus-id": 1.0, "score": 1})
    by_place = told(files, tmp_path)
    assert by_place["corpus.jsonl:16"].startswith("_id is 1.0 (a number with a point)")
    assert "(a list)" in by_place["corpus.jsonl:17"] and "title is {} (an object)" in by_place["corpus.jsonl:18"]
    assert "_id is True" in by_place["queries/sw.jsonl:11"] and "text is 1.5" in by_place["queries/sw.jsonl:12"]
    assert by_place["qrels/dev.jsonl:1"].startswith("corpus-id is 1.0")


@pytest.mark.parametrize("grade", ["1_0", "１", "nan", "inf", "1.5", "128", "one", ""])
def test_what_is_no_grade(tmp_path, grade):
    files = beir(("sw",))
    files["qrels/test.tsv"] += f"q1\td9\t{grade}\n"
    assert "has the grade" in told(files, tmp_path)["qrels/test.tsv:22"]


def test_columns_of_judgements_and_documents_by_name(tmp_path):
    files = beir(("sw",)) | {"collection.tsv": tsv(("id", "text", "title"), *((i, text, "News") for i, text in documents()))}
    del files["corpus.jsonl"]
    files["qrels/test.tsv"] = tsv(("score", "corpus-id", "query-id"), *((1, f"d{i}", f"q{i}") for i in range(10)))
    content, said = read(tmp_path, files)
    assert said == [] and content.documents == 15 and content.task.documents["text"][0].startswith("News report 0")
    assert rows(content.task.qrels)[0] == ("test", "swh_Latn", "q0", "d0", 1)
    files["collection.tsv"] = tsv(("number", "passage_text"), *documents())
    files["qrels/test.tsv"] = tsv(("query-id", "document_id", "label"), ("q0", "d0", 1))
    by_place = told(files, tmp_path / "b")
    assert "names columns (number, passage_text)" in by_place["collection.tsv:1"]
    assert "names columns" in by_place["qrels/test.tsv:1"]


def test_titles_that_are_longer_than_their_texts_are_told(tmp_path):
    files = beir(("sw",)) | {"collection.tsv": tsv(*((i, text, "News") for i, text in documents()))}
    del files["corpus.jsonl"]
    assert "titles are the longer ones" in told(files, tmp_path)["collection.tsv:1"]


def test_judgements_of_a_corpus_that_is_another_one_altogether(tmp_path):
    files = beir(("sw",)) | {"qrels/test.tsv": tsv(*((f"q{i}", f"x{i}", 1) for i in range(10)))}
    _, said = read(tmp_path, files)
    assert (ERROR, "task news: no document that is called relevant is in the corpus: do the ids agree?") in [
        (level, text) for level, _, text in said
    ]


def test_an_empty_relevant_document_counts_as_never_found(tmp_path):
    files = beir(("sw",))
    empty = files["corpus.jsonl"].replace(documents()[3][1], "")
    files["corpus.jsonl"] = empty.replace('"title": "News", "text": ""', '"text": ""')
    content, said = read(tmp_path, files)
    assert [(level, place) for level, place, _ in said] == [(WARNING, "corpus.jsonl:4"), (WARNING, "qrels/test.tsv:7")]
    assert "never found" in said[1][2] and ("test", "swh_Latn", "q3", "d3", 2) in rows(content.task.qrels)


def test_copies_of_documents_are_counted_and_told_where_nobody_judged_them(tmp_path):
    files = beir(("sw",))
    same = [{"_id": f"copy{i}", "title": "News", "text": documents()[i][1].replace(" ", "  ", 1)} for i in (9, 14)]
    files["corpus.jsonl"] += jsonl(*same)
    by_place = told(files, tmp_path)
    assert by_place["corpus.jsonl:16"].startswith("2 documents have the text of another one (the first is here)")
    said = "2 queries have a copy of a relevant document that is not judged (query 'q8' is the first)"
    assert by_place["queries/sw.jsonl:9"].startswith(said)
    files["qrels/test.tsv"] += tsv(("q8", "copy9", 1), ("q9", "copy9", 1))
    assert set(told(files, tmp_path / "b")) == {"corpus.jsonl:16"}, "judged alike: which is found first decides nothing"


def test_queries_that_are_documents_are_told(tmp_path):
    files = beir(("sw",))
    known = dict(queries("sw"))
    files["corpus.jsonl"] += jsonl(*({"_id": i, "text": known[of]} for i, of in (("q3", "q3"), ("q4", "q4"), ("e", "q5"))))
    files["qrels/test.tsv"] += tsv(("q4", "q4", 1))
    by_place = told(files, tmp_path)
    assert by_place["queries/sw.jsonl:4"].startswith("1 queries have the id of a document: left out of their own ranking")
    assert "that is judged relevant to them: it stays" in by_place["queries/sw.jsonl:5"]
    assert "are word for word a document that is not judged relevant" in by_place["queries/sw.jsonl:6"]


def test_queries_that_were_not_translated_are_told(tmp_path):
    files = beir()
    files["queries/sw.jsonl"] = files["queries/en.jsonl"]
    _, said = read(tmp_path / "a", files)
    [found] = [line for line in said if "word for word the English ones" in line[2]]
    assert found[0] == WARNING and found[1] == "queries/sw.jsonl:1" and "10 of 10 queries of swh_Latn" in found[2]
    mixed = [*queries("en")[:1], *queries("sw")[1:]]
    files["queries/sw.jsonl"] = jsonl(*({"_id": i, "text": text} for i, text in mixed))
    assert not any("English ones" in line[2] for line in read(tmp_path / "b", files)[1]), "one of ten may be a name"


def test_questions_that_are_asked_twice_are_told(tmp_path):
    files = beir(("sw",))
    files["queries/sw.jsonl"] += jsonl({"_id": "q10", "text": dict(queries("sw"))["q2"].upper()})
    files["qrels/test.tsv"] += tsv(("q10", "d7", 1))
    said = told(files, tmp_path)["queries/sw.jsonl:11"]
    assert said.startswith("1 queries repeat the text of another one, 1 of them with other relevant documents")


def test_texts_of_another_language_than_the_name_says_are_told(tmp_path):
    files = beir(("sw", "am"))
    files["queries/am.jsonl"], files["queries/sw.jsonl"] = files["queries/sw.jsonl"], beir(("en",))["queries/en.jsonl"]
    files["corpus.jsonl"] = jsonl(*({"_id": f"d{i}", "text": f"mbwa {i} anakula mkate wa nyumbani kila siku"} for i in range(15)))
    by_place = told(files, tmp_path)
    assert by_place["queries/am.jsonl"] == "its queries are hardly in the script of amh_Ethi: is that their language?"
    assert by_place["queries/sw.jsonl"] == "its queries look English, its name says swh_Latn"
    assert by_place["corpus.jsonl"].startswith("its documents hold hardly a word of English")


def test_ids_with_invisible_characters_are_errors(tmp_path):
    files = beir(("sw",))
    files["corpus.jsonl"] += jsonl({"_id": "e\u200b1", "text": "x"})
    assert told(files, tmp_path)["corpus.jsonl:16"] == "has an invisible or control character in its id 'e\\u200b1'"


@pytest.mark.parametrize(("there", "judged"), [("d{}", "D{}"), ("{}", "00{}"), ("{}", "{}.0"), ("\u00e9{}", "e\u0301{}")])
def test_ids_that_differ_in_their_form_alone_are_errors(tmp_path, there, judged):
    files = beir(("sw",))
    files["corpus.jsonl"] = jsonl(*({"_id": there.format(i), "text": text} for i, (_, text) in enumerate(documents())))
    rows = [(f"q{i}", (judged if i == 7 else there).format(i), 1) for i in range(10)]
    files["qrels/test.tsv"] = tsv(("query-id", "corpus-id", "score"), *rows)
    _, [(level, place, said)] = read(tmp_path / "a", files)
    assert (level, place) == (ERROR, "qrels/test.tsv:9") and "relevant, which the corpus calls" in said
    files["corpus.jsonl"] += jsonl({"_id": judged.format(7), "text": "one of its own"})
    assert read(tmp_path / "b", files)[1] == [], "ids that are both there are two"


def test_ids_of_queries_in_another_form_are_errors(tmp_path):
    files = beir(("sw",))
    files["qrels/test.tsv"] = files["qrels/test.tsv"].replace("q3\t", "Q3\t")
    _, said = read(tmp_path, files)
    what = "judges query 'Q3', which is asked as 'q3': ids must agree letter for letter"
    assert (ERROR, "qrels/test.tsv:8", what) in said


def test_a_column_of_addresses_is_no_text_of_documents(tmp_path):
    files = beir(("sw",))
    del files["corpus.jsonl"]
    rows = [(i, text, f"https://news.example/{i}") for i, text in documents()]
    for name, turned in (("a", rows), ("b", [(i, url, text) for i, text, url in rows]), ("c", [(i, url) for i, _, url in rows])):
        said = told(files | {"collection.tsv": tsv(*turned)}, tmp_path / name)["collection.tsv:1"]
        assert "addresses of the web: name the columns in a first line" in said
    named = tsv(("id", "text", "url"), *rows)
    content, said = read(tmp_path / "d", files | {"collection.tsv": named})
    assert said == [] and not content.task.documents["text"].str.contains("http").any()
