"""Secure Boot: what the payload must bring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.check_boot import check_secure_boot, sectors, signed_loader
from installer.model.host import Disk, Firmware, Host
from installer.model.machine_file import shipped_host
from installer.model.problem import Severity
from installer.model.source import Location, LocationKind, Package, PackageType, Repository

SECURE = replace(shipped_host("qemu-uefi"), secure_boot=True)
PLAIN = Package("dom0fs", 1, "0" * 32, PackageType.TBZ2, "dom0fs.tar.bz2", "/")
SIGNED = replace(PLAIN, name="loader", required=False, signed_loader="/boot/efi")


def repository(*packages: Package) -> Repository:
    return Repository("xs:main", "Base Pack", "XenServer", "4.0.1-1", Location(LocationKind.LOCAL), packages)


def test_secure_boot_wants_a_signed_loader() -> None:
    (problem,) = check_secure_boot(SECURE, [repository(PLAIN)], [])
    assert problem.severity is Severity.ERROR and "Secure Boot is on" in problem.message


def test_a_package_with_a_signed_loader_is_enough() -> None:
    assert check_secure_boot(SECURE, [repository(PLAIN), repository(SIGNED)], []) == ()


def test_a_package_that_is_left_out_brings_nothing() -> None:
    assert len(check_secure_boot(SECURE, [repository(PLAIN, SIGNED)], ["loader"])) == 1
    assert signed_loader([repository(PLAIN, SIGNED)], []) == "/boot/efi"


@pytest.mark.parametrize("host", [replace(SECURE, secure_boot=False), replace(SECURE, firmware=Firmware.BIOS)])
def test_without_secure_boot_nothing_is_wanted(host: Host) -> None:
    assert check_secure_boot(host, [repository(PLAIN)], []) == ()


@pytest.mark.parametrize(("sector_bytes", "text"), [(512, "512 bytes"), (1024, "1 KiB"), (4096, "4 KiB")])
def test_sectors_are_told_in_kib_from_one_on(sector_bytes: int, text: str) -> None:
    assert sectors(Disk("sda", "/dev/sda", 1, sector_bytes)) == text
