"""Installed memory, by the kernel's blocks, its total, and the firmware's list of modules."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.probe.memory import parse_blocks, parse_dmi, parse_meminfo, parse_memory_map, read_memory

GIB = 2**30
MEMINFO = (Path(__file__).parents[2] / "commands" / "probe" / "meminfo").read_text()


def test_counts_blocks_that_are_online() -> None:
    assert parse_blocks("8000000", ["online"] * 12 + ["offline"]) == 1536 * 2**20


@pytest.mark.parametrize("size", ["", "0x8000000", "none"])
def test_no_block_size_no_memory(size: str) -> None:
    assert parse_blocks(size, ["online"]) == 0


def test_reads_the_total_of_meminfo_and_not_what_is_free() -> None:
    assert parse_meminfo(MEMINFO) == 1517012 * 1024
    assert parse_meminfo("MemFree: 5 kB\n") == 0


def structure(kind: int, body: bytes, strings: bytes = b"") -> bytes:
    return bytes((kind, 4 + len(body), 0, 17)) + body + (strings or b"\0") + b"\0"


def module(size: int, extended_mib: int = 0) -> bytes:
    """Return a memory device structure of SMBIOS 2.7: 34 bytes, size at 0x0C, extended size at 0x1C."""
    body = bytearray(30)
    struct.pack_into("<H", body, 0x0C - 4, size)
    struct.pack_into("<I", body, 0x1C - 4, extended_mib)
    return structure(17, bytes(body), b"DIMM 0\0Vendor\0")


END = structure(127, b"")


def test_adds_the_modules_up() -> None:
    table = structure(0, bytes(20), b"BIOS\0") + module(8192) + module(8192) + module(0) + module(0xFFFF) + END
    assert parse_dmi(table) == 16 * GIB


def test_large_and_small_modules() -> None:
    assert parse_dmi(module(0x7FFF, 65536) + END) == 64 * GIB
    assert parse_dmi(module(0x8000 | 512) + END) == 512 * 1024


def test_nothing_counts_after_the_end_of_the_table() -> None:
    assert parse_dmi(module(1024) + END + module(1024)) == GIB


@given(st.binary(max_size=200))
def test_any_table_gives_a_size(table: bytes) -> None:
    assert parse_dmi(table + module(1024)[:20]) >= 0


def test_this_machine_has_memory() -> None:
    assert read_memory() > 64 * 2**20


def test_adds_up_the_memory_of_the_firmware_map_and_nothing_else() -> None:
    """As a kernel under Xen lists it for dom0: the machine's own map."""
    entries = [
        ("0x0", "0x9fbff", "System RAM"),
        ("0x9fc00", "0xfffff", "Reserved"),
        ("0x100000", "0x5fffffff", "System RAM"),
        ("0xfeffc000", "0xfeffffff", "ACPI Tables"),
        ("garbage", "0x1", "System RAM"),
    ]
    assert parse_memory_map(entries) == 0x9FC00 + 0x60000000 - 0x100000
