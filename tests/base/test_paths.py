import os

from bench.base.paths import atomic_dir


def test_files_made_for_their_owner_alone_get_the_mode_of_any_new_file(tmp_path):
    before = os.umask(0o022)
    try:
        with atomic_dir(tmp_path / "made") as folder:
            (folder / "inner").mkdir()
            for name in ("weights", "inner/weights", "plain", "program"):
                (folder / name).write_text("x")
            for name in ("weights", "inner/weights"):
                (folder / name).chmod(0o600)
            (folder / "program").chmod(0o755)
        modes = {p.relative_to(tmp_path).as_posix(): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*") if p.is_file()}
        assert modes == {"made/weights": 0o644, "made/inner/weights": 0o644, "made/plain": 0o644, "made/program": 0o755}
        os.umask(0o077)
        with atomic_dir(tmp_path / "own") as folder:
            (folder / "weights").write_text("x")
        assert (tmp_path / "own" / "weights").stat().st_mode & 0o777 == 0o600, "a strict umask stays strict"
    finally:
        os.umask(before)
