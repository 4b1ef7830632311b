"""Cells on a Slurm cluster."""
