"""Disk arithmetic."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.layout import gpt_table, mbr_table, primary_table
from backend.table import PartitionTable, PartitionUse, TableType
from installer.model.errors import DiskRefused
from installer.model.host import Firmware
from installer.model.units import GIB, MIB
from tests.backend.sample import IDENTITIES, SDA

DISK_BYTES = st.integers(min_value=16_000_000_000 // 512, max_value=2**32).map(lambda sectors: sectors * 512)


def test_16_gib_disk_has_two_4096_mib_partitions_and_storage() -> None:
    table = mbr_table(16 * GIB, 512, storage=True, disk_id="00000001")
    assert [(part.number, part.use, part.start_bytes // MIB, part.size_bytes // MIB) for part in table.partitions] == [
        (1, PartitionUse.ROOT, 1, 4096),
        (2, PartitionUse.BACKUP, 4097, 4096),
        (3, PartitionUse.STORAGE, 8193, 8190),
    ]


def test_without_guest_storage_there_is_no_third_partition() -> None:
    assert len(mbr_table(16 * GIB, 512, storage=False, disk_id="00000001").partitions) == 2


@pytest.mark.parametrize("size_bytes", [0, 15_999_999_999, 12 * GIB])
def test_too_small_a_disk_is_refused(size_bytes: int) -> None:
    with pytest.raises(DiskRefused):
        mbr_table(size_bytes, 512, storage=True, disk_id="00000001")


def test_disk_beyond_mbr_is_refused() -> None:
    with pytest.raises(DiskRefused, match="MBR"):
        mbr_table(2**32 * 512 + 512, 512, storage=True, disk_id="00000001")


@given(DISK_BYTES, st.booleans())
def test_partitions_are_aligned_apart_and_on_the_disk(size_bytes: int, storage: bool) -> None:
    parts = mbr_table(size_bytes, 512, storage=storage, disk_id="00000001").partitions
    assert all(part.start_bytes % MIB == 0 and part.size_bytes % MIB == 0 and part.size_bytes > 0 for part in parts)
    assert all(before.end_bytes == after.start_bytes for before, after in pairwise(parts))
    assert parts[0].start_bytes == MIB
    assert parts[-1].end_bytes <= size_bytes - MIB


def _places(table: PartitionTable) -> list[tuple[int, PartitionUse, int, int]]:
    """Return number, use, start and size in MiB."""
    return [(part.number, part.use, part.start_bytes // MIB, part.size_bytes // MIB) for part in table.partitions]


def test_uefi_disk_has_an_esp_as_number_4_before_the_others() -> None:
    table = primary_table(replace(SDA, size_bytes=16 * GIB), Firmware.UEFI, IDENTITIES, storage=True)
    assert (table.type, table.disk_id) == (TableType.GPT, IDENTITIES.gpt.disk_uuid)
    assert _places(table) == [
        (1, PartitionUse.ROOT, 513, 4096),
        (2, PartitionUse.BACKUP, 4609, 4096),
        (3, PartitionUse.STORAGE, 8705, 7678),
        (4, PartitionUse.ESP, 1, 512),
    ]
    assert tuple(part.uuid for part in table.partitions) == IDENTITIES.gpt.partition_uuids


def test_uefi_disk_without_guest_storage_has_no_number_3() -> None:
    table = primary_table(SDA, Firmware.UEFI, IDENTITIES, storage=False)
    assert [part.number for part in table.partitions] == [1, 2, 4]
    assert table.partitions[-1].uuid == IDENTITIES.gpt.partition_uuids[3]


@pytest.mark.parametrize(
    ("sectors", "kind"), [(2**32, TableType.MBR), (2**32 + 1, TableType.GPT), (6_000_000_000, TableType.GPT)]
)
def test_a_bios_gets_a_gpt_above_2_tib_only(sectors: int, kind: TableType) -> None:
    table = primary_table(replace(SDA, size_bytes=sectors * 512), Firmware.BIOS, IDENTITIES, storage=True)
    assert table.type is kind
    assert (table.partition(PartitionUse.BIOS_BOOT) is not None) == (kind is TableType.GPT)


def test_what_a_bios_starts_from_is_within_its_reach() -> None:
    table = primary_table(replace(SDA, size_bytes=40_000 * GIB), Firmware.BIOS, IDENTITIES, storage=True)
    boot, root = table.partition(PartitionUse.BIOS_BOOT), table.partition(PartitionUse.ROOT)
    assert boot and root
    assert (boot.number, boot.start_bytes, boot.size_bytes) == (4, MIB, MIB)
    assert root.end_bytes < 2**32 * 512


@pytest.mark.parametrize("size_bytes", [0, 15_999_999_999])
def test_too_small_a_disk_is_refused_for_a_gpt_too(size_bytes: int) -> None:
    with pytest.raises(DiskRefused):
        gpt_table(size_bytes, PartitionUse.ESP, IDENTITIES.gpt, storage=True)


@given(st.integers(16_000_000_000 // 4096, 2**36), st.sampled_from((PartitionUse.ESP, PartitionUse.BIOS_BOOT)))
def test_gpt_partitions_are_aligned_apart_and_leave_room_for_both_tables(sectors: int, boot: PartitionUse) -> None:
    size_bytes = sectors * 4096
    table = gpt_table(size_bytes, boot, IDENTITIES.gpt, storage=True)
    parts = sorted(table.partitions, key=lambda part: part.start_bytes)
    assert all(part.start_bytes % MIB == 0 and part.size_bytes % MIB == 0 and part.size_bytes > 0 for part in parts)
    assert all(before.end_bytes == after.start_bytes for before, after in pairwise(parts))
    assert parts[0].start_bytes == MIB
    assert parts[-1].end_bytes <= size_bytes - MIB
