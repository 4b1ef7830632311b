"""Rows of files, whatever they mean."""
