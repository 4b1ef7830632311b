"""A slow machine must not fail a test of what a command says."""

from __future__ import annotations

import pytest

from bench.output.terminal import meter


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of progress every half minute: importing torch may take longer where other work runs."""
    monkeypatch.setattr(meter, "EVERY", 3600.0)
