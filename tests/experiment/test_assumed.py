import pytest

from bench.base.errors import BenchError
from bench.base.manifest import hardware
from bench.base.paths import REPOSITORY
from bench.data.languages import Languages
from bench.experiment.costs import Assumed, Costs
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile

PROFILE = load_profile(str(REPOSITORY / "tests" / "profiles" / "small.yaml"), ["grid.sizes=[2]", "data.guard=null"])
UNTRAINED, CONTRASTIVE, OPTICAL = cells(PROFILE, Languages.load())


def manifest(method="contrastive", pairs=256, here=True, **seconds):
    return {
        "method": method, "pairs_asked": pairs, "status": "done", "seconds": seconds,
        "hardware": hardware() if here else {"processor": "another"},
    }  # fmt: skip


def test_a_rate_takes_the_place_of_what_was_measured():
    measured = [manifest(train=90.0, total=100.0)]
    assert Costs(PROFILE, measured).seconds(CONTRASTIVE) == 100
    assumed = Costs(PROFILE, measured, Assumed(pairs_per_second=64))
    assert assumed.seconds(CONTRASTIVE) == 256 / 64 + 10, "beside training it takes as long as measured"
    assert not assumed.is_measured(CONTRASTIVE) and assumed.seconds(UNTRAINED) == 6


def test_beside_training_a_cell_of_any_machine_counts():
    assumed = Costs(PROFILE, [manifest(here=False, train=90.0, total=110.0)], Assumed(pairs_per_second=256))
    assert assumed.seconds(OPTICAL) == 21
    assert Costs(PROFILE, (), Assumed(pairs_per_second=256)).seconds(OPTICAL) == 1 + 6, "else what the profile says of untrained"
    assumed = Costs(PROFILE, (), Assumed(pairs_per_second=256, rest_minutes=2, prepare_minutes=7))
    assert assumed.seconds(OPTICAL) == 121 and assumed.seconds(UNTRAINED) == 120 and assumed.prepare_seconds() == 420


@pytest.mark.parametrize(
    ("given", "said"),
    [("pair_per_second=3", "did you mean 'pairs_per_second'"), ("memory_gb=lots", "a number above 0"), ("memory_gb=0", "above 0"),
     ("memory_gb", "above 0"), ("memory_gb=nan", "above 0"), ("memory_gb=inf", "above 0")],
)  # fmt: skip
def test_what_is_no_assumption_is_told(given, said):
    with pytest.raises(BenchError, match=said):
        Assumed.parsed([given])


def test_assumptions_in_words():
    assert str(Assumed.parsed(["pairs_per_second=2000", "memory_gb=24.5"])) == "pairs_per_second = 2,000, memory_gb = 24.5"
    assert str(Assumed()) == ""
