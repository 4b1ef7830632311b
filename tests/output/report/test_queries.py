import shutil

import pytest

from bench.analysis.arms import Scores
from bench.analysis.results import load
from bench.output.report import queries, texts
from tests.output.report import made

NAMES = ["english", "optical", "contrastive", "nmt", "untrained"]


def browser(folder, methods=("optical", "contrastive"), **more):
    experiment = load(folder)
    scores = Scores(experiment.cells, experiment.plan.tasks)
    return queries.differing(experiment, "low", scores, methods, texts.load(experiment, "low"), NAMES, **more)


def pair(found, first, second):
    [one] = [one for one in found["pairs"] if (NAMES[one["first"]], NAMES[one["second"]]) == (first, second)]
    return one


def test_both_sides_are_shown_most_different_first(world):
    found = browser(world, per_side=3)
    one = pair(found, "optical", "contrastive")
    rows = [row for row in one["rows"] if found["items"][row[0]][:2] == ["dense", "faq"]]
    assert one["size"] == 3 and sorted(row[1] > row[2] for row in rows) == [False] * 3 + [True] * 3
    for item, first, second, *_ in rows:
        _, _, language, query, *_ = found["items"][item]
        number = int(query[1:])
        assert (first, second) == tuple(
            round(1000 * made.score(f"{name}@3#0", "faq", "dense", language)[number]) for name in ("optical", "contrastive")
        )
        assert (number % 2 == 0) == (first > second), "optical is ahead on even questions"
    assert len({found["items"][row[0]][2] for row in rows}) > 1, "of equal differences no language takes all places"


def test_lists_texts_and_judgements_belong_to_the_query(world):
    found = browser(world)
    one = pair(found, "optical", "contrastive")
    for item, first, second, own, other in one["rows"]:
        _, task, language, query, text, english, judged = found["items"][item]
        if task == "symbols":
            assert own is None and other is None, "there are no run files of symbols"
            continue
        number = int(query[1:])
        assert text.startswith(f"{language} asks {number}") and english.startswith(f"eng_Latn asks {number}")
        [[right, grade]] = judged
        assert found["documents"][right][:2] == ["faq", f"d{number}"] and grade == 1
        best = own if first > second else other
        assert found["lists"][best][0] == right and len(found["lists"][best]) == queries.FIRST


def test_a_failed_size_gives_way_to_a_smaller_one_and_translations_are_shown(world):
    found = browser(world, ("optical", "nmt"))
    one = pair(found, "optical", "nmt")
    assert one["size"] == 2, "nmt has no result at 3"
    swahili = [row for row in one["rows"] if found["items"][row[0]][1:3] == ["faq", "swh_Latn"]]
    for item, *_, translated in swahili:
        assert found["asked"][str(translated)].startswith(f"translated {found['items'][item][3][1:]}")
    assert swahili and pair(found, "nmt", "untrained")["rows"]


def test_damaged_and_missing_run_files_cost_their_lists_alone(world, tmp_path):
    folder = shutil.copytree(world, tmp_path / "made")
    for name in ("optical@3#0", "contrastive@3#0"):
        for path in (folder / "cells" / name / "runs").iterdir():
            path.write_bytes(b"not gzip") if name.startswith("optical") else path.unlink()
    one = pair(browser(folder), "optical", "contrastive")
    assert one["rows"] and all(own is None and other is None for *_, own, other in one["rows"])


@pytest.mark.parametrize("methods", [("optical",), ()])
def test_fewer_than_two_methods(world, methods):
    assert len(browser(world, methods)["pairs"]) == len(methods)  # against the floor
