"""What the README shows works, and what it names exists."""

from __future__ import annotations

import re
import subprocess

from bench.base.paths import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_it_is_short_and_holds_what_a_newcomer_needs() -> None:
    assert len(README.splitlines()) <= 150
    assert len(re.findall(r"^!\[", README, re.M)) == 1
    answer = README.partition("## The answer so far")[2].partition("\n## ")[0]
    findings = re.findall(r"^\d\. .*", answer, re.M)
    assert len(findings) == 5 and all(len(line) < 600 for line in findings)
    to_do = README.partition("## Five things to do next")[2].partition("\n## ")[0]
    listed = re.findall(r"^\d\. .*", to_do, re.M)
    assert len(listed) == 5 and all("](" in line for line in listed)


def test_make_targets_exist() -> None:
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.M)):
        assert target == "help" or f"make {target} " in listed, target
