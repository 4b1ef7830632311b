"""Losses that train a student."""
