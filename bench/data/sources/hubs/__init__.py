"""Data sets of the hubs."""
