"""Repositories in a directory of this machine: a plain path, `file:///…`, a mounted disc."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from backend.sources.transport import BRIEF, CHUNK_BYTES, AbsentError, Patience, Transport
from installer.model.errors import SourceError, UsageError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind

ABSENT = (errno.ENOENT, errno.ENOTDIR)


def open_path(url: str) -> DirectoryTransport:
    """Open a plain path or a `file:` URL (RFC 8089); raises UsageError for one of another host."""
    if not url.lower().startswith("file:"):
        return DirectoryTransport(Path(url))
    host, slash, path = url[len("file:") :].removeprefix("//").partition("/")
    if host not in ("", "localhost") or not slash:
        raise UsageError(f"`{url}` is not a file of this machine", hint="write file:///directory, with three slashes")
    return DirectoryTransport(Path("/", unquote(path)))


class DirectoryTransport(Transport):
    """Reads below a directory, or one file."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    @property
    def location(self) -> Location:
        """The absolute path."""
        return Location(LocationKind.URL, Secret(str(self._path)))

    def at(self, directory: str) -> DirectoryTransport:
        """Join the paths."""
        return DirectoryTransport(self._path / directory)

    def shown_file(self, name: str) -> str:
        """The file's path."""
        return str(self._path / name)

    def size(self, name: str, limit_bytes: int) -> int:
        """Ask the file system; only regular files have a size."""
        try:
            return self._regular(name, os.stat(self._path / name))
        except OSError as error:
            raise self._error(name, error) from error

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        """Open without waiting for the other end of a pipe."""
        try:
            fd = os.open(self._path / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise self._error(name, error) from error
        try:
            self._regular(name, os.fstat(fd))
            os.lseek(fd, start_byte, os.SEEK_SET)
            yield self._chunks(name, fd)
        finally:
            os.close(fd)

    def _chunks(self, name: str, fd: int) -> Iterator[bytes]:
        try:
            while chunk := os.read(fd, CHUNK_BYTES):
                yield chunk
        except OSError as error:
            raise self._error(name, error) from error

    def _regular(self, name: str, status: os.stat_result) -> int:
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
            raise SourceError(f"this is {kind}, not a file", where=self.shown_file(name))
        return status.st_size

    def _error(self, name: str, error: OSError) -> SourceError:
        where = self.shown_file(name)
        if error.errno in ABSENT:
            if name and not self._path.is_dir():
                what = "this is not a directory" if self._path.exists() else "there is no such directory"
                return AbsentError(what, where=str(self._path), hint="check the path, and that the medium is mounted")
            return AbsentError("there is no such file", where=where, hint="check the path")
        hints = {
            errno.EACCES: "the installer may not read it: run it as root",
            errno.EIO: "the medium is damaged or was taken out",
        }
        return SourceError(f"cannot be read: {error.strerror}", where=where, hint=hints.get(error.errno or 0, ""))
