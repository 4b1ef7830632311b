"""How to cite a published folder: CITATION.cff and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

import bench

AUTHORS = "The XLSD bench authors"
SOFTWARE = "XLSD bench: how optimal-transport, contrastive and translation methods of cross-lingual retrieval scale"


def cff(name: str, summary: str) -> str:
    """CITATION.cff of the results of an experiment; it has no date, so that the same results give the same file."""
    content = {
        "cff-version": "1.2.0", "message": "If you use these results, please cite them and the software.", "type": "dataset",
        "title": title(name), **({"abstract": summary} if summary else {}), "version": bench.__version__,
        "authors": [{"name": AUTHORS}],
        "references": [{"type": "software", "title": SOFTWARE, "version": bench.__version__, "license": "MIT",
                        "authors": [{"name": AUTHORS}]}],
    }  # fmt: skip
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def bibtex(name: str, facts: Mapping[str, Any]) -> str:
    """BibTeX of the software, of the results, and of each package, data set and model of the data sheet."""
    entries = [
        _entry("software", "xlsd-bench", {"author": f"{{{AUTHORS}}}", "title": f"{{{SOFTWARE}}}", "version": bench.__version__}),
        _entry("misc", f"xlsd-bench-{name}", {"author": f"{{{AUTHORS}}}", "title": f"{{{title(name)}}}",
                                              "note": f"Made with version {bench.__version__}"}),
    ]  # fmt: skip
    for one in (*facts["data"], *facts["models"]):
        if one["kind"] == "files":  # nobody but its owner knows how to cite it
            continue
        known = (one.get("citation"), one.get("release"), f"licence: {one['licence']}")
        said = "; ".join(str(part) for part in known if part)
        entries.append(_entry("misc", f"data-{one['name']}", {"title": f"{{{_plain(one['name'])}}}", "note": _plain(said)}))
    return "\n".join(entries)


def title(name: str) -> str:
    """What the results of an experiment are called."""
    return f"Results of XLSD bench, experiment {name}"


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{re.sub(r'[^A-Za-z0-9._-]+', '-', key)},", *lines, "}", ""])


def _plain(text: str) -> str:
    """Text without what TeX would act on."""
    return re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", "/")).replace("~", r"\textasciitilde{}").replace("^", r"\^{}")
