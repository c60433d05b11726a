"""Single files taken from one root into another at their own paths, the links of either followed inside it alone.

Only `real_system.py` uses this. A file that a link stands for is copied as a file: what is kept is what it says.
"""

from __future__ import annotations

import errno
import os
import posixpath
import secrets
import stat
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from backend.confined import open_in_root
from backend.trees import Meter, TreeCopy, copy_file, copy_metadata, directory, make_directory

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def carry_files(source: int, target: int, patterns: Iterable[str]) -> tuple[str, ...]:
    """Copy what the patterns name (`*` as in fnmatch(3) in the last part) and return the paths that were there.

    Directories that are missing are made as they are in the source. A file is on the disk before its name is.
    """
    carried: list[str] = []
    for pattern in patterns:
        for path in _matches(source, pattern):
            kind = _kind(source, path)
            if kind != stat.S_IFREG and (kind != stat.S_IFDIR or _is_link(source, path)):
                continue
            _make_parents(source, target, posixpath.dirname(path))
            if kind == stat.S_IFDIR:
                _carry_directory(source, target, path)
            else:
                _carry_file(source, target, path)
            carried.append(path)
    return tuple(carried)


def _matches(root: int, pattern: str) -> Iterator[str]:
    above, last = posixpath.split(pattern)
    try:
        with directory(root, above, links=True) as descriptor:
            names = sorted(os.listdir(descriptor))
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return
    yield from (posixpath.join(above, name) for name in names if fnmatchcase(name, last))


def _kind(root: int, path: str) -> int:
    """Return what a path leads to, without opening it: a fifo would wait, a device would do something."""
    try:
        descriptor = open_in_root(root, path, os.O_PATH)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return 0
    try:
        return stat.S_IFMT(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def _is_link(root: int, path: str) -> bool:
    """Say whether the last name is a link: one to a directory may lead to the whole tree."""
    above, name = posixpath.split(path)
    with directory(root, above, links=True) as descriptor:
        return stat.S_ISLNK(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)


def _make_parents(source: int, target: int, path: str) -> None:
    """Make the directories of a path that the target lacks, each with the metadata of the source's."""
    so_far = "/"
    for name in path.strip("/").split("/"):
        if not name:
            continue
        here, so_far = so_far, posixpath.join(so_far, name)
        if _kind(target, so_far) == stat.S_IFDIR:
            continue
        with directory(target, here, links=True) as parent:
            make_directory(parent, name)
        with directory(source, so_far, links=True) as old, directory(target, so_far, links=True) as new:
            copy_metadata(old, new)


def _carry_directory(source: int, target: int, path: str) -> None:
    above, name = posixpath.split(path)
    with directory(target, above, links=True) as parent:
        make_directory(parent, name)
    with directory(source, path, links=True) as old, directory(target, path, links=True) as new:
        TreeCopy(old, new).run(frozenset())


def _carry_file(source: int, target: int, path: str) -> None:
    """Put a whole file in place of whatever stands there; a link is replaced, not followed."""
    above, name = posixpath.split(path)
    real_above, real_name = posixpath.split(_real_path(source, path))
    scratch = f".carried-{secrets.token_hex(4)}"
    with directory(source, real_above) as old, directory(target, above, links=True) as new:
        try:
            copy_file(old, new, real_name, scratch, Meter(lambda done: None))
            descriptor = os.open(scratch, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=new)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(scratch, name, src_dir_fd=new, dst_dir_fd=new)
            os.fsync(new)
        except BaseException:
            _forget(new, scratch)
            raise


def _forget(parent: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return


def _real_path(root: int, path: str) -> str:
    """Return where a path leads, as a path of the same root (proc(5), /proc/pid/fd)."""
    names = []
    for place in ("/", path):
        descriptor = open_in_root(root, place, os.O_PATH)
        try:
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        finally:
            os.close(descriptor)
    return "/" + names[1].removeprefix(names[0].rstrip("/")).lstrip("/")
