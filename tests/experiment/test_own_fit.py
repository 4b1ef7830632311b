import pytest

from bench.base.errors import BenchError
from bench.data.languages import Languages
from bench.data.sources.collection import Outline
from bench.experiment import own_fit
from bench.experiment.method_specs import method_spec
from methods.facts import facts

LANGUAGES = Languages.load()
OUTLINE = Outline(("swh_Latn", "amh_Ethi"), {"news": ("deu_Latn", "eng_Latn", "swh_Latn"), "faq": ("swh_Latn",)})


def test_languages_that_occur_nowhere_are_named():
    own_fit.check_languages(OUTLINE, ("swh_Latn", "amh_Ethi", "deu_Latn"), LANGUAGES)
    with pytest.raises(BenchError) as caught:
        own_fit.check_languages(OUTLINE, ("swh_Latn", "hau_Latn", "fra_Latn"), LANGUAGES)
    assert "neither bitext nor queries in hau_Latn (Hausa), fra_Latn (French)" in caught.value.message
    assert "with bitext: swh_Latn, amh_Ethi" in caught.value.hint


def test_trained_languages_need_bitext():
    own_fit.check_trained(OUTLINE, ("amh_Ethi", "swh_Latn"), LANGUAGES)
    with pytest.raises(BenchError, match=r"no training bitext in deu_Latn \(German\), which 2 trained languages include"):
        own_fit.check_trained(OUTLINE, ("swh_Latn", "deu_Latn"), LANGUAGES)


def test_the_ceiling_needs_english_queries_in_one_task():
    own_fit.check_english(OUTLINE, "english", ("faq", "news"), LANGUAGES)
    with pytest.raises(BenchError) as caught:
        own_fit.check_english(OUTLINE, "english", ("faq",), LANGUAGES)
    assert "no task has any (faq)" in caught.value.message and "grid.methods" in caught.value.hint


def test_methods_that_ask_in_english():
    texts = ("english", "untrained", "teacher_query(ask=english)", "teacher_query")
    asking = [text for text in texts if facts(str(method_spec(text))).asks_english]
    assert asking == ["english", "teacher_query(ask=english)"]
