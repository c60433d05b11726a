"""What an installation over a host must leave as it was, seen from outside."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tests.end_to_end.disk_image import PartitionOnImage

BLOCK_BYTES = 2**20


def part_sha256(image: Path, part: PartitionOnImage) -> str:
    """Return the hash of every block of a partition that is not all zeros, with its place; holes are not read."""
    digest = hashlib.sha256()
    descriptor = os.open(image, os.O_RDONLY)
    try:
        place, end = part.start_bytes, part.start_bytes + part.size_bytes
        while place < end:
            try:
                place = max(place, os.lseek(descriptor, place, os.SEEK_DATA) // BLOCK_BYTES * BLOCK_BYTES)
            except OSError:  # ENXIO: only a hole follows
                break
            if place >= end:
                break
            data = os.pread(descriptor, min(BLOCK_BYTES, end - place), place)
            if data.count(0) < len(data):
                digest.update(f"{place}:".encode() + data)
            place += len(data)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def entries(inventory: str) -> dict[str, str]:
    """Return the entries of an inventory."""
    return dict(re.findall(r"^([A-Z_]+)='(.*)'$", inventory, re.MULTILINE))
