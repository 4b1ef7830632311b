"""`bench run --on` with cells of tests: `python -m tests.execution.elsewhere.driver ON RESULTS PROFILE RUNNER PREPARE ...`."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.base.errors import BenchError
from bench.execution import runs
from bench.execution.elsewhere.places import placed
from bench.experiment.plan import make_plan
from bench.output.terminal.screen import screen


def main() -> int:
    on, results, profile, runner, prepare, *changes = sys.argv[1:]
    try:
        plan = make_plan(profile, Path(results), changes=changes)
        if on == "here":
            return runs.run(plan, screen(), runner, prepare or None)
        there = placed(on, plan, runner)
        return runs.run(there.plan, screen(), prepare=prepare or None, executor=there.cluster)
    except BenchError as error:
        print(f"error: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
