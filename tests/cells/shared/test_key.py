import shutil
from dataclasses import replace

from bench.base.paths import REPOSITORY
from bench.cells.shared.key import Key
from bench.data.languages import Languages
from bench.experiment.grid import cells
from bench.experiment.profile.file import load_profile
from tests.tiny import tiny_bert


def test_where_a_model_lies_is_no_part_of_what_is_shared(tmp_path):
    """A cell on another machine finds the model, and what was made with it, at another place."""
    profile = load_profile(str(REPOSITORY / "tests" / "profiles" / "small.yaml"), ["grid.sizes=[1]", "data.guard=null"])
    spec = cells(profile, Languages.load())[0]
    tiny_bert(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    here, there, hub = (
        Key.of(spec.model_copy(update={"models": spec.models.model_copy(update={"teacher": name})}))
        for name in (str(tmp_path / "a"), str(tmp_path / "b"), "acme/tiny")
    )
    assert repr(here.content()) == repr(there.content()) and repr(here) != repr(there)
    assert repr(hub.content()) != repr(here.content()), "prefixes go by the name of a model on the hub"
    assert here.suite == spec.data_key


def test_a_student_starts_as_its_teacher_without_a_map_behind_it():
    profile = load_profile(str(REPOSITORY / "tests" / "profiles" / "small.yaml"), ["grid.sizes=[1]", "data.guard=null"])
    key = Key.of(cells(profile, Languages.load())[0])
    assert key.same_model and key.starts_as_teacher
    assert replace(key, head="linear").same_model and not replace(key, head="linear").starts_as_teacher
    assert not replace(key, student="another").same_model and not replace(key, student="another").starts_as_teacher
