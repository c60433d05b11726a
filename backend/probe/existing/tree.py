"""The files of an old host, wherever they are: on its own partition, or where they are kept while it is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from backend.probe.existing.ext import LONGEST_LINK, ExtFilesystem, Inode, Read, UnreadableFilesystem

TEXT_LIMIT_BYTES = 2**18  # files of settings have some hundred
MOST_NAMES = 4096


class Tree(Protocol):
    """Files by their absolute path on the old host; a path never leads out of it.

    Raises UnreadableFilesystem for what is there and cannot be read.
    """

    def read(self, path: str, limit: int = TEXT_LIMIT_BYTES) -> bytes | None:
        """Return a plain file's contents, None when there is none."""

    def names(self, directory: str) -> tuple[str, ...]:
        """Return the sorted names in a directory, none when it is not there."""

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points to, None when there is none."""

    def modified_s(self, path: str) -> int | None:
        """Return when something was last changed, in seconds since 1970, None when it is not there."""


class ExtTree:
    """The tree below a directory of an ext file system."""

    def __init__(self, filesystem: ExtFilesystem, directory: str = "/") -> None:
        self._filesystem = filesystem
        root = filesystem.find(directory)
        if root is None or not root.is_directory:
            raise UnreadableFilesystem(f"there is no directory {directory}")
        self._root: Inode = root

    def read(self, path: str, limit: int = TEXT_LIMIT_BYTES) -> bytes | None:
        """Return a plain file's contents, None when there is none."""
        found = self._filesystem.find(path, below=self._root)
        return self._filesystem.contents(found, limit) if found and found.is_file else None

    def names(self, directory: str) -> tuple[str, ...]:
        """Return the sorted names in a directory, none when it is not there."""
        found = self._filesystem.find(directory, below=self._root)
        if found is None or not found.is_directory:
            return ()
        names = []
        for name, _ in self._filesystem.entries(found):
            names.append(name.decode("utf-8", "surrogateescape"))
            if len(names) > MOST_NAMES:
                raise UnreadableFilesystem(f"{directory} holds more names than such a directory can have")
        return tuple(sorted(names))

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points to, None when there is none."""
        found = self._filesystem.find(path, below=self._root, follow=False)
        if found is None or not found.is_link:
            return None
        return self._filesystem.contents(found, LONGEST_LINK).decode("utf-8", "replace")

    def modified_s(self, path: str) -> int | None:
        """Return when something was last changed, in seconds since 1970, None when it is not there."""
        found = self._filesystem.find(path, below=self._root, follow=False)
        return found.modified_s if found else None


def text_of(tree: Tree, path: str) -> str | None:
    """Return a file of settings as text, None when there is none; bytes that are no UTF-8 become question marks."""
    data = tree.read(path)
    return None if data is None else data.decode("utf-8", "replace").replace("\0", "\ufffd")


@contextmanager
def opened(path: str, start_bytes: int, size_bytes: int) -> Iterator[Read]:
    """Open a place on a disk or image file for reading; what lies behind its end is never read.

    Raises UnreadableFilesystem when it cannot be opened, and while it is open for places that cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFilesystem(f"cannot be opened: {error.strerror}", where=path) from error

    def read(start: int, size: int) -> bytes:
        if start + size > size_bytes:
            return b""
        try:
            return os.pread(descriptor, size, start_bytes + start)
        except OSError as error:
            raise UnreadableFilesystem(f"cannot be read: {error.strerror}", where=path) from error

    try:
        yield read
    finally:
        os.close(descriptor)


def size_of(path: str) -> int:
    """Return the bytes of a disk or image file, 0 when it cannot be opened."""
    try:
        with open(path, "rb") as stream:
            return stream.seek(0, os.SEEK_END)
    except OSError:
        return 0
