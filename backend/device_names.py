"""How the installed host names a disk and its partitions: by links that stay, whatever order disks are found in."""

from __future__ import annotations

from installer.model.host import Disk

BY_ID = "/dev/disk/by-id/"
# links that udev makes from what is on a disk: they go when it is erased
OF_CONTENTS = ("lvm-pv-uuid-", "md-uuid-", "md-name-")
MULTIPATH = "dm-uuid-mpath-"  # by WWID; dm-name- may be an alias that only one machine's settings know


def stable_link(disk: Disk) -> str:
    """Return the by-id link that names the disk itself, empty when it has none."""
    links = [link for link in disk.by_id if not link.removeprefix(BY_ID).startswith(OF_CONTENTS)]
    return next((link for link in links if link.startswith(BY_ID + MULTIPATH)), links[0] if links else "")


def disk_path(disk: Disk) -> str:
    """Return the path of a whole disk on the installed host: its stable link, or the kernel's name."""
    return stable_link(disk) or f"/dev/{disk.name}"


def partition_path(disk: Disk, number: int) -> str:
    """Return the path of a partition on the installed host, in the form that udev or the kernel gives it."""
    base = disk_path(disk)
    if base.startswith(BY_ID + MULTIPATH):  # the rules of kpartx
        return f"{BY_ID}dm-uuid-part{number}-mpath-{base.removeprefix(BY_ID + MULTIPATH)}"
    if base.startswith((BY_ID, "/dev/mapper/")):
        return f"{base}-part{number}"
    return f"{base}{'p' if base[-1].isdigit() else ''}{number}"
