from bench.data.suite.tasks.faq import answers, faq_task, find_questions, withheld

LONG = "Scratch is used by people from all backgrounds in all countries around the world"
ENGLISH = {
    "www/faq/faq.whoTitle": "Who uses Scratch?",
    "www/faq/faq.whoBody1": "Scratch is used by <b>people</b> from all backgrounds.",
    "www/faq/faq.whoBody2": "Even by grown-ups.",
    "www/guidelines/guidelines.respectheader": "Treat everyone with respect.",
    "www/guidelines/guidelines.respectbody": "Scratchers have diverse backgrounds, interests and identities.",
    "www/teacher/faq.whoTitle": "Who uses Scratch",
    "www/teacher/faq.whoBody": "Teachers of all subjects and levels do.",
    "www/faq/faq.aboutTitle": "General Questions",
    "www/faq/faq.shortTitle": "Is it free?",
    "www/faq/faq.shortBody": "Yes, it is.",
    "www/annual-report-2020/report.introTitle": "A year of play",
    "www/annual-report-2020/report.introBody": LONG,
    "www/about/about.text": "Scratch is a place where young people learn to think creatively and reason together.",
    "editor/interface/gui.text": "This long text of the editor has more than twelve words but is no site text.",
}
SWAHILI = ENGLISH | {
    "www/faq/faq.whoBody1": "Scratch hutumiwa na watu wa asili zote.",
    "www/teacher/faq.whoTitle": "Nani anatumia Scratch?",
    "www/guidelines/guidelines.respectheader": "Mtendee kila mtu kwa heshima.",
}
TEXTS = {"eng_Latn": ENGLISH, "swh_Latn": SWAHILI}


def test_questions_are_headings_with_an_answer_of_five_words() -> None:
    found = find_questions(ENGLISH)
    assert [question.title.rpartition("/")[2] for question in found] == [
        "faq.whoTitle", "guidelines.respectheader", "faq.whoTitle",
    ]  # fmt: skip
    assert found[0].bodies == ("www/faq/faq.whoBody1", "www/faq/faq.whoBody2")


def test_all_keys_of_questions_answers_and_other_documents_are_withheld() -> None:
    keys = withheld(ENGLISH, find_questions(ENGLISH))
    assert {"www/faq/faq.whoTitle", "www/faq/faq.whoBody2", "www/teacher/faq.whoBody", "www/about/about.text"} <= keys
    assert not keys & {"www/faq/faq.aboutTitle", "www/faq/faq.shortTitle", "editor/interface/gui.text"}


def test_one_question_in_five_is_for_dev_the_same_in_all_languages() -> None:
    many = {
        f"www/faq/faq.q{n}{part}": text
        for n in range(200)
        for part, text in (("Title", f"Is question {n} asked?"), ("Body", f"Answer {n} has more than five words."))
    }
    swahili = {name: f"sw {text}" for name, text in many.items()}
    task = faq_task({"eng_Latn": many, "swh_Latn": swahili}, find_questions(many))
    split = {language: {row[2]: row[0] for row in task.queries if row[1] == language} for language in ("eng_Latn", "swh_Latn")}
    assert split["eng_Latn"] == split["swh_Latn"] and len(split["eng_Latn"]) == 200
    assert 25 < list(split["eng_Latn"].values()).count("dev") < 55


def test_documents_are_answers_and_long_texts_of_the_site() -> None:
    task = faq_task(TEXTS, find_questions(ENGLISH))
    assert sorted(task.documents.values()) == sorted([
        "Scratch is used by people from all backgrounds. Even by grown-ups.",
        ENGLISH["www/guidelines/guidelines.respectbody"],
        ENGLISH["www/teacher/faq.whoBody"],
        LONG,
        ENGLISH["www/about/about.text"],
    ])  # fmt: skip


def test_equal_questions_are_merged_and_untranslated_ones_are_not_asked() -> None:
    task = faq_task(TEXTS, find_questions(ENGLISH))
    english = [row[2:] for row in task.queries if row[1] == "eng_Latn"]
    swahili = [row[2:] for row in task.queries if row[1] == "swh_Latn"]
    assert sorted(text for _, text in english) == ["Treat everyone with respect.", "Who uses Scratch?"]
    assert sorted(text for _, text in swahili) == ["Mtendee kila mtu kwa heshima.", "Nani anatumia Scratch?"]
    assert {query for query, _ in english} == {query for query, _ in swahili}
    who = next(query for query, text in swahili if text.startswith("Nani"))
    judged = {task.documents[row[3]] for row in task.qrels if row[1] == "swh_Latn" and row[2] == who}
    assert judged == {
        "Scratch is used by people from all backgrounds. Even by grown-ups.",
        "Teachers of all subjects and levels do.",
    }


def test_answers_of_all_languages_whole_and_in_parts() -> None:
    found = answers(TEXTS, find_questions(ENGLISH))
    assert "Scratch hutumiwa na watu wa asili zote." in found
    assert "Scratch is used by people from all backgrounds. Even by grown-ups." in found
    assert "Even by grown-ups." in found
