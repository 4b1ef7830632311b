"""Benchmarks of parts of the bench, run by hand: `python -m bench.benchmarks.ot_solvers`."""
