import pytest

from bench.base.errors import BenchError
from bench.execution.tuning.trials import draw, search_space

RATES = {"learning_rate": (5e-5, 1e-4)}
OWN = {"learning_rate": 5e-5}


def test_space_is_what_the_method_declares_and_training():
    space = search_space("contrastive", RATES)
    assert list(space) == ["temperature", "learning_rate"] and 0.05 in space["temperature"] and len(space["temperature"]) > 2
    # What the arm sets is not searched.
    assert list(search_space("contrastive(temperature=0.3)", RATES)) == ["learning_rate"]
    assert search_space("multilingual_kd", RATES) == RATES


def test_defaults_come_first_and_no_trial_twice():
    trials = draw("contrastive(form=dense)", RATES, OWN, 6)
    assert trials[0] == {"method": "contrastive(form=dense)", "learning_rate": 5e-5}
    assert len({tuple(one.items()) for one in trials}) == 6
    assert all(one["method"].startswith("contrastive(form=dense") and one["learning_rate"] in (5e-5, 1e-4) for one in trials)
    assert any("temperature" in one["method"] for one in trials)
    # Whoever asks for fewer has the first of them.
    assert draw("contrastive(form=dense)", RATES, OWN, 3) == trials[:3]


def test_arms_draw_on_their_own():
    many = {"learning_rate": tuple(i / 1e5 for i in range(1, 20))}
    one, other = (draw(arm, many, OWN, 6) for arm in ("multilingual_kd", "token_alignment"))
    assert [t["learning_rate"] for t in one] != [t["learning_rate"] for t in other]


def test_a_space_that_is_too_small():
    assert len(draw("multilingual_kd", RATES, OWN, 2)) == 2
    with pytest.raises(BenchError, match="multilingual_kd has 2 settings to try, not 3"):
        draw("multilingual_kd", RATES, OWN, 3)
