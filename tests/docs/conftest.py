"""A browser to open the docs site in."""

from tests.browser import browser  # noqa: F401 - a fixture
