"""Data of somebody else, on disk."""
