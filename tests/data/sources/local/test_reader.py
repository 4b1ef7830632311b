import os

import pytest

from bench.base.errors import BenchError
from bench.data.settings import BitextEntry, TaskEntry
from bench.data.sources.collection import PAIR_COLUMNS, TASK_COLUMNS
from bench.data.sources.local.opening import open_local
from tests.own_data import LANGUAGES, PAIRS, beir, bitext, collection, jsonl, opened, problems_of, queries, tsv, write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))


def listed(bitext=(), tasks=(), folder=None):
    entries = [BitextEntry.model_validate(one) for one in bitext]
    return open_local(folder, entries, [TaskEntry.model_validate(one) for one in tasks], LANGUAGES)


def read(reader, *codes):
    return reader.read(codes, lambda line: None)


def test_a_folder_is_outlined_by_names_and_read_by_languages(tmp_path):
    reader = opened(collection(tmp_path / "mine"))
    outline = reader.outline()
    assert outline.trainable == ("swh_Latn", "amh_Ethi")  # as the languages file lists them
    assert outline.queried == {"news": ("amh_Ethi", "eng_Latn", "swh_Latn")}
    data = read(reader, "swh_Latn")
    assert tuple(data.pairs.columns) == PAIR_COLUMNS and len(data.pairs) == PAIRS
    pairs = data.pairs.frame()
    assert set(pairs["language"]) == {"swh_Latn"} and set(pairs["source"]) == {"bitext"}
    [task] = data.tasks
    assert task.name == "news" and set(task.queries["language"]) == {"swh_Latn", "eng_Latn"}
    for name, columns in TASK_COLUMNS.items():
        assert tuple(getattr(task, name).columns) == columns


def test_languages_with_dev_files_alone_are_not_trainable(tmp_path):
    root = collection(tmp_path / "mine")
    os.rename(root / "bitext" / "am.tsv", root / "bitext" / "am.dev.tsv")
    assert opened(root).outline().trainable == ("swh_Latn",)


def test_a_key_follows_content_names_and_languages_but_not_the_place(tmp_path):
    one, two = collection(tmp_path / "one"), collection(tmp_path / "two" / "deeper")
    keys = [opened(root).key(["swh_Latn", "amh_Ethi"]) for root in (one, two)]
    assert keys[0] == keys[1] != opened(one).key(["swh_Latn"])
    for change in ("bitext/sw.tsv", "tasks/news/corpus.jsonl", "tasks/news/queries/sw.jsonl", "tasks/news/qrels/test.tsv"):
        before, path = opened(one).key(["swh_Latn"]), one / change
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert opened(one).key(["swh_Latn"]) != before, change
        path.write_bytes(content)
        assert opened(one).key(["swh_Latn"]) == before
    for old, new in (("tasks/news/qrels/test.tsv", "tasks/news/qrels/dev.tsv"), ("bitext/sw.tsv", "bitext/sw.dev.tsv")):
        os.rename(one / old, one / new)
        assert opened(one).key(["swh_Latn"]) != before, new
        os.rename(one / new, one / old)
    write(one, {"bitext/am.tsv": "changed", "tasks/news/queries/am.jsonl": "changed"})
    assert opened(one).key(["swh_Latn"]) == opened(two).key(["swh_Latn"]), "files of other languages do not matter"
    os.rename(one / "tasks" / "news", one / "tasks" / "other")
    assert opened(one).key(["swh_Latn"]) != opened(two).key(["swh_Latn"])


def test_an_edit_of_the_same_size_and_time_is_another_key(tmp_path):
    root = collection(tmp_path / "mine")
    for name in ("bitext/sw.tsv", "tasks/news/corpus.jsonl", "tasks/news/queries/sw.jsonl", "tasks/news/qrels/test.tsv"):
        path = root / name
        os.utime(path, ns=(1, 1))
        before, content = opened(root).key(["swh_Latn"]), path.read_bytes()
        path.write_bytes(content[:-3] + b"9" + content[-2:])
        os.utime(path, ns=(1, 1))
        assert opened(root).key(["swh_Latn"]) != before, name


def test_errors_refuse_to_read_warnings_do_not(tmp_path):
    root = collection(tmp_path / "mine", **{"bitext/de.tsv": "fine\tgut\r\n"})
    assert len(read(opened(root), "deu_Latn").pairs) == 1
    write(root, {"bitext/de.tsv": "one column\n", "tasks/news/queries/de.jsonl": "no json"})
    with pytest.raises(BenchError) as caught:
        read(opened(root), "deu_Latn")
    assert "bitext/de.tsv:1: has 1 columns" in caught.value.message and "queries/de.jsonl:1" in caught.value.message
    assert len(read(opened(root), "swh_Latn").pairs) == PAIRS, "what is not needed is not looked at"


def test_a_language_that_nobody_knows_refuses_the_outline(tmp_path):
    root = collection(tmp_path / "mine", **{"bitext/klingon.tsv": "x\ty\n"})
    with pytest.raises(BenchError, match="unknown language 'klingon'"):
        opened(root).outline()


def test_folders_that_are_no_collection(tmp_path):
    assert {text for _, _, text in problems_of(write(tmp_path, {"x/y.tsv": "z", "tasks/loose.tsv": "z"}))} == {
        "there is no bitext: bitext/sw.tsv, or en-sw.en beside en-sw.sw",
        "there is no task: tasks/<name>/ with corpus, queries and qrels",
        "is not used: every task has a folder of its own",
        "is not used: data lies in bitext/ and tasks/",
    }
    with pytest.raises(BenchError, match="does not exist"):
        opened(tmp_path / "gone")
    with pytest.raises(BenchError, match="is a file"):
        opened(tmp_path / "x" / "y.tsv")


def test_files_that_a_profile_lists_one_by_one(tmp_path):
    root = write(tmp_path / "any", {
        "a/pairs.tsv": bitext("sw"), "b/left": "one\ntwo\n", "b/right": "moja\nmbili\n",
        "docs.tsv": tsv(("d1", "text one"), ("d2", "text two")), "swahili.tsv": tsv(*queries("sw", 2)),
        "english.jsonl": jsonl(*({"_id": i, "text": text} for i, text in queries("en", 2))),
        "j": "q0 0 d1 1\n", "jdev": "q1 0 d2 3\n",
    })  # fmt: skip
    reader = listed(
        [{"path": str(root / "a/pairs.tsv"), "language": "Kiswahili", "source": "web"},
         {"path": str(root / "b/right"), "english": str(root / "b/left"), "language": "swh", "split": "dev"}],
        [{"name": "mine", "corpus": str(root / "docs.tsv"), "parallel": False,
          "queries": {"sw": str(root / "swahili.tsv"), "en": str(root / "english.jsonl")},
          "qrels": {"test": str(root / "j"), "dev": str(root / "jdev")}}],
    )  # fmt: skip
    assert reader.root == root
    data = read(reader, "swh_Latn")
    assert data.pairs.frame().groupby(["source", "split"]).size().to_dict() == {("web", ""): PAIRS, ("right", "dev"): 2}
    [task] = data.tasks
    assert task.parallel is False
    assert sorted(task.queries.itertuples(index=False, name=None))[0][:3] == ("dev", "eng_Latn", "q1")
    assert sorted(zip(task.qrels["split"], task.qrels["doc_id"], task.qrels["grade"], strict=True))[0] == ("dev", "d2", 3)


def test_lists_add_to_a_folder_and_replace_its_tasks(tmp_path):
    root = collection(tmp_path / "mine")
    write(tmp_path, {f"else/{name}": text for name, text in beir(("sw",), 3).items()} | {"web/de.tsv": "good\tgut\n"})
    reader = listed([str_entry(tmp_path / "web")], [{"path": str(tmp_path / "else"), "name": "news"}], root)
    assert set(reader.outline().trainable) == {"swh_Latn", "amh_Ethi", "deu_Latn"}
    assert reader.outline().queried == {"news": ("swh_Latn",)}
    only = listed([str_entry(root / "bitext") | {"language": "am", "source": "mine"}], [{"path": str(root / "tasks/news")}])
    assert [(one.language, one.source) for one in only.pair_files] == [("amh_Ethi", "mine")]


def str_entry(path):
    return {"path": str(path)}


@pytest.mark.parametrize(
    ("bitext", "tasks", "expected"),
    [
        ([{"path": "{root}/a/pairs.tsv"}], [], "which language is 'pairs.tsv'"),
        ([{"path": "{root}/a/pairs.tsv", "language": "swahilli"}], [], "did you mean 'Swahili'"),
        ([{"path": "{root}/gone.tsv"}], [], "does not exist"),
        ([], [{"corpus": "{root}/a/pairs.tsv"}], "a task without a name"),
        ([], [{"name": "x", "corpus": "{root}/a/pairs.tsv", "queries": {"xx": "{root}/a/pairs.tsv"}}], "unknown language 'xx'"),
    ],
)
def test_entries_that_say_too_little(tmp_path, bitext, tasks, expected):
    root = write(tmp_path, {"a/pairs.tsv": "one\tmoja\n"})

    def placed(value):
        if isinstance(value, dict):
            return {key: placed(inner) for key, inner in value.items()}
        return value.format(root=root)

    with pytest.raises(BenchError) as caught:
        listed([placed(one) for one in bitext], [placed(one) for one in tasks])
    assert expected in str(caught.value)


def test_a_listed_task_tells_what_it_lacks(tmp_path):
    root = write(tmp_path, {"c.tsv": "d1\ttext\n"})
    reader = listed([], [{"name": "x", "corpus": [str(root / "c.tsv")]}])
    assert {text for _, _, text in reader.problems.lines()} >= {
        "task x has no queries (queries/sw.jsonl, topics.sw.tsv)", "task x has no qrels (qrels/test.tsv, qrels.txt)"
    }  # fmt: skip
