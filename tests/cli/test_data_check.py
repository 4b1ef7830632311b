import sys

import pytest

from bench.cli import data_check, main
from tests.cli.test_app import bench, loaded
from tests.own_data import beir, bitext, collection, english, jsonl, tsv, write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


def checked(monkeypatch, capsys, *arguments):
    """Exit status and output of `bench data check`, white space at line ends dropped."""
    monkeypatch.setattr(sys, "argv", ["bench", "data", "check", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return ended.value.code, [line.rstrip() for line in (out + err).splitlines()]


def test_good_data_says_what_will_be_used(tmp_path):
    root = collection(tmp_path / "mine", {"news": beir(("sw", "am", "de", "en"))}, **{"bitext/web/sw.tsv": bitext("sw")})
    done = bench("data", "check", str(root))
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [], "a check loads nothing heavy"
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "language train pairs dev pairs news dev/test" in lines
    assert "swh_Latn Swahili 21 3 0/10" in lines and "deu_Latn German 0 0 0/10" in lines and lines.count("") > 1
    assert "task news: 15 documents" in lines
    assert "task news: an id is the same question in every language" in lines
    assert "source web: left out 24 (duplicate of the English side)" in lines
    assert "0 errors, 0 warnings: the data can be used" in lines


def test_every_problem_is_listed_with_file_and_line(tmp_path, monkeypatch, capsys):
    news = beir(("sw", "am"))
    news["qrels/test.tsv"] += tsv(("q1", "nowhere", 1), ("q77", "d1", 1))
    news["queries/sw.jsonl"] += jsonl({"_id": "q1", "text": "again"}, {"_id": "q9z", "text": "  "})
    root = collection(tmp_path / "mine", {"news": news}, **{
        "bitext/ha.tsv": b"\xef\xbb\xbfone\tdaya\r\ntwo\tbiyu\r\nbad \xff\tx\r\nthree\n", "bitext/klingon.tsv": "x\ty\n",
        "bitext/de.tsv": "".join(f"row {i}\n" for i in range(30))})  # fmt: skip
    status, lines = checked(monkeypatch, capsys, root, "--show", 3)
    assert status == 2
    said = [" ".join(line.split()) for line in lines]
    for expected in (
        "error bitext/klingon.tsv unknown language 'klingon'", "error bitext/ha.tsv:3 is not UTF-8: byte 5 is 0xff",
        "error bitext/ha.tsv:4 has 1 columns, 2 are needed (English, then Hausa), or a first line that names them",
        "error bitext/de.tsv:3 has 1 columns", "error bitext/de.tsv ... and 27 more: wrong number of columns",
        "error bitext/de.tsv holds no pair", "error tasks/news/queries/sw.jsonl:11 has the query id 'q1' of line 2",
        "warning tasks/news/qrels/test.tsv:22 calls document 'nowhere' relevant, which is not in the corpus",
        "warning bitext/ha.tsv:1 starts with a byte order mark: taken off",
        "warning bitext/ha.tsv:1 3 lines end in CR LF: the CR is taken off",
        "warning tasks/news/queries/sw.jsonl:12 has an empty text (query 'q9z'): left out",
        "warning tasks/news/qrels/test.tsv:23 judges query 'q77', which nobody asks: left out",
        "warning mine/ hau_Latn has bitext, and queries in no task: it is never measured",
    ):  # fmt: skip
        assert any(line.startswith(expected) for line in said), expected
    assert not any("de.tsv:4" in line for line in said)
    # 30 rows and no pair in German, the row and the byte of Hausa, Klingon, an id, a judgement.
    assert said[-1] == "35 errors, 6 warnings: nothing is used until the errors are gone"


def test_leaks_are_counted_with_examples(tmp_path, monkeypatch, capsys):
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw") + tsv((english(3), "siri"), (english(4), "nyingine"))})
    status, lines = checked(monkeypatch, capsys, root)
    assert status == 0
    said = " ".join(" ".join(lines).split())
    assert "2 pairs hold a query, a relevant document or a dev text and are left out (swh_Latn: 'the" in said
    assert "0 errors, 1 warning: the data can be used" in said


def test_what_cannot_become_a_suite_is_an_error_too(tmp_path, monkeypatch, capsys):
    root = collection(tmp_path / "mine", **{"bitext/sw.tsv": bitext("sw", 5)})
    status, lines = checked(monkeypatch, capsys, root)
    assert status == 2 and any("swh_Latn has 5 usable pairs and none for dev" in line for line in lines)


def test_tasks_in_english_alone_are_an_error(tmp_path, monkeypatch, capsys):
    status, lines = checked(monkeypatch, capsys, collection(tmp_path / "mine", {"news": beir(("en",))}))
    assert status == 2 and any("no task has queries in another language than English" in line for line in lines)


def test_a_language_of_which_no_pair_is_left_is_told(tmp_path, monkeypatch, capsys):
    same = "".join(f"sentence number {n} is here\tsentence number {n} is here\n" for n in range(30))
    status, lines = checked(monkeypatch, capsys, collection(tmp_path / "mine", **{"bitext/ha.tsv": same}))
    said = " ".join(" ".join(lines).split())
    assert status == 0 and "none of the 30 pairs of hau_Latn is left for training" in said
    assert "pairs of swh_Latn is left" not in said


def test_only_dev_queries_and_sizes_are_told(tmp_path, monkeypatch, capsys):
    news = beir(("sw", "am"))
    news["qrels/dev.tsv"] = news.pop("qrels/test.tsv")
    monkeypatch.setattr(data_check, "MEMORY", 100_000)
    status, lines = checked(monkeypatch, capsys, collection(tmp_path / "mine", {"news": news}))
    said = " ".join(" ".join(lines).split())
    assert status == 0 and "task news has no test queries: only evaluation.split=dev uses it" in said
    assert "late interaction needs a vector of every token" in said and "data.max_pairs takes fewer pairs" in said


def test_a_profile_is_checked_with_its_choices_and_its_languages(tmp_path, monkeypatch, capsys):
    root = collection(tmp_path / "mine", **{"bitext/tlh.tsv": bitext("tlh")})
    entry = "tlh_Latn: {name: Klingon, family: made up, script: Latn, sources: {}}"
    swahili = "swh_Latn: {name: Swahili, family: Bantu, script: Latn, iso639_1: sw, sources: {}}"
    amharic = "amh_Ethi: {name: Amharic, family: Semitic, script: Ethi, iso639_1: am, sources: {}}"
    write(tmp_path, {"languages.yaml": f"languages:\n  {entry}\n  {swahili}\n  {amharic}\n", "mine.yaml": (
        "name: x\ngrid: {methods: [untrained], sizes: [1]}\n"
        "data: {suite: mine, languages_file: languages.yaml, dev_share: 0.3, max_pairs: 7}\n")})  # fmt: skip
    status, lines = checked(monkeypatch, capsys, tmp_path / "mine.yaml")
    said = [" ".join(line.split()) for line in lines]
    assert status == 0 and "tlh_Latn Klingon 7 3 0/0" in said
    assert "task news: only test is named: 3 of 10 questions are held out for dev, by a hash of their ids" in said
    assert checked(monkeypatch, capsys, root)[0] == 2
    assert checked(monkeypatch, capsys, root, "--languages-file", tmp_path / "languages.yaml")[0] == 0


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("gone", None, "does not exist"),
        ("gone.yaml", None, "does not exist"),
        ("mine.yaml", "name: x\n", "uses the built-in suite"),
        ("mine.yaml", "data: {siute: x}\n", "did you mean 'suite'"),
    ],
)
def test_a_path_that_is_no_data(tmp_path, monkeypatch, capsys, path, content, expected):
    if content:
        write(tmp_path, {path: content})
    status, lines = checked(monkeypatch, capsys, tmp_path / path)
    assert status == 2 and lines[0].startswith("error: ") and expected in " ".join(lines)


def test_copies_of_data_of_the_hubs_are_checked_where_a_profile_names_their_folder(tmp_path, monkeypatch, capsys):
    write(tmp_path / "mine", {f"bitext/ntrex/{code}.tsv": bitext(code) for code in ("sw", "am")})
    write(tmp_path / "mine", {f"tasks/belebele/{path}": text for path, text in beir(("sw", "am", "en")).items()})
    profile = tmp_path / "p.yaml"
    profile.write_text("name: p\ngrid: {methods: [untrained], sizes: [2]}\ndata: {hubs: [ntrex, belebele]}\n")
    status, lines = checked(monkeypatch, capsys, profile)
    assert status == 2 and any("names data of the hubs alone" in line for line in lines)
    profile.write_text(profile.read_text().replace("belebele]", "belebele], folder: mine"))
    status, lines = checked(monkeypatch, capsys, profile)
    assert status == 0 and any("task belebele: 15 documents" in line for line in lines)
