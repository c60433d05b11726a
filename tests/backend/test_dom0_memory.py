"""The control domain's memory: the guide's own figures (appendix D)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backend.dom0_memory import MemoryRule, parse_settings
from installer.model.units import GIB, MIB


@pytest.mark.parametrize(("gib", "megabytes"), [(1, 200), (3.5, 200), (5, 228), (16, 454), (32, 752), (128, 752)])
def test_guides_figures(gib: float, megabytes: int) -> None:
    assert MemoryRule().megabytes(int(gib * GIB)) == megabytes


def test_ram_that_firmware_took_a_little_of_counts_as_whole() -> None:
    assert MemoryRule().megabytes(16 * GIB - 100 * MIB) == 454


@pytest.mark.parametrize("name", ["XAPI_DOM0_MEM_GRADIENT", "XAPI_DOMO_MEM_GRADIENT"])
def test_gradient_is_read_in_both_spellings(name: str) -> None:
    assert parse_settings(f"# {name}=9\n{name}='0.03'\n").gradient == Fraction("0.03")


@pytest.mark.parametrize("value", ["0.01", "-1", "", "lots", "1/0"])
def test_smaller_or_meaningless_gradient_keeps_the_default(value: str) -> None:
    assert parse_settings(f"XAPI_DOM0_MEM_GRADIENT={value}\n").gradient == Fraction("0.0205")


def test_payload_may_replace_the_bounds() -> None:
    rule = parse_settings('XAPI_DOM0_MEM_MIN="768"\nXAPI_DOM0_MEM_MAX=1024\n')
    assert (rule.megabytes(1 * GIB), rule.megabytes(128 * GIB)) == (768, 1024)
