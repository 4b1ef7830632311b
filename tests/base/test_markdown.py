import pytest

from bench.base.markdown import number


@pytest.mark.parametrize("value, shown", [
    (0.0, "+.000"), (-0.0, "+.000"), (-1e-17, "+.000"), (-1e-9, "+.000"),
    (-0.0003, "-.000"), (0.0003, "+.000"), (-0.002, "-.002"), (0.25, "+.250"), (float("nan"), ""),
])  # fmt: skip
def test_what_rounds_to_zero_keeps_its_sign(value, shown):
    assert number(value, "{:+.3f}") == shown


def test_only_the_short_forms_lose_the_zero_before_the_point():
    assert [number(x, form) for x, form in [(0.5, "{:.3f}"), (-0.5, "{:.3f}"), (1.0, "{:.3f}"), (0.5, "{:.1f}")]] == [
        ".500", "-.500", "1.000", "0.5",
    ]  # fmt: skip
