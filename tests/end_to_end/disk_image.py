"""Disk images seen from outside the machine that uses them: what changed, how they are divided, what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
BLOCK_BYTES = 2**16
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Fingerprint:
    """Two equal ones: nothing was written in between, and what is on the disk is the same."""

    modified_ns: int
    size_bytes: int
    sha256: str


def fingerprint(image: Path) -> Fingerprint:
    """Return time of modification, size, and a hash of every block that is not all zeros, with its place.

    Holes only save reading: what a file system tells of them changes while it writes back, without any change of bytes.
    """
    status = image.stat()
    digest = hashlib.sha256()
    descriptor = os.open(image, os.O_RDONLY)
    try:
        place = 0
        while True:
            try:
                start = os.lseek(descriptor, place, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole follows
                break
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
            for block in range(max(place, start - start % BLOCK_BYTES), end, BLOCK_BYTES):
                data = os.pread(descriptor, BLOCK_BYTES, block)
                if data.count(0) < len(data):
                    digest.update(f"{block}:".encode() + data)
                place = block + BLOCK_BYTES
    finally:
        os.close(descriptor)
    return Fingerprint(status.st_mtime_ns, status.st_size, digest.hexdigest())


@dataclass(frozen=True)
class PartitionOnImage:
    """A row of a partition table; both figures in bytes."""

    number: int
    start_bytes: int
    size_bytes: int


def partitions(image: Path) -> tuple[PartitionOnImage, ...]:
    """Return the partitions in the order of their numbers, as sfdisk reads them."""
    text = subprocess.run(["sfdisk", "--json", str(image)], check=True, capture_output=True, text=True, env=PATH).stdout
    rows = json.loads(text)["partitiontable"]["partitions"]
    found = (
        PartitionOnImage(
            int(row["node"].removeprefix(str(image)).lstrip("p")),
            row["start"] * SECTOR_BYTES,
            row["size"] * SECTOR_BYTES,
        )
        for row in rows
    )
    return tuple(sorted(found, key=lambda partition: partition.number))


def read_file(image: Path, partition: PartitionOnImage, path: str) -> str:
    """Return a text file of an ext2, 3 or 4 file system, without mounting it; empty when there is none."""
    place = f"{image}?offset={partition.start_bytes}"
    argv = ["debugfs", "-R", f"cat {path}", place]
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=PATH).stdout
