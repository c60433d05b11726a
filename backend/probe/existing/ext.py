"""Files of an ext2, ext3 or ext4 file system, read from a file or device without a mount, a program or any write.

What a host that was not shut down left in its journal is read there (`ext_journal.py`). Links are followed inside the
file system alone. The format is that of linux/Documentation/filesystems/ext4.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from backend.probe.existing.ext_journal import Place, committed_blocks
from installer.model.errors import DeviceError

Read = Callable[[int, int], bytes]  # offset and size in bytes, from the start of the file system

SUPERBLOCK = 1024
MAGIC = 0xEF53
ROOT_INODE, JOURNAL_INODE = 2, 8
JOURNAL = 0x4  # s_feature_compat
FILETYPE, RECOVER, EXTENTS, IS_64BIT = 0x2, 0x4, 0x40, 0x80  # s_feature_incompat
READABLE = FILETYPE | RECOVER | EXTENTS | IS_64BIT
READABLE |= 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000  # mmp, flex_bg, ea_inode, csum_seed and so on
USES_EXTENTS, ENCRYPTED, INLINE = 0x80000, 0x800, 0x10000000  # i_flags
EXTENT_MAGIC = 0xF30A
LARGEST_EXTENT = 32768  # longer ones are allocated, and not written yet
DEEPEST_EXTENT = 5
DIRECT = 12
FAST_LINK = 60
LONGEST_LINK = 4096
MOST_LINKS = 16
LARGEST_DIRECTORY = 2**20
KEPT_BLOCKS = 256
# of one file system, as often as they are looked at: no damage may keep this reader busy for more than seconds
MOST_BLOCKS, MOST_ENTRIES = 2**18, 2**21
LARGEST_PLACE = 2**62


class UnreadableFilesystem(DeviceError):
    """A file system, or a file on it, is damaged, truncated, encrypted or of a kind that is not read."""


@dataclass(frozen=True)
class Inode:
    """A file, directory or link; `places` is what its inode says of where its blocks are."""

    number: int
    mode: int
    size: int
    flags: int
    modified_s: int
    places: bytes

    @property
    def is_directory(self) -> bool:
        """Whether it has names in it."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_ISREG(self.mode)


class ExtFilesystem:
    """One file system. Every method raises UnreadableFilesystem for what is not as it must be."""

    def __init__(self, read: Read) -> None:
        data = read(SUPERBLOCK, SUPERBLOCK)
        if len(data) < SUPERBLOCK or struct.unpack_from("<H", data, 56)[0] != MAGIC:
            raise UnreadableFilesystem("there is no ext file system")
        self._read = read
        self._first_block, log_block_bytes = struct.unpack_from("<II", data, 20)
        self._inodes_per_group = struct.unpack_from("<I", data, 40)[0]
        self._inode_count = struct.unpack_from("<I", data, 0)[0]
        revision = struct.unpack_from("<I", data, 76)[0]
        self._inode_bytes = struct.unpack_from("<H", data, 88)[0] if revision else 128
        compatible, self._features = struct.unpack_from("<II", data, 92) if revision else (0, 0)
        wide = struct.unpack_from("<H", data, 254)[0]
        self._group_bytes = wide if self._features & IS_64BIT else 32
        self.label = data[120:136].partition(b"\0")[0].decode("utf-8", "replace")
        self._check(log_block_bytes)
        self.block_bytes = 1024 << log_block_bytes
        self._kept: dict[int, bytes] = {}
        self._blocks_left, self._entries_left = MOST_BLOCKS, MOST_ENTRIES
        self._newer: Mapping[int, Place] = {}
        self._journal: Inode | None = None
        if self._features & RECOVER and compatible & JOURNAL:
            journal = self.inode(struct.unpack_from("<I", data, 224)[0] or JOURNAL_INODE)
            newer = committed_blocks(lambda number: self._block_of(journal, number), self.block_bytes)
            self._journal, self._newer, self._kept = journal, newer, {}

    def _check(self, log_block_bytes: int) -> None:
        if unknown := self._features & ~READABLE:
            raise UnreadableFilesystem(f"the file system has features that are not read here ({unknown:#x})")
        sound = log_block_bytes <= 6 and self._inodes_per_group and 128 <= self._inode_bytes <= 65536
        if not sound or not 32 <= self._group_bytes <= 1024:
            raise UnreadableFilesystem("the file system's first block is damaged")

    def _block(self, number: int) -> bytes:
        """Return a block as it would be after the journal's replay; block 0 stands for a hole."""
        if not number:
            return bytes(self.block_bytes)
        self._blocks_left -= 1
        self._check_effort()
        if (kept := self._kept.get(number)) is not None:
            return kept
        newer = self._newer.get(number)
        if newer and self._journal:
            data = newer.contents(self._raw(self._number_of(self._journal, newer.block)))
        else:
            data = self._raw(number)
        if len(self._kept) >= KEPT_BLOCKS:
            self._kept.clear()
        self._kept[number] = data
        return data

    def _check_effort(self) -> None:
        if self._blocks_left < 0 or self._entries_left < 0:
            raise UnreadableFilesystem("it takes more reading than any control domain")

    def _raw(self, number: int) -> bytes:
        place = number * self.block_bytes
        data = self._read(place, self.block_bytes) if place < LARGEST_PLACE else b""
        if len(data) < self.block_bytes:
            raise UnreadableFilesystem("the file system ends before its blocks do")
        return data

    def inode(self, number: int) -> Inode:
        """Return an inode by its number."""
        if not 0 < number <= self._inode_count:
            raise UnreadableFilesystem(f"there is no inode {number}")
        group, index = divmod(number - 1, self._inodes_per_group)
        block, at = divmod(group * self._group_bytes, self.block_bytes)
        descriptor = self._block(self._first_block + 1 + block)[at : at + self._group_bytes]
        if len(descriptor) < 32:
            raise UnreadableFilesystem("the table of groups is damaged")
        table = struct.unpack_from("<I", descriptor, 8)[0]
        if self._group_bytes >= 64:
            table |= struct.unpack_from("<I", descriptor, 0x28)[0] << 32
        block, at = divmod(index * self._inode_bytes, self.block_bytes)
        data = self._block(table + block)[at : at + 128]
        if len(data) < 128:
            raise UnreadableFilesystem("the table of inodes is damaged")
        mode, _, size_low = struct.unpack_from("<HHI", data)
        modified_s = struct.unpack_from("<I", data, 0x10)[0]
        flags = struct.unpack_from("<I", data, 0x20)[0]
        size = size_low | (struct.unpack_from("<I", data, 0x6C)[0] << 32 if stat.S_ISREG(mode) else 0)
        return Inode(number, mode, size, flags, modified_s, data[0x28:0x64])

    def _block_of(self, inode: Inode, logical: int) -> bytes:
        return self._block(self._number_of(inode, logical))

    def _number_of(self, inode: Inode, logical: int) -> int:
        """Return where a file's block is, 0 for a hole."""
        if inode.flags & USES_EXTENTS:
            return self._by_extents(inode.places, logical)
        if logical < DIRECT:
            return int(struct.unpack_from("<I", inode.places, 4 * logical)[0])
        logical -= DIRECT
        per_block = self.block_bytes // 4
        for level in (1, 2, 3):
            if logical < per_block**level:
                return self._by_tables(
                    struct.unpack_from("<I", inode.places, 4 * (DIRECT + level - 1))[0], logical, level
                )
            logical -= per_block**level
        raise UnreadableFilesystem("a file is larger than can be")

    def _by_tables(self, number: int, logical: int, level: int) -> int:
        per_block = self.block_bytes // 4
        while level and number:
            level -= 1
            index, logical = divmod(logical, per_block**level)
            number = struct.unpack_from("<I", self._block(number), 4 * index)[0]
        return number

    def _by_extents(self, node: bytes, logical: int) -> int:
        for _ in range(DEEPEST_EXTENT + 1):
            magic, count, _, depth = struct.unpack_from("<HHHH", node)
            if magic != EXTENT_MAGIC or 12 * (count + 1) > len(node):
                break
            rows = range(12, 12 * (count + 1), 12)
            at = max((row for row in rows if struct.unpack_from("<I", node, row)[0] <= logical), default=0)
            if not at:
                return 0
            if not depth:
                first, length, high, low = struct.unpack_from("<IHHI", node, at)
                written = length <= LARGEST_EXTENT and logical - first < length
                return (high << 32 | low) + logical - first if written else 0
            low, high = struct.unpack_from("<IH", node, at + 4)
            node = self._block(high << 32 | low)
        raise UnreadableFilesystem("the list of a file's blocks is damaged")

    def contents(self, inode: Inode, limit: int) -> bytes:
        """Return what is in a file, directory or link; larger than `limit` bytes is an error."""
        if inode.flags & ENCRYPTED:
            raise UnreadableFilesystem("it is encrypted")
        if inode.size > limit:
            raise UnreadableFilesystem(f"it has {inode.size} bytes, more than such a file can have")
        if inode.is_link and inode.size < FAST_LINK:
            return inode.places[: inode.size]
        if inode.flags & INLINE:
            raise UnreadableFilesystem("it lies in its inode, which is not read here")
        blocks = -(-inode.size // self.block_bytes)
        return b"".join(self._block_of(inode, number) for number in range(blocks))[: inode.size]

    def entries(self, directory: Inode) -> Iterator[tuple[bytes, int]]:
        """Yield name and inode number of what is in a directory, except `.` and `..`."""
        data = self.contents(directory, LARGEST_DIRECTORY)
        at = 0
        while at + 8 <= len(data):
            self._entries_left -= 1
            self._check_effort()
            number, length, name_bytes = struct.unpack_from("<IHB", data, at)
            if not self._features & FILETYPE:
                name_bytes |= data[at + 7] << 8
            length = self.block_bytes if length in (0, 65535) and self.block_bytes == 65536 else length
            if length < 8 or length % 4 or name_bytes + 8 > length or at % self.block_bytes + length > self.block_bytes:
                raise UnreadableFilesystem("a directory is damaged")
            name = data[at + 8 : at + 8 + name_bytes]
            if number and name not in (b"", b".", b".."):
                yield name, number
            at += length

    def find(self, path: str, *, below: Inode | None = None, follow: bool = True) -> Inode | None:
        """Return what a path leads to, None when there is nothing; `below` is taken for the root directory.

        `follow` False returns a link at the path's end itself.
        """
        root = below or self.inode(ROOT_INODE)
        trail = [root]
        rest = _names(path.encode("utf-8", "surrogateescape"))
        links = 0
        while rest:
            name = rest.pop(0)
            if name == b"..":
                trail = trail[:-1] or [root]
                continue
            if not trail[-1].is_directory:
                return None
            number = next((number for entry, number in self.entries(trail[-1]) if entry == name), 0)
            if not number:
                return None
            found = self.inode(number)
            if not found.is_link or not (rest or follow):
                trail.append(found)
                continue
            if (links := links + 1) > MOST_LINKS:
                raise UnreadableFilesystem("its links lead in a circle")
            target = self.contents(found, LONGEST_LINK)
            trail = [root] if target.startswith(b"/") else trail
            rest = _names(target) + rest
        return trail[-1]


def _names(path: bytes) -> list[bytes]:
    return [name for name in path.split(b"/") if name not in (b"", b".")]
