"""What describes a disk, at the edges of what it may be."""

from __future__ import annotations

import pytest

from installer.model import rules
from installer.model.disk_rule import DiskRule
from installer.model.errors import InvalidAnswer


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0B", 0),
        ("7 b", 7),
        ("1KB", 1000),
        ("2 mb", 2 * 10**6),
        ("480 GB", 480 * 10**9),
        ("2TB", 2 * 10**12),
        ("1KiB", 1024),
        ("3 MiB", 3 * 2**20),
        ("16 gib", 16 * 2**30),
        ("1 TiB", 2**40),
    ],
)
def test_a_size_has_a_unit(text: str, size_bytes: int) -> None:
    assert rules.disk_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("480", "write 480 GB (powers of 1000) or 480 GiB (of 1024)"),
        ("16k", "write 16 KB (powers of 1000) or 16 KiB (of 1024)"),
        ("16 T", "write 16 TB (powers of 1000) or 16 TiB (of 1024)"),
        ("16 PB", "a whole number and its unit"),
        ("16  GB", "a whole number and its unit"),
        ("1.5 GB", "a whole number and its unit"),
        ("-1 GB", "a whole number and its unit"),
    ],
)
def test_a_size_without_one_is_told_how_to_write_it(text: str, hint: str) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        rules.disk_size(text)
    assert hint in caught.value.hint


def test_a_mark_has_128_characters_at_most() -> None:
    assert rules.disk_mark("x" * 128) == "x" * 128
    for text in ("x" * 129, "a\x07"):
        with pytest.raises(InvalidAnswer):
            rules.disk_mark(text)


def test_least_and_most_may_be_the_same_size() -> None:
    same = DiskRule(min_bytes=7, max_bytes=7)
    assert rules.disk_rule(same) == same
    with pytest.raises(InvalidAnswer, match="min-size is greater than max-size"):
        rules.disk_rule(DiskRule(min_bytes=8, max_bytes=7))
    for half in (DiskRule(min_bytes=8), DiskRule(max_bytes=7)):
        assert rules.disk_rule(half) == half


@pytest.mark.parametrize(
    ("text", "taken"),
    [("0x5000c500a1b2c3d4", True), ("5000C500A1B2C3D4", True), ("eui.0025385b71b0a1c2", True), ("naa", False),
     ("0x5000", False), ("eui.", False)]
)  # fmt: skip
def test_a_world_wide_name_is_one_of_those_that_lsblk_shows(text: str, taken: bool) -> None:
    if taken:
        assert rules.disk_wwn(text) == text
    else:
        with pytest.raises(InvalidAnswer, match="is not the WWN of a disk"):
            rules.disk_wwn(text)
