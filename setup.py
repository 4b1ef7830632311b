"""All but one thing is said in pyproject.toml: `languages.yaml`, which lies at the root, goes into the package."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithLanguages(build_py):
    """An installed package has no root beside it: it carries the languages inside."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "bench" / "data" / "languages.yaml"
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file("languages.yaml", str(target))


setup(cmdclass={"build_py": BuildWithLanguages})
