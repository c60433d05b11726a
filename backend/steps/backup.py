"""Steps that make a full backup of the old host on the backup partition and hold it against its original."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from backend.steps.whole_trees import WholeTreeStep, check_same, copy_whole, fits, read_whole
from backend.system import Place, Room
from installer.model.errors import DeviceError
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, STATE_DIRECTORY
from installer.model.units import human_size

HINT = "choose no backup, or start the old host and remove large files first"


@dataclass(frozen=True)
class CheckOldHost(WholeTreeStep):
    """See that the old host fits and can be read to its end, before an older backup gives way to its copy."""

    size_bytes: int

    @property
    def title(self) -> str:
        return f"read the old host, which is to be backed up to {self.partition}"

    def run(self, session: Session) -> None:
        used = session.system.room(Place.OLD)
        if not fits(used, self.size_bytes):
            what = f"the old host uses {human_size(used.used_bytes)} of {human_size(self.size_bytes)} there"
            raise DeviceError(what, where=self.partition, hint=HINT)
        read_whole(session, Place.OLD, used.used_bytes)


@dataclass(frozen=True)
class MakeBackup(WholeTreeStep):
    """Copy all of the old host to the backup partition, which says that it is incomplete from the first file on.

    A backup that a run before this one left incomplete goes first; what is kept of the host stays.
    """

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
        copy_whole(session, Place.OLD, Place.BACKUP, "backup", used.used_bytes)


def _check_room(old: Room, backup: Room, partition: str) -> None:
    """Raise DeviceError when the backup partition cannot hold what the old host uses."""
    if old.used_bytes <= backup.free_bytes and old.used_files <= backup.free_files:
        return
    what = f"the old host uses {human_size(old.used_bytes)} in {old.used_files:,} files"
    room = f"the backup partition has room for {human_size(backup.free_bytes)} in {backup.free_files:,}"
    raise DeviceError(f"{what}; {room}", where=partition, hint=HINT)


@dataclass(frozen=True)
class VerifyBackup(WholeTreeStep):
    """Read the backup and its original and compare all of them; only then the backup counts as one."""

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
