"""Cells on other machines: a Ray cluster, a Slurm cluster."""
