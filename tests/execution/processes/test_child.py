from bench.execution.processes.child import death


def test_every_end_of_a_process_has_words():
    assert "memory" in death(-9)
    assert "SIGSEGV" in death(-11)
    assert "status 4" in death(4)
