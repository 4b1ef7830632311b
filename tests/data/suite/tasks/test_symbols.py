import pytest

from bench.data.sources.packages.cldr import Annotation
from bench.data.suite.splits import symbol_split
from bench.data.suite.tasks.rows import TaskRows
from bench.data.suite.tasks.symbols import LIMITS, MAX_SYMBOLS, document_id, symbols_task

ENGLISH = {
    "😂": Annotation("face with tears of joy", ("face", "joy", "laugh", "face with tears of joy")),
    "🦁": Annotation("lion", ("face", "Leo", "lion", "zodiac")),
    "♌": Annotation("Leo", ("lion", "zodiac")),
    "‡": Annotation(None, ("double dagger",)),
}


def made(script: str = "Latn", **entries: tuple[str | None, tuple[str, ...]]) -> TaskRows:
    symbols = {"lol": "😂", "lion": "🦁", "leo": "♌", "dagger": "‡"}
    own = {symbols[name]: Annotation(*entry) for name, entry in entries.items()}
    return symbols_task({"eng_Latn": ENGLISH, "xxx_Xxxx": own}, {"xxx_Xxxx": script})


def asked(task: TaskRows, language: str = "xxx_Xxxx") -> dict[str, dict[str, int]]:
    """query text -> document -> grade, both splits."""
    texts = {query: text for _, code, query, text in task.queries if code == language}
    found: dict[str, dict[str, int]] = {text: {} for text in texts.values()}
    for _, code, query, document, grade in task.qrels:
        if code == language:
            found[texts[query]][document] = grade
    return found


def test_documents_are_the_english_entries_with_a_name() -> None:
    assert made().documents == {
        "s264c": "Leo: lion, zodiac",
        "s1f602": "face with tears of joy: face, joy, laugh",
        "s1f981": "lion: face, Leo, zodiac",
    }
    assert document_id("❤\ufe0f") == "s2764-fe0f"


def test_the_name_has_grade_two_and_a_keyword_one() -> None:
    task = made(lion=("simba", ("mnyama", "zodiaki")), leo=("Simba", ("zodiaki", "nyota")))
    assert asked(task) == {
        "Simba": {"s1f981": 2, "s264c": 2},  # case does not make another query; the first symbol's spelling stays
        "mnyama": {"s1f981": 1},
        "zodiaki": {"s1f981": 1, "s264c": 1},
        "nyota": {"s264c": 1},
    }


@pytest.mark.parametrize("keyword", ["Zodiac", "face", "12", "↑↑↑", "x", " "])
def test_terms_left_out(keyword: str) -> None:
    assert asked(made(lion=(None, (keyword,)))) == {}


@pytest.mark.parametrize("script", ["Hans", "Hant", "Jpan", "Kore", "Hang"])
def test_one_character_is_a_word_in_east_asia(script: str) -> None:
    assert asked(made(script, lion=(None, ("狮",)))) == {"狮": {"s1f981": 1}}


def test_symbols_without_an_english_name_are_nowhere() -> None:
    assert asked(made(dagger=("kisu", ()))) == {}


def test_english_asks_its_own_terms() -> None:
    task = made()
    assert asked(task, "eng_Latn")["lion"] == {"s1f981": 2, "s264c": 1}
    assert task.parallel is False


def test_the_first_relevant_symbol_decides_the_split() -> None:
    task = made(lion=("simba", ("zodiaki",)), leo=("nyota", ("zodiaki",)))
    splits = {text: split for split, code, _, text in task.queries if code == "xxx_Xxxx"}
    assert splits == {"simba": symbol_split("🦁"), "nyota": symbol_split("♌"), "zodiaki": symbol_split("♌")}


def test_keywords_of_too_many_symbols_and_the_size_of_the_sample() -> None:
    english = {chr(0x1F300 + n): Annotation(f"thing {n}", ()) for n in range(1500)}
    own = {symbol: Annotation(f"kitu {n}", ("kumi",) if n < MAX_SYMBOLS else ("wengi",)) for n, symbol in enumerate(english)}
    task = symbols_task({"eng_Latn": english, "swh_Latn": own}, {})
    texts = [text for _, code, _, text in task.queries if code == "swh_Latn"]
    assert "wengi" not in texts
    splits = [split for split, code, _, _ in task.queries if code == "swh_Latn"]
    assert {split: splits.count(split) for split in set(splits)} == LIMITS
