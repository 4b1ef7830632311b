import json

import numpy as np
import pytest

from bench.output.report.embed import embedded, rounded, scaled


def test_numbers_keep_four_decimals_and_holes():
    assert scaled(np.array([0.12345, np.nan, -1.0])) == [1234, None, -10000]
    assert scaled([0.5, float("inf")], 100) == [50, None]
    assert rounded(None) is None and rounded(float("nan")) is None and rounded(1.239) == 1.24


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "a & b", "\u2028", "<SCRIPT/x>"])
def test_no_text_leaves_its_script_element(text):
    out = embedded({"key": text, text: 1})
    assert not set(out) & set("<>&\u2028\u2029")
    assert json.loads(out) == {"key": text, text: 1}


def test_what_json_lacks_is_an_error_not_invalid_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded([float("nan")])
