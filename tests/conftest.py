"""Fixtures of all tests. There is one browser a process: a second instance of playwright beside it would fail."""

from __future__ import annotations

from tests.browser import browser

__all__ = ["browser"]
