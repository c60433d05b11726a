"""Steps that make a full backup of the old host on the backup partition and hold it against its original."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from backend.system import Place, Room
from installer.model.errors import DeviceError
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, STATE_DIRECTORY
from installer.model.plan import Step
from installer.model.units import MIB, human_size

# what on either partition is no part of a host; the third is what is kept of one while it is replaced
NO_PART = (INCOMPLETE_MARK, BACKUP_MARK, STATE_DIRECTORY)
USUAL_BYTES = 1024 * MIB  # of a control domain, for the progress bar before anything was looked at
SHOWN = 5
HINT = "choose no backup, or start the old host and remove large files first"
FILESYSTEM_SHARE = 0.93  # what is left of a partition of 4 GiB beside inode tables and journal of ext3


@dataclass(frozen=True)
class CheckOldHost(Step[Session]):
    """See that the old host fits and can be read to its end, before an older backup gives way to its copy."""

    partition: str
    size_bytes: int

    @property
    def weight(self) -> int:
        return USUAL_BYTES

    @property
    def title(self) -> str:
        return f"read the old host, which is to be backed up to {self.partition}"

    def run(self, session: Session) -> None:
        used = session.system.room(Place.OLD)
        if used.used_bytes > self.size_bytes * FILESYSTEM_SHARE:
            what = f"the old host uses {human_size(used.used_bytes)} of {human_size(self.size_bytes)} there"
            raise DeviceError(what, where=self.partition, hint=HINT)
        total = used.used_bytes
        session.system.read_tree(Place.OLD, NO_PART, lambda done: session.progress("read", done, total))


@dataclass(frozen=True)
class MakeBackup(Step[Session]):
    """Copy all of the old host to the backup partition, which says that it is incomplete from the first file on.

    A backup that a run before this one left incomplete goes first; what is kept of the host stays.
    """

    partition: str

    @property
    def weight(self) -> int:
        return USUAL_BYTES

    @property
    def title(self) -> str:
        return f"back the old host up to {self.partition}"

    def run(self, session: Session) -> None:
        system = session.system
        system.write_text(INCOMPLETE_MARK, "", on=Place.BACKUP)
        system.sync()
        system.clear(Place.BACKUP, (STATE_DIRECTORY, INCOMPLETE_MARK))
        used = system.room(Place.OLD)
        _check_room(used, system.room(Place.BACKUP), self.partition)

        def on_bytes(done: int) -> None:
            session.progress("backup", done, used.used_bytes)

        system.copy_tree(Place.OLD, Place.BACKUP, NO_PART, on_bytes)
        system.sync()


def _check_room(old: Room, backup: Room, partition: str) -> None:
    """Raise DeviceError when the backup partition cannot hold what the old host uses."""
    if old.used_bytes <= backup.free_bytes and old.used_files <= backup.free_files:
        return
    what = f"the old host uses {human_size(old.used_bytes)} in {old.used_files:,} files"
    room = f"the backup partition has room for {human_size(backup.free_bytes)} in {backup.free_files:,}"
    hint = "choose no backup, or start the old host and remove large files first"
    raise DeviceError(f"{what}; {room}", where=partition, hint=hint)


@dataclass(frozen=True)
class VerifyBackup(Step[Session]):
    """Read the backup and its original and compare all of them; only then the backup counts as one."""

    partition: str

    @property
    def weight(self) -> int:
        return USUAL_BYTES

    @property
    def title(self) -> str:
        return f"compare the backup on {self.partition} with the old host"

    def run(self, session: Session) -> None:
        system = session.system
        check_same(session, Place.OLD, Place.BACKUP, "the backup")
        system.write_text(BACKUP_MARK, "", on=Place.BACKUP)
        system.sync()
        system.remove(INCOMPLETE_MARK, on=Place.BACKUP)
        system.sync()


def check_same(session: Session, original: Place, copy: Place, name: str) -> None:
    """Compare two trees; raises DeviceError with the first paths that differ."""
    total_bytes = session.system.room(original).used_bytes

    def on_bytes(done: int) -> None:
        session.progress("compared", done, total_bytes)

    differences = session.system.compare_trees(original, copy, NO_PART, on_bytes)
    if differences:
        more = f" and {len(differences) - SHOWN} or more others" if len(differences) > SHOWN else ""
        what = f"{name} is not like its original: {'; '.join(differences[:SHOWN])}{more}"
        raise DeviceError(what, hint="the disk may be failing: `dmesg` tells of read and write errors")
