"""Which firmware starts a disk, and that a machine started by another one refuses what is on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.existing import Backup, BackupMaker, InstalledHost
from installer.model.firmware_of_table import BIOS_BOOT, ESP, for_firmware, table_firmware
from installer.model.host import Disk, Firmware
from installer.model.storage import Part

DISK = Disk("sda", "/dev/sda", 2**34)
HOST, BACKUP = InstalledHost("XenServer", "4.0.1"), Backup(BackupMaker.INSTALLER, "XenServer", "4.0.1")


@pytest.mark.parametrize(
    ("table", "types", "firmware"),
    [
        ("dos", ("0x83", "0x83"), Firmware.BIOS),
        ("dos", ("0x83", "0xef"), Firmware.UEFI),
        ("gpt", ("x", ESP[0]), Firmware.UEFI),
        ("gpt", ("x", ESP[0].upper()), Firmware.UEFI),
        ("gpt", ("x", BIOS_BOOT), Firmware.BIOS),
        ("gpt", (BIOS_BOOT, ESP[0]), None),
        ("gpt", ("x",), None),
        ("", (), None),
    ],
)
def test_the_table_tells_the_firmware(table: str, types: tuple[str, ...], firmware: Firmware | None) -> None:
    parts = tuple(Part(number, 0, 0, kind) for number, kind in enumerate(types, 1))
    disk = replace(DISK, table=table, parts=parts, installed=HOST, backup=BACKUP)
    assert table_firmware(disk) is firmware
    for own in Firmware:
        found = for_firmware(disk, own)
        assert found.installed and found.backup
        wrong = firmware is not None and own is not firmware
        assert bool(found.installed.refused) is bool(found.backup.refused) is bool(found.installed.hint) is wrong


def test_an_earlier_refusal_stays() -> None:
    disk = replace(DISK, table="dos", parts=(Part(1, 0, 0),), installed=replace(HOST, refused="too old"))
    found = for_firmware(disk, Firmware.UEFI)
    assert found.installed and found.installed.refused == "too old" and found.backup is None


def test_the_words_name_both() -> None:
    found = for_firmware(replace(DISK, table="dos", installed=HOST), Firmware.UEFI).installed
    assert found and found.refused == "it is started by BIOS, and this machine was started by UEFI"
    assert found.hint == "switch its firmware to start in BIOS (legacy) mode and begin again"
