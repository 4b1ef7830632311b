"""Cells are run, here or elsewhere; progress is shown, tables are written."""
