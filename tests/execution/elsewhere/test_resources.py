import pytest

from bench.base.errors import BenchError
from bench.execution.elsewhere.resources import Machine, cells_at_a_time, check_room, cores_of, listed
from bench.experiment.profile.schema import Hardware


@pytest.mark.parametrize(
    ("hardware", "room"),
    [
        ({}, 16), ({"threads": 4}, 4), ({"cores": 3, "threads": 1}, 5), ({"gpus": 1}, 2), ({"gpus": 0.5}, 4),
        ({"memory_gb": 100}, 1),
    ],
)
def test_room_is_what_runs_out_first(hardware, room):
    assert Machine(16, 2, 128.0).room(Hardware(**hardware)) == room


def test_a_cell_that_fits_nowhere_is_told_with_what_there_is():
    machines = [Machine(4, 0, 8.0), Machine(4, 0, 8.0), Machine(16, 1, 64.0, "A100")]
    assert cells_at_a_time(machines, Hardware(cores=4)) == 6
    with pytest.raises(BenchError, match="takes 1 core, 2 GPUs .its nodes: 4 cores, 8 GB; 16 cores, 1 GPU .A100., 64 GB"):
        check_room(machines, Hardware(gpus=2), "the cluster")
    assert listed(machines) == ["2 nodes of 4 cores, 8 GB", "1 node of 16 cores, 1 GPU (A100), 64 GB"]


def test_cores_are_those_asked_for_or_as_many_as_threads():
    assert [cores_of(Hardware(**one)) for one in ({}, {"threads": 4}, {"threads": 4, "cores": 8})] == [1, 4, 8]
