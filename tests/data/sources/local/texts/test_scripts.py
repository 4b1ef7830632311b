from bench.data.sources.local.texts.scripts import english_share, exchanged, script_share
from tests.own_data import english, other

ENGLISH = [f"they say that {english(i)} and of this" for i in range(20)]


def test_scripts():
    assert script_share(["ድመት cat"], "Ethi") == 0.5 and script_share(["кот"], "Cyrl") == 1 and script_share(["猫"], "Hans") == 1
    assert script_share(["x"], "Zzzz") == 1, "a script that is not known here says nothing"


def test_english_is_told_by_its_commonest_words():
    assert english_share(ENGLISH) > 0.3 and english_share([other(i, "sw") for i in range(20)]) == 0
    assert english_share(["the cat"]) is None, "too few words"


def test_sides_are_told_by_script_or_by_words():
    swahili, amharic = [other(i, "sw") for i in range(20)], [other(i, "am") for i in range(20)]
    assert exchanged(swahili, ENGLISH, "Latn") is True and exchanged(ENGLISH, swahili, "Latn") is False
    assert exchanged(amharic, ENGLISH, "Ethi") is True and exchanged(ENGLISH, amharic, "Ethi") is False
    assert exchanged(["taa"], ["lamp"], "Latn") is None and exchanged(ENGLISH, ENGLISH, "Latn") is None
