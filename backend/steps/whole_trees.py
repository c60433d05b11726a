"""What steps over all files of a host share: they are read, copied or compared, and say how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from backend.system import Place, Room
from installer.model.errors import DeviceError
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, STATE_DIRECTORY
from installer.model.plan import Step
from installer.model.units import MIB

# what on either partition is no part of a host; the third is what is kept of one while it is replaced
NO_PART = (INCOMPLETE_MARK, BACKUP_MARK, STATE_DIRECTORY)
USUAL_BYTES = 1024 * MIB  # of a control domain, for the progress bar before anything was looked at
FILESYSTEM_SHARE = 0.93  # what is left of a partition of 4 GiB beside inode tables and journal of ext3
SHOWN = 5


@dataclass(frozen=True)
class WholeTreeStep(Step[Session]):
    """A step over all files of a host."""

    partition: str

    @property
    def weight(self) -> int:
        return USUAL_BYTES


def fits(room: Room, partition_bytes: int) -> bool:
    """Say whether what is used here has room in a new file system of that size."""
    return room.used_bytes <= partition_bytes * FILESYSTEM_SHARE


def read_whole(session: Session, place: Place, used_bytes: int) -> None:
    """Read a tree to its end; raises DeviceError where it cannot be read."""
    session.system.read_tree(place, NO_PART, lambda done: session.progress("read", done, used_bytes))


def copy_whole(session: Session, source: Place, target: Place, done_word: str, used_bytes: int) -> None:
    """Copy a tree and have it on the disk; the word tells the progress, as in `restored`."""
    session.system.copy_tree(source, target, NO_PART, lambda done: session.progress(done_word, done, used_bytes))
    session.system.sync()


def check_same(session: Session, original: Place, copy: Place, name: str) -> None:
    """Compare two trees; raises DeviceError with the first paths that differ."""
    used_bytes = session.system.room(original).used_bytes
    differences = session.system.compare_trees(
        original, copy, NO_PART, lambda done: session.progress("compared", done, used_bytes)
    )
    if differences:
        more = f" and {len(differences) - SHOWN} or more others" if len(differences) > SHOWN else ""
        what = f"{name} is not like its original: {'; '.join(differences[:SHOWN])}{more}"
        raise DeviceError(what, hint="the disk may be failing: `dmesg` tells of read and write errors")
