import pytest

from bench.data.sources.local.problems import ERROR, Problems
from bench.data.sources.local.topics import queries
from tests.own_data import write

TREC = """<top>
<num> Number: 401
<title> foreign minorities, Germany
<desc> Description:
What language and
cultural differences matter?
<narr> Narrative: all
</top>

<top>
<num> Number: 402
<title> behavioral genetics
</top>
"""
CLEF = """<?xml version="1.0" encoding="UTF-8"?>
<topics>
<topic lang="sw"><identifier>10/41-AH</identifier><title>Watoto &amp; vita</title><description>Kuhusu watoto.</description>
</topic>
<topic lang="sw">
 <identifier>10/42-AH</identifier>
 <title>Maji</title>
 <description>Kuhusu maji.</description>
</topic>
</topics>
"""
OLD_CLEF = "<top>\n<num> C041 </num>\n<EN-title> Pesticides in Baby Food </EN-title>\n<EN-desc> Reports. </EN-desc>\n</top>\n"
WEB = '<topic number="7" type="faceted"><query>kcs</query><title>kcs</title></topic>\n'


def read(root, name, content, fields=("title",)):
    write(root, {name: content})
    problems = Problems(root)
    return [(i, " ".join(text.split())) for _, i, text in queries(root / name, fields, problems)], problems.lines()


@pytest.mark.parametrize(
    ("name", "content", "fields", "expected"),
    [
        ("t.txt", TREC, ("title",), [("401", "foreign minorities, Germany"), ("402", "behavioral genetics")]),
        ("t.xml.gz", CLEF, ("title",), [("10/41-AH", "Watoto & vita"), ("10/42-AH", "Maji")]),
        ("t.xml", CLEF, ("title", "desc"), [("10/41-AH", "Watoto & vita Kuhusu watoto."), ("10/42-AH", "Maji Kuhusu maji.")]),
        ("t.sgml", OLD_CLEF, ("title",), [("C041", "Pesticides in Baby Food")]),
        ("t.xml", WEB, ("title",), [("7", "kcs")]),
        ("t.xml", WEB.strip() + WEB.replace("7", "8").strip(), ("title",), [("7", "kcs"), ("8", "kcs")]),  # all on one line
        ("t.tsv", "q1\twhat is it\nq2\twho\n", ("title",), [("q1", "what is it"), ("q2", "who")]),
        ("t.tsv", "query_id\ttext\nq1\twhat is it\n", ("title",), [("q1", "what is it")]),
        ("t.jsonl", '{"qid": 1, "query": "what"}\n', ("title",), [("1", "what")]),
    ],
)
def test_every_form_of_queries(tmp_path, name, content, fields, expected):
    assert read(tmp_path, name, content, fields) == (expected, [])


def test_a_topic_without_the_field_is_named_by_its_first_line(tmp_path):
    found, said = read(tmp_path, "t.txt", TREC, ("title", "desc"))
    assert [i for i, _ in found] == ["401"] and said == [(ERROR, "t.txt:10", "is a topic without <desc> (it has <title>)")]
    assert read(tmp_path, "u.xml", "<topic><title>x</title></topic>\n")[1] == [(ERROR, "u.xml:1", "is a topic without <num>")]


def test_what_holds_no_topic_or_has_other_columns(tmp_path):
    assert read(tmp_path, "t.xml", "<topics>\n</topics>\n")[1] == [(ERROR, "t.xml", "holds no <top> or <topic>")]
    assert read(tmp_path, "t.tsv", "q1 what\n")[1] == [(ERROR, "t.tsv:1", "has 1 columns, 2 are needed (id, text)")]
