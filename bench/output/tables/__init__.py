"""Leaderboards and comparisons as text, CSV and TeX."""
