"""Benchmarks of parts of the bench, run by hand: `python -m benchmarks.ot_solvers`."""
