"""Sizes at the edges of their units."""

from __future__ import annotations

import pytest

from installer.model.units import GB, GIB, KIB, MIB, align_down, align_up, exact_size, human_size


def test_binary_units_are_powers_of_two_and_decimal_ones_of_ten() -> None:
    assert (KIB, MIB, GIB, GB) == (2**10, 2**20, 2**30, 10**9)


@pytest.mark.parametrize(
    ("value", "down", "up"), [(0, 0, 0), (1, 0, 4096), (4095, 0, 4096), (4096, 4096, 4096), (4097, 4096, 8192)]
)
def test_values_are_aligned_to_the_multiples_around_them(value: int, down: int, up: int) -> None:
    assert (align_down(value, 4096), align_up(value, 4096)) == (down, up)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (37_300, "37 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (480 * GB, "480 GB"),
        (999_499_999_999, "999 GB"),
        (999_500_000_000, "1.0 TB"),
        (1_920_383_410_176, "1.9 TB"),
        (9_949_000_000_000, "9.9 TB"),
        (9_950_000_000_000, "10 TB"),
        (2_000_000_000_000_000, "2000 TB"),
    ],
)
def test_sizes_are_said_as_disks_are_labelled(size_bytes: int, text: str) -> None:
    assert human_size(size_bytes) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (2 * 10**12, "2 TB"),
        (480 * GB, "480 GB"),
        (5 * 10**6, "5 MB"),
        (7000, "7 KB"),
        (3 * 2**40, "3 TiB"),
        (5 * GIB, "5 GiB"),
        (6 * MIB, "6 MiB"),
        (9 * KIB, "9 KiB"),
        (7, "7 B"),
    ],
)
def test_a_size_is_written_in_the_greatest_unit_that_leaves_no_rest(size_bytes: int, text: str) -> None:
    assert exact_size(size_bytes) == text
