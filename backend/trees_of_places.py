"""The part of the real System that works on whole file systems: how full they are, copying, comparing, removing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from backend.carried_files import carry_files
from backend.confined import RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, open_in_root
from backend.mounts import Mounts
from backend.system import OnBytes, Place, Room, Root
from backend.tree_check import TreeCheck, read_everything
from backend.trees import OWN_NAMES, TreeCopy, remove, remove_below
from installer.model.errors import DeviceError

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Trees:
    """What `System` says of trees, over what is mounted in the places."""

    def __init__(self, mounts: Mounts, log: Callable[[str], None]) -> None:
        self._mounts, self._log = mounts, log

    def room(self, place: Place) -> Room:
        """By statvfs(3); what is reserved for root is free, since root is who writes."""
        found = os.fstatvfs(self._descriptor(place))
        used_blocks = found.f_blocks - found.f_bfree
        return Room(
            used_bytes=used_blocks * found.f_frsize,
            free_bytes=found.f_bfree * found.f_frsize,
            used_files=found.f_files - found.f_ffree,
            free_files=found.f_ffree,
        )

    def remove(self, path: str, *, on: Place) -> None:
        """Through no link and no mount."""
        self._log(f"remove {path} on the {on}")
        remove(self._descriptor(on), path)

    def clear(self, place: Place, keep: Sequence[str]) -> None:
        """Through no link and no mount."""
        self._log(f"remove everything on the {place} but {', '.join(keep) or 'nothing'}")
        remove_below(self._descriptor(place), "/", frozenset((*keep, *OWN_NAMES)))

    def carry_files(self, patterns: Sequence[str], source: Root, target: Root) -> tuple[str, ...]:
        """Each root is opened inside its place; a target that is missing is made."""
        self._mounts.root(target.place).make_directory(target.directory)
        with self._opened(source) as old, self._opened(target) as new, self._told(target.place):
            carried = carry_files(old, new, patterns)
        for path in carried:
            self._log(f"copied {path} from the {source.place} to the {target.place}")
        return carried

    def copy_tree(self, source: Place, target: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """See `backend.trees`."""
        self._log(f"copy all of the {source} to the {target}")
        with self._told(target):
            TreeCopy(self._descriptor(source), self._descriptor(target), on_bytes).run(_without(leave_out))

    def compare_trees(
        self, original: Place, copy: Place, leave_out: Sequence[str], on_bytes: OnBytes
    ) -> tuple[str, ...]:
        """See `backend.tree_check`."""
        check = TreeCheck(self._descriptor(original), self._descriptor(copy), on_bytes)
        found = check.run(_without(leave_out))
        self._log(f"compared the {copy} with the {original}: {'; '.join(found) or 'the same'}")
        return found

    def read_tree(self, place: Place, leave_out: Sequence[str], on_bytes: OnBytes) -> None:
        """See `backend.tree_check`."""
        self._log(f"read all of the {place}")
        read_everything(self._descriptor(place), _without(leave_out), on_bytes)

    def _descriptor(self, place: Place) -> int:
        return self._mounts.root(place).descriptor

    @contextmanager
    def _opened(self, root: Root) -> Iterator[int]:
        descriptor = open_in_root(
            self._descriptor(root.place),
            root.directory,
            os.O_PATH | os.O_DIRECTORY,
            resolve=RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        )
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _told(self, place: Place) -> Iterator[None]:
        """Say which file system is full; the kernel only says that one is."""
        try:
            yield
        except OSError as error:
            if error.errno not in _FULL:
                raise
            root = self._mounts.root(place)
            raise DeviceError(f"{root.full}: not all of the copy fits", hint=root.hint) from error


def _without(leave_out: Sequence[str]) -> frozenset[str]:
    return frozenset((*leave_out, *OWN_NAMES))
