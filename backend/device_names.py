"""How the installed host names a disk and its partitions: by links that stay, whatever order disks are found in."""

from __future__ import annotations

from installer.model.disk_links import BY_ID, MULTIPATH, stable_links
from installer.model.host import Disk


def disk_path(disk: Disk) -> str:
    """Return the path of a whole disk on the installed host: its stable link, or the kernel's name."""
    return next(iter(stable_links(disk)), f"/dev/{disk.name}")


def partition_path(disk: Disk, number: int) -> str:
    """Return the path of a partition on the installed host, in the form that udev or the kernel gives it."""
    base = disk_path(disk)
    if base.startswith(BY_ID + MULTIPATH):  # the rules of kpartx
        return f"{BY_ID}dm-uuid-part{number}-mpath-{base.removeprefix(BY_ID + MULTIPATH)}"
    if base.startswith((BY_ID, "/dev/mapper/")):
        return f"{base}-part{number}"
    return f"{base}{'p' if base[-1].isdigit() else ''}{number}"
