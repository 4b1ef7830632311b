from pathlib import Path

from bench.base.once import once
from bench.base.used import noting, size_of, used


def test_what_is_used_is_noted_while_somebody_listens(tmp_path):
    used(tmp_path / "before")
    with noting() as noted:
        once(tmp_path / "made", lambda folder: (folder / "x").write_text("12345"))
        once(tmp_path / "made", lambda folder: None)  # read
        assert used(tmp_path / "file") == tmp_path / "file"
    used(tmp_path / "after")
    assert noted == {tmp_path / "made", tmp_path / "file"}
    assert size_of(map(str, [*noted, Path("/nowhere")])) == 5
