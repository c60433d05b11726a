"""BIOS or UEFI, and Secure Boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.probe.firmware import SECURE_BOOT, read_firmware, read_secure_boot
from installer.model.host import Firmware


def test_the_efi_directory_tells_a_start_by_uefi(tmp_path: Path) -> None:
    assert read_firmware(str(tmp_path)) is Firmware.UEFI
    assert read_firmware(str(tmp_path / "efi")) is Firmware.BIOS


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\x06\0\0\0\x01", True), (b"\x06\0\0\0\0", False), (b"\x06\0\0\0", False), (None, False)],
)
def test_secure_boot_is_the_byte_behind_the_attributes(tmp_path: Path, content: bytes | None, expected: bool) -> None:
    variable = tmp_path / SECURE_BOOT
    variable.parent.mkdir()
    if content is not None:
        variable.write_bytes(content)
    assert read_secure_boot(str(tmp_path)) is expected
