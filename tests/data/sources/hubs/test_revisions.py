"""Revisions of data sets of the hub: pinned, named, or looked up once and kept."""

from pathlib import Path

import pytest

from bench.base.errors import BenchError
from bench.cli import listings
from bench.data.languages import Languages
from bench.data.settings import Data
from bench.data.sources.hubs import revisions
from bench.data.sources.hubs.catalogue import HUB_DATA
from bench.data.sources.hubs.reader import HubReader
from bench.experiment.plan import make_plan
from tests.cli.test_app import shown
from tests.made_hubs import write_repository

LANGUAGES = Languages.load()
A, B = "a" * 40, "b" * 40
UNPINNED = {name for name, one in HUB_DATA.items() if one.library == "datasets" and one.revision is None} - revisions.ELSEWHERE


class Hub:
    """Stands in for the hub: what `main` of every repository is now, or None where it does not answer."""

    def __init__(self) -> None:
        self.main: str | None = A
        self.asked: list[tuple[str, str | None]] = []

    def newest(self, repository: str, revision: str | None = None) -> str | None:
        self.asked.append((repository, revision))
        return B if revision == "v2" else self.main


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    monkeypatch.setenv("XLSD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(revisions, "newest", made.newest)
    return made


def test_every_pinned_revision_is_a_commit():
    pinned = [one.revision for one in HUB_DATA.values() if one.revision]
    assert pinned and all(len(commit) == 40 and set(commit) <= set("0123456789abcdef") for commit in pinned)
    assert len(set(pinned)) == len(pinned)


@pytest.mark.parametrize("name", sorted(UNPINNED))
def test_a_data_set_without_a_pin_is_looked_up_once_and_kept(name: str, hub: Hub):
    assert revisions.with_revisions([name]) == (name,), "a plan asks nobody"
    assert not hub.asked
    assert revisions.with_revisions([name], ask=True) == (f"{name}@{A}",)
    hub.main = None
    assert revisions.with_revisions([name]) == revisions.with_revisions([name], ask=True) == (f"{name}@{A}",)
    hub.main = B
    assert revisions.with_revisions([name]) == (f"{name}@{A}",), "only a run asks"
    assert revisions.with_revisions([f"{name}@{A}"], ask=True) == (f"{name}@{A}",), "a commit stays"


def test_a_hub_that_never_answered_is_an_error(hub: Hub):
    hub.main = None
    with pytest.raises(BenchError, match="cannot look up the commit of masakhane/mafand") as found:
        revisions.with_revisions(["mafand"], ask=True)
    assert "mafand@COMMIT" in found.value.hint and "hf download masakhane/mafand" in found.value.hint
    write_repository("masakhane/mafand", {("en-hau", "train"): [{"translation": {"en": "a", "hau": "b"}}]})
    assert revisions.with_revisions(["mafand"], ask=True) == ("mafand",), "a copy counts by its files"


def test_a_revision_can_be_named_and_is_in_the_key(hub: Hub):
    assert revisions.with_revisions(["mafand@v2", f"ntrex@{A}"], ask=True) == (f"mafand@{B}", f"ntrex@{A}")
    assert hub.asked == [("masakhane/mafand", "v2")]
    pinned = HUB_DATA["ntrex"].revision
    assert revisions.with_revisions([f"ntrex@{pinned}", "ntrex"], ask=True) == ("ntrex", "ntrex"), "one key for one commit"
    keys = {str(HubReader((name,), LANGUAGES).key(["hau_Latn"])) for name in ("mafand", f"mafand@{A}", f"mafand@{B}")}
    assert len(keys) == 3
    assert HubReader((f"mafand@{A}",), LANGUAGES).outline() == HubReader(("mafand",), LANGUAGES).outline()


@pytest.mark.parametrize(("text", "said"), [
    ("mafand@", "names no revision"), ("mafand@../../x", "names no revision"), ("mafand@-x", "names no revision"),
    ("afriqa@main", "has no revisions that can be chosen"), ("mmarco@v2", "has no revisions that can be chosen"),
    ("mafnd@main", "did you mean 'mafand'"),
])  # fmt: skip
def test_what_is_no_revision_is_refused(text: str, said: str):
    with pytest.raises(BenchError, match=said):
        HubReader((text,), LANGUAGES)


def test_one_data_set_has_one_revision():
    with pytest.raises(BenchError, match="names mafand at two revisions"):
        HubReader(("mafand", f"mafand@{A}"), LANGUAGES)


def test_the_run_s_own_profile_and_all_keys_hold_the_commit(tmp_path: Path, hub: Hub):
    (profile := tmp_path / "p.yaml").write_text(
        "name: mine\ndata: {hubs: [mafand, belebele], order: [hau_Latn], guard: null}\n"
        "grid: {methods: [untrained, contrastive], sizes: [1]}\n"
    )
    first = make_plan(str(profile), tmp_path / "results", ask=True)
    assert first.profile.data.hubs == (f"mafand@{A}", "belebele")
    keys = {spec.key for spec in first.specs}
    assert keys == {spec.key for spec in make_plan(str(profile), tmp_path / "results").specs}, "what was asked is kept"
    (own := tmp_path / "own.yaml").write_text(first.description())
    hub.main = B
    later = make_plan(str(profile), tmp_path / "results", ask=True)
    assert not keys & {spec.key for spec in later.specs}
    assert keys == {spec.key for spec in make_plan(str(own), tmp_path / "results", ask=True).specs}


def test_copies_in_a_folder_have_no_revision(tmp_path: Path, hub: Hub):
    assert Data(hubs=("mafand",), folder=str(tmp_path)).hubs == ("mafand",) and not hub.asked


def test_the_listing_says_which():
    said = shown(listings.hub_data())
    for one in HUB_DATA.values():
        if one.revision:
            assert one.revision in said
    for name in UNPINNED:
        assert f"{name}@COMMIT" in said
