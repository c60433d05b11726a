"""Directories outside the target: for odd files, and to mount on. What is mounted is never deleted through them."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "installer-"  # then the process id, so that the next installer knows whose it was


class Scratch:
    """A private directory, made when it is first needed; `close` removes it when nothing is left in it."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def close(self) -> None:
        """Remove the directory if it is empty; what could not be unmounted or removed stays."""
        with suppress(OSError):
            os.rmdir(self._base)

    def _make(self) -> str:
        self._base.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.mkdtemp(dir=self._base)

    @contextmanager
    def directory(self) -> Iterator[str]:
        """Give a directory for files; it is removed with them."""
        path = self._make()
        try:
            yield path
        finally:
            if not mounts_below(path):
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def mount_point(self) -> Iterator[str]:
        """Give an empty directory to mount on; it is removed only when it is empty, never with contents."""
        path = self._make()
        try:
            yield path
        finally:
            with suppress(OSError):
                os.rmdir(path)


def keep_file(path: Path, chunks: Iterable[bytes], mode: int) -> None:
    """Put a file in place that comes piece by piece, making the directories above; only a whole one stays."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=mode)
        with part.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
        part.chmod(mode)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def private_directory() -> Iterator[Path]:
    """Give a directory of this process below the machine's own for temporary files; frees those of killed ones."""
    remove_left_behind(tempfile.gettempdir())
    directory = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    try:
        with kept(directory):
            yield Path(directory)
    finally:
        Scratch(Path(directory)).close()


def remove_left_behind(base: str) -> None:
    """Remove the private directories of installers that were killed: process and lock are gone, nothing is mounted."""
    for entry in os.scandir(base):
        pid = entry.name.removeprefix(PREFIX).partition("-")[0]
        if not entry.name.startswith(PREFIX) or not pid.isdecimal() or os.path.exists(f"/proc/{pid}"):
            continue
        with suppress(OSError):
            own = entry.stat(follow_symlinks=False).st_uid == os.geteuid() and entry.is_dir(follow_symlinks=False)
            if own and not mounts_below(entry.path):
                with kept(entry.path):  # another process namespace may have an installer that shares this directory
                    shutil.rmtree(entry.path, ignore_errors=True)


@contextmanager
def kept(directory: str) -> Iterator[None]:
    """Hold the lock by which an installer keeps its private directory; raises OSError when another holds it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def mounts_below(path: str) -> tuple[str, ...]:
    """Return the mount points at and below a path, of this thread.

    Under the screens an installation runs in one that has its mounts for itself.
    """
    return tuple(point for _, point in _mounts() if _is_below(point, path))


def mount_ids_below(path: str) -> frozenset[str]:
    """Return the numbers of the mounts at and below a path, as /proc/PID/fdinfo has them."""
    return frozenset(number for number, point in _mounts() if _is_below(point, path))


def _mounts() -> list[tuple[str, str]]:
    """Return the number and the mount point of all mounts (proc_pid_mountinfo(5), fields 1 and 5)."""
    with open("/proc/thread-self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        fields = [line.split() for line in stream]
    return [(words[0], words[4].encode().decode("unicode_escape")) for words in fields]


def _is_below(point: str, path: str) -> bool:
    return point == path or point.startswith(f"{path}/")
