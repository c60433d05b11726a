"""The names of disks and partitions on the installed host."""

from __future__ import annotations

import pytest

from backend.device_names import disk_path, partition_path
from installer.model.host import Disk
from installer.model.units import GIB

BY_ID = "/dev/disk/by-id"
WWID = "3600508b400105e210000900000490000"


@pytest.mark.parametrize(
    ("name", "links", "whole", "second"),
    [
        ("sda", (), "/dev/sda", "/dev/sda2"),
        ("vda", (), "/dev/vda", "/dev/vda2"),
        ("nvme0n1", (), "/dev/nvme0n1", "/dev/nvme0n1p2"),
        ("mmcblk0", (), "/dev/mmcblk0", "/dev/mmcblk0p2"),
        ("cciss/c0d0", (), "/dev/cciss/c0d0", "/dev/cciss/c0d0p2"),
        ("mapper/mpatha", (), "/dev/mapper/mpatha", "/dev/mapper/mpatha-part2"),
        ("sda", ("ata-X_1", "wwn-0x5"), f"{BY_ID}/ata-X_1", f"{BY_ID}/ata-X_1-part2"),
        ("vda", ("virtio-S1",), f"{BY_ID}/virtio-S1", f"{BY_ID}/virtio-S1-part2"),
        ("nvme0n1", ("nvme-X_1", "nvme-eui.01"), f"{BY_ID}/nvme-X_1", f"{BY_ID}/nvme-X_1-part2"),
        ("sda", ("lvm-pv-uuid-abc", "scsi-3"), f"{BY_ID}/scsi-3", f"{BY_ID}/scsi-3-part2"),
        ("vda", ("lvm-pv-uuid-abc",), "/dev/vda", "/dev/vda2"),
        (
            "dm-0",
            ("dm-name-mpatha", f"dm-uuid-mpath-{WWID}", "scsi-3"),
            f"{BY_ID}/dm-uuid-mpath-{WWID}",
            f"{BY_ID}/dm-uuid-part2-mpath-{WWID}",
        ),
    ],
)
def test_names_are_those_of_udev_or_the_kernel(name: str, links: tuple[str, ...], whole: str, second: str) -> None:
    disk = Disk(name, f"/dev/{name}", 16 * GIB, by_id=tuple(f"{BY_ID}/{link}" for link in links))
    assert disk_path(disk) == whole
    assert partition_path(disk, 2) == second
