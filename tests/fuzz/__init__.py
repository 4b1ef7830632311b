"""Inputs that nobody meant: every outcome is a result or one `BenchError`. `make fuzz` runs it for ten minutes."""
