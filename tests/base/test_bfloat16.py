"""Which precision `auto` comes to on a processor."""

import pytest

from bench.base.manifest import multiplies_bfloat16

CPUINFO = "processor\t: 0\nvendor_id\t: {vendor}\nmodel name\t: some\nflags\t\t: fpu sse2 {flags} avx2\n"


@pytest.mark.parametrize(
    ("vendor", "flags", "fast"),
    [
        ("AuthenticAMD", "avx512_bf16", True),
        ("GenuineIntel", "avx512_bf16", False),  # float32 is the faster one there
        ("GenuineIntel", "avx512_bf16 amx_bf16", True),
        ("AuthenticAMD", "avx512f", False),
        ("GenuineIntel", "avx512f amx_tile", False),
    ],
)
def test_bfloat16_only_where_it_is_faster(vendor, flags, fast):
    assert multiplies_bfloat16(CPUINFO.format(vendor=vendor, flags=flags)) is fast


def test_an_unknown_processor_takes_float32():
    assert not multiplies_bfloat16("") and not multiplies_bfloat16("Processor: ARMv8\nFeatures: bf16\n")
