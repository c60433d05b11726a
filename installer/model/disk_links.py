"""The by-id links of a disk that stay true: not those which udev makes from what is on it."""

from __future__ import annotations

from installer.model.host import Disk

BY_ID = "/dev/disk/by-id/"
# links that udev makes from what is on a disk: they go when it is erased
OF_CONTENTS = ("lvm-pv-uuid-", "md-uuid-", "md-name-")
MULTIPATH = "dm-uuid-mpath-"  # by WWID; dm-name- may be an alias that only one machine's settings know


def stable_links(disk: Disk) -> tuple[str, ...]:
    """Return the by-id links that name the disk itself, the one to be preferred first."""
    links = (link for link in disk.by_id if not link.removeprefix(BY_ID).startswith(OF_CONTENTS))
    return tuple(sorted(links, key=lambda link: not link.startswith(BY_ID + MULTIPATH)))
