"""Whether the machine can start from a disk and with a payload: sector sizes, Secure Boot."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.host import Disk, Firmware, Host
from installer.model.problem import Problem, Severity
from installer.model.source import Repository
from installer.model.units import KIB

SECTOR_BYTES = 512
SECTOR_BYTES_4KN = 4096


def sectors(disk: Disk) -> str:
    """Return the size of a disk's sectors in words."""
    return f"{disk.sector_bytes // KIB} KiB" if disk.sector_bytes >= KIB else f"{disk.sector_bytes} bytes"


def sector_fault(disk: Disk, firmware: Firmware, *, primary: bool) -> str:
    """Return why a disk's sectors keep it from being used, empty when they do not.

    A BIOS reads sectors of 512 bytes only (INT 13h); guest storage is no concern of its.
    """
    if primary and firmware is Firmware.BIOS and disk.sector_bytes != SECTOR_BYTES:
        return f"it has sectors of {sectors(disk)}, from which a BIOS cannot start"
    if disk.sector_bytes not in (SECTOR_BYTES, SECTOR_BYTES_4KN):
        return f"it has sectors of {sectors(disk)}; those of 512 bytes and of 4 KiB are supported"
    return ""


def mixed_sectors(disks: Sequence[Disk]) -> str:
    """Return why disks cannot form one volume group, empty when they can (lvm.conf(5), allow_mixed_block_sizes)."""
    if len({disk.sector_bytes for disk in disks}) < 2:
        return ""
    listed = ", ".join(f"{disk.name} of {sectors(disk)}" for disk in disks)
    return f"the disks for guest storage have sectors of different sizes ({listed}), which LVM does not mix"


def signed_loader(repositories: Sequence[Repository], skipped: Sequence[str]) -> str:
    """Return the directory on the target of the boot loader signed for Secure Boot, empty when no package brings one.

    Packages that are left out bring nothing.
    """
    packages = (package for repository in repositories for package in repository.packages)
    return next(
        (package.signed_loader for package in packages if package.signed_loader and package.name not in skipped), ""
    )


def check_secure_boot(host: Host, repositories: Sequence[Repository], skipped: Sequence[str]) -> tuple[Problem, ...]:
    """Return the problem of a firmware that would not start what is to be installed."""
    if host.firmware is not Firmware.UEFI or not host.secure_boot or signed_loader(repositories, skipped):
        return ()
    message = "Secure Boot is on in this machine's firmware, and no package brings a boot loader that is signed for it"
    return (Problem(Severity.ERROR, message, hint="switch Secure Boot off in the firmware's settings"),)
