import pytest

from bench.data.sources.local.problems import ERROR, WARNING, Problems
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
    assert read(tmp_path, "empty.xml", "")[1] == [(ERROR, "empty.xml", "holds no <top> or <topic>")]
    assert read(tmp_path, "t.xml", "<topics>\n</topics>\n")[1] == [(ERROR, "t.xml", "holds no <top> or <topic>")]
    assert read(tmp_path, "t.tsv", "q1 what\n")[1] == [(ERROR, "t.tsv:1", "has 1 columns, 2 are needed (id, text)")]

COVID = """<topics>
<!-- <topic number="0"><query>taken out</query></topic> -->
<topic number="1">
<query>corona origin</query>
<question>what is the origin of it?</question>
<narrative>all of it</narrative>
</topic>
</topics>
"""


@pytest.mark.parametrize(
    ("content", "fields", "expected"),
    [
        ("<top><num>1</num><title>a <i>b</i> c <br/>d</title></top>", ("title",), "a b c d"),
        ("<top>\n<num> 1\n<title> x < 3 and y > 2\n<desc> no\n</top>", ("title",), "x < 3 and y > 2"),
        ("<topic number='1'><title><![CDATA[R&D <b> & more]]></title></topic>", ("title",), "R&D <b> & more"),
        ("<topic id=1><title>caf&eacute; &#233; &amp;lt;</title></topic>", ("title",), "café é &lt;"),
        ("<topic number=\"1\"><title>a <!-- no --> b</title></topic>", ("title",), "a b"),
        ("<topic number=\"1\"><query>q</query><subtopic number=\"1\">no</subtopic></topic>", ("title",), "q"),
        ("<topic number=\"1\"><question>Q?</question></topic>", ("title",), "Q?"),
        ("<topic number=\"1\"><query>q</query><question>Q?</question></topic>", ("question",), "Q?"),
        ("<topic number=\"1\"><note>n</note><summary>s <b>t</b></summary></topic>", ("summary",), "s t"),
        ("<topic number=\"1\">\n A woman of 45 with <b>pain</b>.\n</topic>", ("title",), "A woman of 45 with pain."),
        ("<TOPIC><NUM>1</NUM><TITLE>t</TITLE><DESC>d</DESC></TOPIC>", ("title", "desc"), "t d"),
        ("<top lang='sw'><num>1</num><sw-title>kichwa</sw-title><en-title>head</en-title></top>", ("title",), "kichwa"),
        ("<topic id='1'><title lang=\"en\">head</title><title lang=\"sw\">kichwa</title></topic>", ("title",), "kichwa"),
    ],
)  # fmt: skip
def test_the_whole_text_of_a_field(tmp_path, content, fields, expected):
    write(tmp_path, {"t.xml": content})
    problems = Problems(tmp_path)
    found = [(i, " ".join(text.split())) for _, i, text in queries(tmp_path / "t.xml", fields, problems, ("sw", "swh"))]
    assert found == [("1", expected)]


def test_tracks_that_call_the_title_otherwise(tmp_path):
    found, said = read(tmp_path, "t.xml", COVID)
    assert found == [("1", "corona origin")], "and what stands in a comment is none"
    assert said == [(WARNING, "t.xml:3", "has no <title>, but <query> and <question>: <query> is taken (topic_fields chooses)")]
    assert read(tmp_path, "t.xml", COVID, ("query",)) == ([("1", "corona origin")], [])


def test_fields_of_several_languages_are_asked_about(tmp_path):
    _, said = read(tmp_path, "t.xml", "<topic id='1'><title>one</title><title>two</title></topic>")
    assert said[0] == (ERROR, "t.xml:1", "is a topic with 2 <title>: of which language?")


def test_entities_of_its_own_are_refused_and_never_expanded(tmp_path):
    bomb = '<!DOCTYPE t [\n<!ENTITY a "&b;&b;">\n<!ENTITY b "boom">\n]>\n<topic number="1"><title>&a;</title></topic>\n'
    found, said = read(tmp_path, "t.xml", bomb)
    assert found == [("1", "&a;")] and [row[:2] for row in said[:2]] == [(ERROR, "t.xml:2"), (ERROR, "t.xml:3")]
    _, said = read(tmp_path, "u.xml", '<topic number="1"><title>a &dunno; b</title></topic>\n')
    assert said[:1] == [(WARNING, "u.xml:1", "holds &dunno;, which is not known: it is kept as text")]


@pytest.mark.parametrize(("rows", "expected"), [
    ("text\tid\nwhat\tq1\n", [("q1", "what")]), ("qid\tlang\tquery\nq1\tsw\twhat\n", [("q1", "what")]),
    ("number\ttopic_text\nq1\twhat\n", None),
])  # fmt: skip
def test_columns_of_queries_by_name(tmp_path, rows, expected):
    found, said = read(tmp_path, "t.tsv", rows)
    if expected is None:
        assert found == [] and said[0][:2] == (ERROR, "t.tsv:1") and "names columns" in said[0][2]
    else:
        assert (found, said) == (expected, [])
