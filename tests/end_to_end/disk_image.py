"""Disk images seen from outside the machine that uses them: what changed, how they are divided, what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backend.raw_disks import BOOT_CODE_BYTES

SECTOR_BYTES = 512
BLOCK_BYTES = 2**16
ZEROS = bytes(BLOCK_BYTES)
FIELDS = {"mode": "Mode", "uid": "User", "gid": "Group"}  # debugfs's words in `sif` and in what `stat` prints
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
                if data != ZEROS[: len(data)]:  # a twentieth of the time that counting them takes
                    digest.update(f"{block}:".encode() + data)
                place = block + BLOCK_BYTES
    finally:
        os.close(descriptor)
    return Fingerprint(status.st_mtime_ns, status.st_size, digest.hexdigest())


def boot_code(image: Path) -> bytes:
    """Return the code at the start of a disk that a BIOS runs."""
    with image.open("rb") as stream:
        return stream.read(BOOT_CODE_BYTES)


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


def write_file(image: Path, partition: PartitionOnImage, path: str, text: str) -> None:
    """Put a text in place of a file of an ext2, 3 or 4 file system, without mounting it; owner and mode stay.

    The file and its directory must be there, and the machine that uses them switched off. debugfs tells what fails on
    standard error, and by no exit status.
    """
    place = f"{image}?offset={partition.start_bytes}"
    before = _debugfs(place, f"stat {path}")
    kept = {name: re.search(rf"{title}: +([0-9]+)", before) for name, title in FIELDS.items()}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as source:
        source.write(text)
        source.flush()
        fields = [f"sif {path} {name} {_field(name, match)}" for name, match in kept.items()]
        _debugfs(place, f"rm {path}", f"write {source.name} {path}", *fields)
    assert read_file(image, partition, path) == text


def _field(name: str, match: re.Match[str] | None) -> str:
    assert match, f"debugfs does not tell the {name}"
    return f"0100{match[1][-3:]}" if name == "mode" else match[1]  # S_IFREG


def _debugfs(place: str, *commands: str) -> str:
    argv = ["debugfs", "-w", "-f", "-", place]
    text = "\n".join(commands)
    result = subprocess.run(argv, check=True, capture_output=True, text=True, env=PATH, input=text)
    faults = [line for line in result.stderr.splitlines() if line and not line.startswith("debugfs 1.")]
    assert not faults, faults
    return result.stdout
