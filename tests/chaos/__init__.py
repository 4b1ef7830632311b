"""Runs that are killed, on disks that are full and with clocks that jump: the same command goes on, and tables are the same."""
