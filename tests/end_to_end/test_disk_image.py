"""Disks are read and written from outside as their machines will see them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.end_to_end.disk_image import PartitionOnImage, partitions, read_file, write_file
from tests.needs import needs

MIB = 2**20


def _disk(directory: Path) -> tuple[Path, PartitionOnImage]:
    """A disk whose second partition has /etc/shadow of root and group 42."""
    needs("sfdisk", "mkfs.ext3", "debugfs", "e2fsck")
    image = directory / "disk.img"
    with image.open("wb") as stream:
        stream.truncate(24 * MIB)
    subprocess.run(["sfdisk", "-q", str(image)], input="2048,8192\n10240,32768\n", text=True, check=True)
    partition = partitions(image)[1]
    (directory / "tree/etc").mkdir(parents=True)
    (directory / "tree/etc/shadow").write_text("root:*:\n", encoding="ascii")
    make = ["mkfs.ext3", "-q", "-E", f"offset={partition.start_bytes}", "-d", str(directory / "tree"), str(image)]
    subprocess.run([*make, f"{partition.size_bytes // 1024}k"], check=True)
    sif = "sif /etc/shadow mode 0100640\nsif /etc/shadow gid 42"
    argv = ["debugfs", "-w", "-f", "-", f"{image}?offset={partition.start_bytes}"]
    subprocess.run(argv, input=sif, text=True, check=True, capture_output=True)
    return image, partition


def test_a_file_is_replaced_and_keeps_owner_and_mode(tmp_path: Path) -> None:
    image, partition = _disk(tmp_path)
    write_file(image, partition, "/etc/shadow", "root:!!:\nmore\n")
    assert read_file(image, partition, "/etc/shadow") == "root:!!:\nmore\n"
    place = f"{image}?offset={partition.start_bytes}"
    said = subprocess.run(["debugfs", "-R", "stat /etc/shadow", place], capture_output=True, text=True, check=True)
    assert "Mode:  0640" in said.stdout and "Group:    42" in said.stdout
    subprocess.run(["e2fsck", "-f", "-n", place], check=True, capture_output=True)
