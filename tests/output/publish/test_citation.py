import re

import yaml

import bench
from bench.base.paths import REPOSITORY
from bench.output.publish import citation

FACTS = {
    "data": [
        {"name": "a_b & co", "kind": "pip package", "release": "a_b==1.0", "licence": "MIT"},
        {"name": "own data (tasks)", "kind": "files", "release": "1 entry", "licence": "?"},
    ],
    "models": [{"name": "builtin:x", "kind": "hub", "release": "x", "licence": "MIT", "citation": "Who {2020} 50%"}],
}


def test_cff_has_what_the_format_asks_for() -> None:
    content = yaml.safe_load(citation.cff("full", "a summary: with a colon"))
    assert {"cff-version", "message", "title", "authors"} <= content.keys() and content["type"] == "dataset"
    assert "full" in content["title"] and content["abstract"] == "a summary: with a colon"
    own = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    [software] = content["references"]
    assert content["version"] == software["version"] == own["version"] == bench.__version__
    assert software["authors"] == own["authors"] and software["license"] == own["license"]
    assert "abstract" not in yaml.safe_load(citation.cff("full", ""))


def test_bibtex_of_software_results_data_and_models() -> None:
    text = citation.bibtex("full", FACTS)
    keys = re.findall(r"^@(\w+)\{([^,\s]+),$", text, re.M)
    assert keys == [("software", "xlsd-bench"), ("misc", "xlsd-bench-full"), ("misc", "data-a_b-co"), ("misc", "data-builtin-x")]
    # Braces hold together, and nothing is left that TeX would act on.
    plain = re.sub(r"\\[{}&%$#_]", "", text)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0 and not re.search(r"(?<!\\)[&%$#]", plain)
    assert r"a\_b \& co" in text and r"Who \{2020\} 50\%" in text
