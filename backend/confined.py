"""Files of the target, opened so that no symbolic link in it ever leads out of it.

The kernel resolves every path with the target as root (openat2(2), RESOLVE_IN_ROOT, Linux 5.6): an absolute link
`/etc/localtime` in the target stays in the target. Together with `system.py` this is the only code that writes.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import posixpath
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from backend.written import MAY_FAIL
from installer.model.errors import DeviceError, tells_of_failing_disk

SYS_OPENAT2 = 437  # x86-64 system call table, Linux 5.6
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10  # include/uapi/linux/openat2.h
CLONE_NEWNS = 0x00020000  # include/uapi/linux/sched.h
SPOOL_FULL = "the root partition is full: what is to be unpacked there does not even fit packed"
SPOOL_HINT = "it takes room for itself and for what is in it; make room on the host, and add it another time"
NO_FILE_HINT = "a package or somebody's program left it so; it is read as a short text"
LARGEST_TEXT = 64 * 1024 * 1024  # the longest one read is the index of a kernel's modules, some MiB
ZERO_CHUNK = 4 * 1024 * 1024
SPOOL_CHUNK = 256 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_in_root(root_fd: int, path: str, flags: int, mode: int = 0, *, resolve: int = 0) -> int:
    """Open `path` as if `root_fd` were the root directory; returns a file descriptor.

    `resolve` adds to what openat2(2) is not to do. Raises OSError like os.open.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve)
    while True:
        fd: int = _libc.syscall(
            SYS_OPENAT2, root_fd, os.fsencode(path.lstrip("/") or "."), ctypes.byref(how), ctypes.sizeof(how)
        )
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        if number not in (errno.EAGAIN, errno.EINTR):  # EAGAIN: a rename went on at the same time, openat2(2)
            raise OSError(number, os.strerror(number), path)


def unshare_mounts() -> None:
    """Give this process mount points of its own (unshare(2), CLONE_NEWNS); its children inherit them."""
    if _libc.unshare(CLONE_NEWNS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the mount points cannot be made private: {os.strerror(number)}")


class ConfinedRoot:
    """The root directory of a target, held open; all paths are absolute paths of the target.

    `full` and `hint` say what it means for a user that no room is left on it.
    """

    def __init__(self, directory: str, full: str, hint: str) -> None:
        # not O_PATH: only an open file learns of writes that failed since it was opened (syncfs(2))
        self._root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.full, self.hint = full, hint

    @property
    def descriptor(self) -> int:
        """The root directory for `open_in_root`."""
        return self._root

    def close(self) -> None:
        """Let go of the directory, so that it can be unmounted."""
        os.close(self._root)

    def sync(self) -> None:
        """Have the file system written; raises OSError also for what failed since it was opened (Linux 5.8)."""
        if _libc.syncfs(self._root) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        directory, name = posixpath.split(posixpath.normpath(path))
        fd = self._directory(directory)
        try:
            yield fd, name
        finally:
            os.close(fd)

    def _directory(self, path: str) -> int:
        """Open a directory, making what is missing of it with mode 0755."""
        try:
            return open_in_root(self._root, path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            above, name = posixpath.split(path.rstrip("/"))
            parent = self._directory(above)
            try:
                try:
                    os.mkdir(name, 0o755, dir_fd=parent)
                except FileExistsError:  # a link that leads nowhere stands in the way
                    os.unlink(name, dir_fd=parent)
                    os.mkdir(name, 0o755, dir_fd=parent)
                return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            finally:
                os.close(parent)

    def make_directory(self, path: str) -> None:
        """Make a directory with what is missing above it, unless it is there."""
        os.close(self._directory(path))

    def write(self, path: str, data: bytes, mode: int) -> None:
        """Put a file in place of whatever stands at `path` (a link is replaced, not followed), owned by root."""
        self._replace(path, mode, lambda fd: _write_all(fd, data))

    def write_stream(self, path: str, chunks: Iterable[bytes], mode: int) -> None:
        """Put a file in place that comes piece by piece; when it breaks off, what stood at `path` stays."""

        def fill(fd: int) -> None:
            for chunk in chunks:
                _write_all(fd, chunk)

        self._replace(path, mode, fill)

    @contextmanager
    def spooled(self, chunks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
        """Keep what comes in a file without a name (open(2), O_TMPFILE), then give it again: no end leaves it there."""
        fd = os.open(f"/proc/self/fd/{self._root}", os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
        try:
            with _told("/", SPOOL_FULL, SPOOL_HINT):
                for chunk in chunks:
                    _write_all(fd, chunk)
            os.lseek(fd, 0, os.SEEK_SET)
            yield iter(lambda: os.read(fd, SPOOL_CHUNK), b"")
        finally:
            os.close(fd)

    def write_zeros(self, path: str, size_bytes: int, mode: int, on_bytes: Callable[[int], None]) -> None:
        """Put a file of zeros without holes in place (a swap file must have none); `on_bytes` hears of progress."""

        def fill(fd: int) -> None:
            with mmap.mmap(-1, ZERO_CHUNK) as zeros, memoryview(zeros) as view:
                _past_the_cache(fd, size_bytes)
                written = 0
                while written < size_bytes:
                    written += os.write(fd, view[: min(ZERO_CHUNK, size_bytes - written)])
                    on_bytes(written)

        self._replace(path, mode, fill)

    def _replace(self, path: str, mode: int, fill: Callable[[int], None]) -> None:
        with self._parent(path) as (parent, name):
            scratch = f".{name}.{secrets.token_hex(4)}"
            fd = os.open(
                scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent
            )
            try:
                with _told(path, f"{self.full}: the file does not fit", self.hint):
                    fill(fd)
                    os.fchown(fd, 0, 0)
                    os.fchmod(fd, mode)
                    os.fsync(fd)
                    os.rename(scratch, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with suppress(OSError):  # a disk that fails takes no more, and what it said first is what is told
                    os.unlink(scratch, dir_fd=parent)
                raise
            finally:
                os.close(fd)

    def link(self, path: str, points_to: str) -> None:
        """Put a symbolic link in place of whatever file or link stands at `path`."""
        with self._parent(path) as (parent, name):
            scratch = f".{name}.{secrets.token_hex(4)}"
            os.symlink(points_to, scratch, dir_fd=parent)
            os.rename(scratch, name, src_dir_fd=parent, dst_dir_fd=parent)

    def read(self, path: str) -> bytes:
        """Return a file's contents, links followed inside the target.

        Raises DeviceError for what only looks like a file: a pipe that nobody writes to, a device or file of no end.
        """
        fd = open_in_root(self._root, path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as stream:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise DeviceError("this is no regular file", where=path, hint=NO_FILE_HINT)
            if status.st_size > LARGEST_TEXT:
                raise DeviceError(
                    f"this file of {status.st_size} bytes is too large to be read", where=path, hint=NO_FILE_HINT
                )
            return stream.read()

    def names(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a directory, none when it is not there."""
        try:
            fd = open_in_root(self._root, path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return ()
        try:
            return tuple(sorted(os.listdir(fd)))
        finally:
            os.close(fd)

    def outside(self, path: str) -> str:
        """Return the path of a directory or file of the target as it is seen from outside."""
        fd = open_in_root(self._root, path, os.O_PATH)
        try:
            return os.readlink(f"/proc/self/fd/{fd}")
        finally:
            os.close(fd)

    def exists(self, path: str) -> bool:
        """Say whether a path leads to something inside the target."""
        try:
            os.close(open_in_root(self._root, path, os.O_PATH))
        except OSError:
            return False
        return True


@contextmanager
def _told(path: str, full: str, hint: str) -> Iterator[None]:
    """Say which file it was that had no room, or that a failing disk did not take; the kernel says neither."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DeviceError(full, where=path, hint=hint) from error
        if tells_of_failing_disk(error):
            raise DeviceError(f"it cannot be written: {error.strerror}", where=path, hint=MAY_FAIL) from error
        raise


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _past_the_cache(fd: int, size_bytes: int) -> None:
    """Write directly where size and file system allow it: a tenth of the processor's work, and memory stays free."""
    if size_bytes % mmap.PAGESIZE:
        return
    with suppress(OSError):  # EINVAL: the file system has no direct writing
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_DIRECT)
