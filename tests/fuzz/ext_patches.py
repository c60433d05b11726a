"""Patches of the small images that lead a reader of ext file systems down its rarer branches, by what they damage."""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterator

from backend.probe.existing.ext import ENCRYPTED, EXTENT_MAGIC, INLINE, ExtFilesystem, Inode

PATCH = 8  # bytes: three of place, five that go there
SUPERBLOCK = 1024
MODE, SIZE, FLAGS, PLACES = 0, 4, 0x20, 0x28  # of an inode
INVENTORY, DATABASE = "/etc/xensource-inventory", "/var/xapi/state.db"
MANY_BLOCKS = 400  # more than are kept, and than one table of a file's blocks names
NAME = 8  # where it stands in an entry of a directory
BEYOND = 0x7FFFFFFF  # no image has such a block, nor such an inode
JOURNAL_BEGINS = struct.pack(">II", 0xC03B3998, 4)  # its magic, and that it is a superblock


class Patched:
    """An image of which places are named; each method returns patches that change one."""

    def __init__(self, image: bytes) -> None:
        self._image = image
        self._filesystem = ExtFilesystem(lambda start, size: image[start : start + size])
        self._block = self._filesystem.block_bytes

    def at(self, place: int, data: bytes) -> bytes:
        """Overwrite a place."""
        end = place + -(-len(data) // (PATCH - 3)) * (PATCH - 3)
        data += self._image[place + len(data) : end]
        pieces = range(0, len(data), PATCH - 3)
        return b"".join((place + start).to_bytes(3, "big") + data[start : start + PATCH - 3] for start in pieces)

    def superblock(self, offset: int, form: str, value: int) -> bytes:
        """Overwrite a field of the superblock."""
        return self.at(SUPERBLOCK + offset, struct.pack(form, value))

    def inode(self, path: str, offset: int, data: bytes) -> bytes:
        """Overwrite a field of a file's inode."""
        return self.at(self._place_of(self._found(path).number) + offset, data)

    def first_block(self, path: str) -> int:
        """Return where the first block of a file or directory is."""
        whole = self._filesystem.contents(self._found(path), 2**20)
        return self._image.index(whole[: self._block])

    def name(self, directory: str, name: bytes) -> int:
        """Return where a name stands in its directory."""
        return self._image.index(name, self.first_block(directory))

    def marks(self) -> tuple[int, ...]:
        """Return where the names of what only installers put on partition 2 begin."""
        begins, root = re.compile(rb"\.xen-(?:backup-partition|installer)"), self.first_block("/")
        return tuple(found.start() for found in begins.finditer(self._image, root, root + self._block))

    def free_block(self) -> int:
        """Return the number of the last block that is zeros."""
        count = len(self._image) // self._block
        return next(at for at in range(count - 1, 0, -1) if not any(self._image[at * self._block :][: self._block]))

    def _found(self, path: str) -> Inode:
        found = self._filesystem.find(path, follow=False)
        if found is None:
            raise LookupError(path)
        return found

    def _place_of(self, number: int) -> int:
        """Both images have one group: its descriptor names the table of inodes."""
        (first,) = struct.unpack_from("<I", self._image, SUPERBLOCK + 20)
        (inode_bytes,) = struct.unpack_from("<H", self._image, SUPERBLOCK + 88)
        (table,) = struct.unpack_from("<I", self._image, (first + 1) * self._block + 8)
        return int(table * self._block + (number - 1) * inode_bytes)

    def journal(self) -> int:
        """Return where the journal begins, by its first words."""
        places = range(0, len(self._image), self._block)
        return next(at for at in places if self._image.startswith(JOURNAL_BEGINS, at))


def damages(image: bytes) -> Iterator[bytes]:
    """Yield seeds for both images."""
    old = Patched(image)
    yield from _of_superblock(old, struct.unpack_from("<I", image, SUPERBLOCK + 96)[0])
    yield from _of_inodes(old)
    yield from _of_directories(old)
    yield from _of_journal(old)


def _of_superblock(old: Patched, features: int) -> Iterator[bytes]:
    yield old.superblock(56, "<H", 0)  # its magic
    yield old.superblock(24, "<I", 7)  # size of a block
    yield old.superblock(96, "<I", features & ~4)  # no journal to be read
    yield old.superblock(96, "<I", features & ~2)  # names without the kind of file
    yield old.superblock(40, "<I", 1) + old.superblock(254, "<H", 1000)  # a group for each inode, across blocks
    yield old.superblock(88, "<H", 1000)  # inodes across blocks


def _of_inodes(old: Patched) -> Iterator[bytes]:
    free = old.free_block()
    for mode in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        yield old.inode(INVENTORY, MODE, struct.pack("<H", mode | 0o644))
    for flag in (ENCRYPTED, INLINE):
        yield old.inode(INVENTORY, FLAGS, struct.pack("<I", flag))
    yield old.inode(INVENTORY, SIZE, struct.pack("<I", 2**30))
    large = old.inode(DATABASE, SIZE, struct.pack("<I", MANY_BLOCKS * 1024))
    tables = struct.pack("<15I", *range(1, 13), free, free, free)
    extents = struct.pack("<HHHHI IHHI", EXTENT_MAGIC, 1, 4, 0, 0, 0, MANY_BLOCKS, 0, 1)
    yield large + old.inode(DATABASE, FLAGS, bytes(4)) + old.inode(DATABASE, PLACES, tables)
    yield large + old.inode(DATABASE, FLAGS, bytes(4)) + old.inode(DATABASE, PLACES, bytes(60))
    uses = old.inode(DATABASE, FLAGS, struct.pack("<I", 0x80000))
    yield large + uses + old.inode(DATABASE, PLACES, extents)
    yield uses + old.inode(DATABASE, PLACES, extents.replace(b"\x0a\xf3", b"\0\0"))
    yield uses + old.inode(DATABASE, PLACES, struct.pack("<HHHHI IHHI", EXTENT_MAGIC, 1, 4, 0, 0, 5, 1, 0, 1))
    node = struct.pack("<HHHHI IIHH", EXTENT_MAGIC, 1, 4, 1, 0, 0, free, 0, 0)  # of which the only part is itself
    yield uses + old.inode(DATABASE, PLACES, node) + old.at(free * 1024, node)
    yield old.inode(INVENTORY, FLAGS, bytes(4)) + old.inode(INVENTORY, PLACES, struct.pack("<I", BEYOND))


def _of_directories(old: Patched) -> Iterator[bytes]:
    root = old.first_block("/")
    yield old.at(root, struct.pack("<IHB", 2, 3, 1))  # an entry of three bytes
    yield old.at(old.name("/", b"etc") - NAME, struct.pack("<I", BEYOND))  # an inode that there is not
    nobodys = old.at(old.name("/etc", b"xensource-inventory"), b"x-somebodys")
    yield nobodys + b"".join(old.at(place, b"x") for place in old.marks())  # somebody's files on partition 2


def _of_journal(old: Patched) -> Iterator[bytes]:
    log = old.journal()
    yield old.at(log, bytes(4))
    yield old.at(log + 28, struct.pack(">I", 0))  # empty
    yield old.at(log + 16, struct.pack(">I", 0))  # without an end
    yield old.at(log + 16, struct.pack(">IIII", 100_000, 1, 1, 70_000))  # begins where nothing is
    yield old.at(log + 16, struct.pack(">I", 2))  # a ring of one block
    yield old.at(log + 1024 + 4, struct.pack(">I", 9))  # a block of no kind
    yield old.at(log + 1024 + 12 + 4, bytes(4))  # tags without a last one
