"""Whole trees of files: copied with all that a file system knows of them, and removed. Only `real_system.py` uses this.

Every name is opened below the root of its own file system, without following a link and without crossing a mount
(openat2(2)): whatever links a tree contains, nothing outside of it is read or written. Directories are worked off one
after the other, so that two are open at a time however deep a tree is.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from backend.confined import RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, open_in_root
from backend.mounts import TOOLS

OnBytes = Callable[[int], None]
STEP_BYTES = 4 * 1024 * 1024  # how often somebody hears of progress
ENTRY_BYTES = 4096  # what a name costs beside its bytes, so that many small files are progress too
OWN_NAMES = ("/lost+found", TOOLS)  # of the file system itself, and of a run of this installer


@contextmanager
def directory(root: int, path: str, *, links: bool = False) -> Iterator[int]:
    """Open a directory of a tree for as long as the context lasts; with `links` those inside the tree are followed."""
    resolve = 0 if links else RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV
    descriptor = open_in_root(root, path, os.O_RDONLY | os.O_DIRECTORY, resolve=resolve)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Meter:
    """Adds bytes up and tells of them now and then."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        self._done, self._told = 0, 0

    def add(self, size_bytes: int) -> None:
        """So many more are done."""
        self._done += size_bytes
        if self._done - self._told >= STEP_BYTES:
            self._told = self._done
            self._on_bytes(self._done)


class TreeCopy:
    """Copies a tree into another root: contents, holes, owners, modes, times, xattrs with ACLs, hard links, nodes.

    What is in the way is replaced, a directory that is there already is used. Raises OSError.
    """

    def __init__(self, source: int, target: int, on_bytes: OnBytes = lambda done: None) -> None:
        self._source, self._target = source, target
        self._meter = Meter(on_bytes)
        self._first: dict[tuple[int, int], str] = {}  # where a file with several names was put

    def run(self, leave_out: frozenset[str], top: str = "/") -> None:
        """Copy the directory `top` with all below it; `leave_out` are paths that are passed over."""
        made, waiting = [top], [top]
        while waiting:
            path = waiting.pop()
            with directory(self._source, path) as source, directory(self._target, path) as target:
                for name in sorted(os.listdir(source)):
                    below = posixpath.join(path, name)
                    if below in leave_out:
                        continue
                    with naming(below):
                        is_directory = self._entry(source, target, name, below)
                    if is_directory:
                        made.append(below)
                        waiting.append(below)
        for path in reversed(made):  # what is put into a directory changes its time
            with directory(self._source, path) as source, directory(self._target, path) as target:
                copy_metadata(source, target)

    def _entry(self, source: int, target: int, name: str, path: str) -> bool:
        """Copy one entry; True for a directory, whose contents and metadata come later."""
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        self._meter.add(ENTRY_BYTES)
        if stat.S_ISDIR(status.st_mode):
            make_directory(target, name)
            return True
        _remove_file(target, name)
        identity = (status.st_dev, status.st_ino)
        if first := self._first.get(identity):
            above, first_name = posixpath.split(first)
            with directory(self._target, above) as other:
                os.link(first_name, name, src_dir_fd=other, dst_dir_fd=target, follow_symlinks=False)
            return False
        if status.st_nlink > 1:
            self._first[identity] = path
        if stat.S_ISREG(status.st_mode):
            copy_file(source, target, name, name, self._meter)
            return False
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        else:
            os.mknod(name, stat.S_IFMT(status.st_mode) | 0o600, device=status.st_rdev, dir_fd=target)
        _copy_metadata_of_name(source, target, name, status)
        return False


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have an error of the system name the path in the tree; what works on open files names none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def make_directory(parent: int, name: str) -> None:
    """Make a directory that nobody may look into yet; one that is there already stays, anything else goes."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            return
        os.unlink(name, dir_fd=parent)
    os.mkdir(name, 0o700, dir_fd=parent)


def _remove_file(parent: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


def copy_file(source_directory: int, target_directory: int, name: str, new_name: str, meter: Meter) -> None:
    """Copy a regular file with its holes and all metadata to a name that is free."""
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source_directory)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(new_name, flags, 0o600, dir_fd=target_directory)
        try:
            _copy_contents(source, target, meter)
            copy_metadata(source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _copy_contents(source: int, target: int, meter: Meter) -> None:
    status = os.fstat(source)
    size, place = status.st_size, 0
    if 512 * status.st_blocks < size:
        os.fsync(source)  # in a file without extents, what has no place on the disk yet would count as a hole
    while place < size:
        try:
            start = os.lseek(source, place, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break  # only a hole follows
        end = os.lseek(source, start, os.SEEK_HOLE)
        os.lseek(target, start, os.SEEK_SET)
        while start < end:
            count = os.sendfile(target, source, start, min(STEP_BYTES, end - start))
            if not count:  # it became shorter, which a file that nobody writes does not
                raise OSError(errno.EIO, "the file ends early")
            start += count
            meter.add(count)
        place = end
    os.ftruncate(target, size)


def copy_metadata(source: int, target: int) -> None:
    """Give an open file or directory the owner, mode, xattrs and times of another."""
    status = os.fstat(source)
    os.fchown(target, status.st_uid, status.st_gid)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    wanted = {name: os.getxattr(source, name) for name in os.listxattr(source)}
    for name in set(os.listxattr(target)) - set(wanted):
        os.removexattr(target, name)
    for name, value in wanted.items():  # after the owner, whose change takes capabilities away
        os.setxattr(target, name, value)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_metadata_of_name(source: int, target: int, name: str, status: os.stat_result) -> None:
    """The same for what cannot be opened: a link, a device node, a fifo, a socket."""
    os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):  # just made here, and no link
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=target)
    old, new = (f"/proc/self/fd/{descriptor}/{name}" for descriptor in (source, target))
    for key in os.listxattr(old, follow_symlinks=False):
        os.setxattr(new, key, os.getxattr(old, key, follow_symlinks=False), follow_symlinks=False)
    os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=target, follow_symlinks=False)


def remove_below(root: int, top: str, keep: frozenset[str] = frozenset()) -> None:
    """Remove all below a directory of a tree but the paths to keep; a mount in it ends it with an OSError."""
    found, waiting = [], [top]
    while waiting:
        path = waiting.pop()
        with directory(root, path) as descriptor:
            for name in os.listdir(descriptor):
                below = posixpath.join(path, name)
                if below in keep:
                    continue
                if stat.S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                    found.append(below)
                    waiting.append(below)
                else:
                    os.unlink(name, dir_fd=descriptor)
    for path in reversed(found):
        above, name = posixpath.split(path)
        with directory(root, above) as descriptor:
            os.rmdir(name, dir_fd=descriptor)


def remove(root: int, path: str) -> None:
    """Remove a file or link, or a directory with all below it; nothing when it is not there."""
    above, name = posixpath.split(path)
    with suppress(FileNotFoundError), directory(root, above) as parent:
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            remove_below(root, path)
            os.rmdir(name, dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)
