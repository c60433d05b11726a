"""The journal of an ext3 or ext4 file system: which blocks it holds newer than their places do. Pure.

A host that lost its power has its last changes, files that were synced included, in the journal alone. Replaying it
would be a write; reading the blocks where the journal has them is none. The format is that of linux/jbd2.h.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAGIC = 0xC03B3998
DESCRIPTOR, COMMIT, SUPERBLOCK_V1, SUPERBLOCK_V2, REVOKE = 1, 2, 3, 4, 5
HEADER = 12
SAME_UUID, LAST_TAG, ESCAPED = 2, 8, 1
UUID_BYTES = 16
HAS_64BIT, HAS_CHECKSUMS_V2, HAS_CHECKSUMS_V3 = 0x2, 0x8, 0x10
CHECKSUM_TAIL = 4
MOST_BLOCKS = 2**20  # mke2fs makes journals of 2^18 blocks at most; a wrong number must not take minutes


@dataclass(frozen=True)
class Place:
    """Where the newest contents of a block are: the journal's block, and whether its first word was put aside."""

    block: int
    escaped: bool

    def contents(self, data: bytes) -> bytes:
        """Return the block as it is meant; one that began like a block of the journal itself was stored with zeros."""
        return struct.pack(">I", MAGIC) + data[4:] if self.escaped else data


@dataclass(frozen=True)
class _Log:
    block_bytes: int
    end: int
    first: int
    sequence: int
    start: int
    features: int

    @property
    def tag_bytes(self) -> int:
        if self.features & HAS_CHECKSUMS_V3:
            return 16
        return 8 + (2 if self.features & HAS_CHECKSUMS_V2 else 0) + (4 if self.features & HAS_64BIT else 0)

    def after(self, block: int) -> int:
        """Return the block that follows: the log is a ring."""
        return block + 1 if block + 1 < self.end else self.first


def committed_blocks(read: Callable[[int], bytes], block_bytes: int) -> dict[int, Place]:
    """Return the file system's blocks that whole transactions of the journal replace; none when it is no journal.

    `read` returns a block of the journal by its number; what it raises is let through.
    """
    log = _parse_superblock(read(0), block_bytes)
    found: dict[int, Place] = {}
    if log is None or not log.start:
        return found
    revoked: dict[int, int] = {}
    transactions: list[tuple[int, dict[int, Place]]] = []
    for sequence, places, taken_back in _transactions(read, log):
        transactions.append((sequence, places))
        revoked.update(dict.fromkeys(taken_back, sequence))
    for sequence, places in transactions:
        found.update({block: place for block, place in places.items() if sequence > revoked.get(block, -1)})
    return found


def _parse_superblock(data: bytes, block_bytes: int) -> _Log | None:
    magic, kind, _, own_bytes, end, first, sequence, start = struct.unpack_from(">8I", data)
    (features,) = struct.unpack_from(">I", data, 0x28)
    if magic != MAGIC or kind not in (SUPERBLOCK_V1, SUPERBLOCK_V2) or own_bytes != block_bytes:
        return None
    if not 0 < first < end <= MOST_BLOCKS or start >= end:
        return None
    return _Log(block_bytes, end, first, sequence, start, features if kind == SUPERBLOCK_V2 else 0)


def _transactions(read: Callable[[int], bytes], log: _Log) -> Iterator[tuple[int, dict[int, Place], tuple[int, ...]]]:
    """Yield sequence number, blocks and revoked blocks of each transaction that was committed."""
    block, sequence, left = log.start, log.sequence, log.end
    places: dict[int, Place] = {}
    revoked: list[int] = []
    while left > 0:
        data = read(block)
        magic, kind, number = struct.unpack_from(">3I", data)
        if magic != MAGIC or number != sequence:
            return
        block, left = log.after(block), left - 1
        if kind == DESCRIPTOR:
            for target, escaped in _tags(data, log):
                places[target] = Place(block, escaped)
                block, left = log.after(block), left - 1
        elif kind == REVOKE:
            revoked += _revoked(data, log)
        elif kind == COMMIT:
            yield sequence, places, tuple(revoked)
            places, revoked, sequence = {}, [], (sequence + 1) % 2**32
        else:
            return


def _tags(data: bytes, log: _Log) -> Iterator[tuple[int, bool]]:
    """Yield target and escape mark of the blocks that follow a descriptor."""
    at = HEADER
    checked = log.features & (HAS_CHECKSUMS_V2 | HAS_CHECKSUMS_V3)
    end = log.block_bytes - (CHECKSUM_TAIL if checked else 0)
    while at + log.tag_bytes <= end:
        if log.features & HAS_CHECKSUMS_V3:
            low, flags, high = struct.unpack_from(">III", data, at)
        else:
            low, _, flags = struct.unpack_from(">IHH", data, at)
            high = struct.unpack_from(">I", data, at + 8)[0] if log.features & HAS_64BIT else 0
        if not log.features & HAS_64BIT:
            high = 0
        yield high << 32 | low, bool(flags & ESCAPED)
        if flags & LAST_TAG:
            return
        at += log.tag_bytes + (0 if flags & SAME_UUID else UUID_BYTES)


def _revoked(data: bytes, log: _Log) -> Iterator[int]:
    (used,) = struct.unpack_from(">I", data, HEADER)
    form, size = (">Q", 8) if log.features & HAS_64BIT else (">I", 4)
    for at in range(HEADER + 4, min(used, log.block_bytes) - size + 1, size):
        yield struct.unpack_from(form, data, at)[0]
