"""A copied tree held against its original: contents and all metadata, read anew from the disks; nothing is changed.

It shares no code with the copying but the way directories are opened: what that forgets, this sees.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.confined import RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, open_in_root
from backend.trees import ENTRY_BYTES, Meter, OnBytes, directory, naming

CHUNK_BYTES = 1024 * 1024
ENOUGH = 20  # differences; more say nothing new


@dataclass
class TreeCheck:
    """Compares two trees; `differences` are paths with what is not the same, the first ones of them."""

    original: int
    copy: int
    on_bytes: OnBytes = lambda done: None
    differences: list[str] = field(default_factory=list)
    _twins: dict[tuple[int, int], int] = field(default_factory=dict)
    _twins_back: dict[int, tuple[int, int]] = field(default_factory=dict)

    def run(self, leave_out: frozenset[str]) -> tuple[str, ...]:
        """Compare everything but the paths in `leave_out`; of the top directory not its time, which they change."""
        meter, waiting = Meter(self.on_bytes), ["/"]
        self._note("/", self._metadata("/", top=True))
        while waiting and len(self.differences) < ENOUGH:
            path = waiting.pop()
            with directory(self.original, path) as original, directory(self.copy, path) as copy:
                names = [
                    {name for name in os.listdir(tree) if posixpath.join(path, name) not in leave_out}
                    for tree in (original, copy)
                ]
                self._note_names(path, *names)
                for name in sorted(names[0] & names[1]):
                    below = posixpath.join(path, name)
                    meter.add(ENTRY_BYTES)
                    with naming(below):
                        is_directory = self._entry(original, copy, name, below, meter)
                    if is_directory:
                        waiting.append(below)
        return tuple(self.differences)

    def _note(self, path: str, what: list[str]) -> None:
        if what:
            self.differences.append(f"{path} ({', '.join(what)})")

    def _note_names(self, path: str, original: set[str], copy: set[str]) -> None:
        for name in sorted(original - copy):
            self._note(posixpath.join(path, name), ["is missing"])
        for name in sorted(copy - original):
            self._note(posixpath.join(path, name), ["is not in the original"])

    def _entry(self, original: int, copy: int, name: str, path: str, meter: Meter) -> bool:
        """Compare one entry; True for a directory that both have."""
        one, other = (os.stat(name, dir_fd=tree, follow_symlinks=False) for tree in (original, copy))
        if stat.S_IFMT(one.st_mode) != stat.S_IFMT(other.st_mode):
            self._note(path, ["kind"])
            return False
        what = self._metadata(path)
        if stat.S_ISDIR(one.st_mode):
            self._note(path, what)
            return True
        if stat.S_ISLNK(one.st_mode) and os.readlink(name, dir_fd=original) != os.readlink(name, dir_fd=copy):
            what.append("where it points to")
        if (stat.S_ISCHR(one.st_mode) or stat.S_ISBLK(one.st_mode)) and one.st_rdev != other.st_rdev:
            what.append("device")
        if not self._same_twins(one, other):
            what.append("hard links")
        if stat.S_ISREG(one.st_mode):
            same = one.st_size == other.st_size and _same_contents(self.original, self.copy, path, meter)
            what += [] if same else ["contents"]
            what += [] if other.st_blocks <= max(2 * one.st_blocks, one.st_blocks + 64) else ["holes"]
        self._note(path, what)
        return False

    def _same_twins(self, one: os.stat_result, other: os.stat_result) -> bool:
        """Say whether the names of one file are the names of one file in the copy, and no others are."""
        if one.st_nlink < 2 and other.st_nlink < 2:
            return True
        identity = (one.st_dev, one.st_ino)
        twin = self._twins.setdefault(identity, other.st_ino)
        return twin == other.st_ino and self._twins_back.setdefault(other.st_ino, identity) == identity

    def _metadata(self, path: str, *, top: bool = False) -> list[str]:
        one, other = (_facts(root, path) for root in (self.original, self.copy))
        return [name for name in one if one[name] != other[name] and not (top and name == "time")]


def _facts(root: int, path: str) -> dict[str, object]:
    """Return what is known of a path, a link by itself; xattrs hold ACLs and capabilities."""
    handle = open_in_root(root, posixpath.dirname(path), os.O_PATH | os.O_DIRECTORY, resolve=_RESOLVE)
    try:
        name = posixpath.basename(path)
        place = f"/proc/self/fd/{handle}/{name}" if name else f"/proc/self/fd/{handle}/."
        status = os.lstat(place)
        keys = os.listxattr(place, follow_symlinks=False)
        xattrs = {key: os.getxattr(place, key, follow_symlinks=False) for key in keys}
    finally:
        os.close(handle)
    return {
        "owner": (status.st_uid, status.st_gid),
        "mode": status.st_mode,
        "time": status.st_mtime_ns,
        "attributes": xattrs,
    }


_RESOLVE = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV


def _same_contents(original: int, copy: int, path: str, meter: Meter) -> bool:
    pairs = zip(_chunks(original, path), _chunks(copy, path), strict=False)
    for one, other in pairs:
        if one != other:
            return False
        meter.add(len(one))
    return True


def _chunks(root: int, path: str) -> Iterator[bytes]:
    """Yield a file piece by piece, from the disk and not from memory, and an empty piece at its end."""
    descriptor = open_in_root(root, path, os.O_RDONLY | os.O_NOFOLLOW, resolve=_RESOLVE)
    with open(descriptor, "rb", buffering=0) as stream:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
    yield b""


def read_everything(root: int, leave_out: frozenset[str], on_bytes: OnBytes) -> None:
    """Read every file of a tree to its end; raises OSError for the first that cannot be read."""
    meter, waiting = Meter(on_bytes), ["/"]
    while waiting:
        path = waiting.pop()
        with directory(root, path) as descriptor:
            for name in sorted(os.listdir(descriptor)):
                below = posixpath.join(path, name)
                mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
                meter.add(ENTRY_BYTES)
                if below in leave_out:
                    continue
                if stat.S_ISDIR(mode):
                    waiting.append(below)
                elif stat.S_ISREG(mode):
                    with naming(below):
                        for chunk in _chunks(root, below):
                            meter.add(len(chunk))
