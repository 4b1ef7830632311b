"""Cells whose query is translated."""
