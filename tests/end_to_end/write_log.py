"""What a virtual machine wrote to a disk, write by write, and the disk as a power cut at any moment leaves it.

QEMU's driver blklogwrites records in the form of the kernel's dm-log-writes
(Documentation/admin-guide/device-mapper/log-writes.rst): a super block, then for each write an entry of one sector,
followed by its data.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0x6A736677736872
SUPER = struct.Struct("<QQQI")  # magic, version, entries, sector size
ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, length of the data
FLUSH, FUA, DISCARD = 1, 2, 4
SECTOR_BYTES = 512
CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Write:
    """One write: where it goes on the disk, where its bytes are in the log; both in bytes. `lasting`: after it all
    before it is on the disk."""

    start_bytes: int
    size_bytes: int
    data_at: int
    discard: bool
    lasting: bool


def read_log(path: Path) -> tuple[Write, ...]:
    """Return all writes in their order. Raises AssertionError for what is no such log."""
    with path.open("rb") as stream:
        magic, _, _, sector_bytes = SUPER.unpack(stream.read(SUPER.size))
        assert magic == MAGIC, f"{path} is no log of writes"
        assert sector_bytes == SECTOR_BYTES
        return tuple(_writes(stream.fileno(), sector_bytes, path.stat().st_size))


def _writes(descriptor: int, sector_bytes: int, end: int) -> Iterator[Write]:
    """Yield the entries up to the end of the file: the super block may count less than there are."""
    place = sector_bytes
    while place + sector_bytes <= end:
        sector, count, flags, _ = ENTRY.unpack(os.pread(descriptor, ENTRY.size, place))
        place += sector_bytes
        discard = bool(flags & DISCARD)
        size = count * sector_bytes
        yield Write(sector * sector_bytes, size, place, discard, bool(flags & (FLUSH | FUA)))
        place += 0 if discard else size


@dataclass
class Replay:
    """A disk that is brought forward, write by write, from how it was before."""

    disk: Path
    log: Path
    writes: tuple[Write, ...]
    done: int = 0

    @classmethod
    def of(cls, before: Path, disk: Path, log: Path) -> Replay:
        """Begin with a copy of the disk as it was before the first write."""
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(before), str(disk)], check=True)
        return cls(disk, log, read_log(log))

    def to(self, count: int) -> None:
        """Bring the disk forward to so many writes; there is no way back."""
        assert count >= self.done, "a replay goes forward only"
        with self.log.open("rb") as log, self.disk.open("r+b") as disk:
            for write in self.writes[self.done : count]:
                disk.seek(write.start_bytes)
                if write.discard:
                    _copy_zeros(disk.fileno(), write)
                    continue
                _copy(log.fileno(), disk.fileno(), write)
        self.done = count

    def last_flush(self, count: int) -> int:
        """Return how many writes are on the disk for certain when the power is cut after so many."""
        return max((n for n, write in enumerate(self.writes[:count], 1) if write.lasting), default=0)

    def snapshot(self, path: Path) -> Path:
        """Copy the disk as it is now."""
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(self.disk), str(path)], check=True)
        return path


def _copy(source: int, target: int, write: Write) -> None:
    done = 0
    while done < write.size_bytes:
        data = os.pread(source, min(CHUNK_BYTES, write.size_bytes - done), write.data_at + done)
        assert data, "the log ends within a write"
        os.pwrite(target, data, write.start_bytes + done)
        done += len(data)


def _copy_zeros(target: int, write: Write) -> None:
    zeros = bytes(CHUNK_BYTES)
    done = 0
    while done < write.size_bytes:
        size = min(CHUNK_BYTES, write.size_bytes - done)
        os.pwrite(target, zeros[:size], write.start_bytes + done)
        done += size


def touched(writes: tuple[Write, ...], start_bytes: int, end_bytes: int) -> tuple[Write, ...]:
    """Return the writes that reach into a part of the disk."""
    return tuple(
        write
        for write in writes
        if write.start_bytes < end_bytes and write.start_bytes + write.size_bytes > start_bytes
    )
