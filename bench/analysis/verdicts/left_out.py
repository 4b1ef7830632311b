"""What a comparison of two methods goes without: cells, seeds, languages. Nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.analysis.arms import Scores
from bench.analysis.results import Cell


@dataclass
class LeftOut:
    """Collects what is left out, and says it.

    Attributes:
        cells: sentences on cells and seeds.
        places: (task, reason) -> rows with the languages that they go without and how many are declared.
    """

    cells: list[str] = field(default_factory=list)
    places: dict[tuple[str, str], list[tuple[str, list[str], int]]] = field(default_factory=dict)

    def same_seeds(self, cells: list[Cell], pair: tuple[str, str], sizes: Sequence[int], where: str) -> list[Cell]:
        """`cells` without those of the two methods whose seed the other has not finished at that size."""
        dropped: set[str] = set()
        for size in sizes:
            own = {name: _at_size(cells, name, size) for name in pair}
            for name, planned in own.items():
                short = [cell for cell in planned if not cell.done]
                if not planned:
                    self.cells.append(f"{where}N = {size}: {name} has no cell there, so there is no comparison")
                elif short:
                    states = ", ".join(f"{cell.name.id} {cell.state}" for cell in short)
                    end = "" if len(short) < len(planned) else f", so there is no comparison at N = {size}"
                    self.cells.append(f"{where}{len(short)} of {len(planned)} cells have no result: {states}{end}")
            seeds = [{cell.name.seed for cell in planned if cell.done} for planned in own.values()]
            trained = all(cell.name.size for planned in own.values() for cell in planned)
            if not trained or not all(seeds):
                continue  # a floor or a ceiling is one cell for all seeds
            common = set.intersection(*seeds)
            uneven = [c.name.id for planned in own.values() for c in planned if c.done and c.name.seed not in common]
            if uneven:
                self.cells.append(f"left out, because the other method has no result with that seed: {', '.join(uneven)}")
                dropped.update(uneven)
        return [cell for cell in cells if cell.name.id not in dropped]

    def of_tasks(self, scores: Scores, names: Sequence[str]) -> None:
        """Languages with too few questions, and questions of which no document is known."""
        for task, few in scores.few.items():
            if task in names:
                listed = ", ".join(f"{code} {count}" for code, count in sorted(few.items()))
                self.cells.append(f"{task}: too few questions to count in its mean: {listed}")
        self.cells += [
            f"{task}: of {n:,} of {whole:,} questions no cell says which document they ask for, so each counts by itself; "
            "cells of an earlier version do not. Delete the folder of one that was asked them all; bench run makes it anew"
            for task, (n, whole) in scores.unnamed.items() if task in names
        ]  # fmt: skip

    def common(self, scores: Scores, row: str, pair: tuple[int, int], declared: list[list[int]]) -> list[list[int]]:
        """Those of the places (one list a task) on which both arms answered the same questions, all of them."""
        found = []
        for at in declared:
            here = [place for place in at if scores.paired(place, *pair) is not None]
            if out := [place for place in at if place not in here]:
                asked = all(scores.answered(place, number) for place in out for number in pair)
                why = "they have not answered the same questions" if asked else "not asked of both"
                codes = [scores.places[place][2] for place in out]
                self.places.setdefault((scores.places[at[0]][1], why), []).append((row, codes, len(at)))
            if here:
                found.append(here)
        return found

    def notes(self) -> tuple[str, ...]:
        """One sentence for each cell or seed, one for each task and reason."""
        notes = list(self.cells)
        for (task, why), rows in self.places.items():
            whole = [row for row, codes, declared in rows if len(codes) == declared]
            listed = ", ".join(whole[:3] + ["..."] * (len(whole) > 3))
            parts = [f"all languages of {len(whole)} groups and sizes ({listed})"] if whole else []
            for row, codes, declared in rows:
                if len(codes) < declared:
                    named = ", ".join(codes[:5]) + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")
                    parts.append(f"{len(codes)} of {declared} languages in {row} ({named})")
            notes.append(f"{task}: {why}: {'; '.join(parts)}")
        return tuple(dict.fromkeys(notes))


def _at_size(cells: list[Cell], method: str, size: int) -> list[Cell]:
    own = [cell for cell in cells if cell.name.method == method]
    return [cell for cell in own if cell.name.size == size] or [cell for cell in own if cell.name.size == 0]
