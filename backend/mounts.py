"""The file systems that a run has mounted, each held open by its root. Only `real_system.py` uses this.

There is one in each place: the target, beside it the old host and the backup partition. Files of each are resolved
inside it (`confined.py`), so that no link on one of them leads to another or to this machine.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from backend.confined import ConfinedRoot
from backend.descriptors import let_go, open_in
from backend.process import Argv
from backend.scratch import Scratch, mount_ids_below, mounts_below
from backend.system import Place
from backend.written import all_written, told_when_lost
from installer.model.errors import CommandFailed, DeviceError

TOOLS = "/.installer-tools"  # where this machine's /usr is bound, read-only, inside the target
# all is written by then; nobody can break a release off, so that it must end by itself
UNMOUNT_LIMIT_S = 300.0
UNMOUNT_WAITS_S = (0.2, 0.5, 1, 2)
# what an old host left is only data here: no device node or program of its file system is used, and nothing it says
# of when a file was read is changed
BESIDE = "nodev,nosuid,noexec,noatime"
FULL = {
    Place.TARGET: ("the root partition is full", "leave out optional packages (skip-package)"),
    Place.BACKUP: ("the backup partition is full", "a new backup replaces what is on it; if none fits, choose none"),
    Place.OLD: ("the old host's partition is full", ""),
}


class Mounts:
    """What is mounted where; `run` runs a program of this machine, with a time limit in seconds if need be."""

    def __init__(self, scratch: Scratch, run: Callable[[Argv, float | None], tuple[str, ...]]) -> None:
        self._scratch = scratch
        self._run = run
        self._roots: dict[Place, ConfinedRoot] = {}
        self._points: dict[Place, str] = {}
        self._nodes: dict[Place, str] = {}

    def root(self, place: Place) -> ConfinedRoot:
        """Return the root directory of what is mounted in a place; raises DeviceError when nothing is."""
        if place not in self._roots:
            raise DeviceError(f"the {place}'s root is not mounted")
        return self._roots[place]

    def point(self, place: Place) -> str:
        """Return the mount point of a place, empty when nothing is mounted there."""
        return self._points.get(place, "")

    def sync(self) -> None:
        """Have all that is mounted written; raises DeviceError when anything written since it was mounted is lost."""
        for place, root in self._roots.items():
            with told_when_lost(self._nodes[place]):
                root.sync()

    @contextmanager
    def mounted(self, node: str, filesystem: str, place: Place, *, read_only: bool) -> Iterator[str]:
        """Mount a file system on a new directory; in the target also this machine's /usr, read-only, for its tools."""
        with self._scratch.mount_point() as mount_point, nullcontext() if read_only else all_written(node):
            try:
                self._run(("mount", "-t", filesystem, *_options(place, read_only=read_only), node, mount_point), None)
                self._nodes[place], self._points[place] = node, mount_point
                self._roots[place] = ConfinedRoot(mount_point, *FULL[place])
                if place is Place.TARGET:
                    with self._tools_bound(mount_point):
                        yield mount_point
                else:
                    yield mount_point
                self.sync()  # unmounting says nothing of what is lost
            finally:
                if root := self._roots.pop(place, None):
                    root.close()
                self._points.pop(place, None)
                if mounts_below(mount_point):  # also when mount was broken off after it had mounted
                    self._unmount(mount_point)

    @contextmanager
    def _tools_bound(self, mount_point: str) -> Iterator[None]:
        directory = mount_point + TOOLS
        if os.path.lexists(directory):  # left by a run that was killed, or foreign: never followed
            os.rmdir(directory)
        os.mkdir(directory, 0o755)
        try:
            # in one call: one that is killed between two would leave a way into this machine that can be written to
            self._run(("mount", "--options", "bind,ro", "/usr", directory), None)
            yield
        finally:
            if mounts_below(directory):
                self._unmount(directory)
            _remove_empty(directory)

    def _unmount(self, mount_point: str) -> None:
        """Unmount with all that a script may have mounted below; a program that is just ending may hold it a moment."""
        # a signal may have come between the opening of a file and what was to close it
        let_go(open_in(mount_ids_below(mount_point)))
        for wait_s in (*UNMOUNT_WAITS_S, None):
            try:
                self._run(("umount", "--recursive", mount_point), UNMOUNT_LIMIT_S)
                return
            except CommandFailed as error:
                if not mounts_below(mount_point):
                    return
                if wait_s is None:
                    error.hint = f"something still uses it; `fuser -vm {mount_point}` tells what"
                    raise
                time.sleep(wait_s)


def _remove_empty(directory: str) -> None:
    """Remove a directory; that the disk takes no more is told by `sync`, in words of its own."""
    try:
        os.rmdir(directory)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EIO):
            raise


def _options(place: Place, *, read_only: bool) -> Argv:
    words = [word for word in ("ro" if read_only else "", "" if place is Place.TARGET else BESIDE) if word]
    return ("-o", ",".join(words)) if words else ()
