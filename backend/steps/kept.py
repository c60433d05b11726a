"""What is kept of a host while it is replaced: its files on the backup partition, and the journal beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.system import Place, Root
from installer.model.carried import CARRIED, Carried, Carry
from installer.model.existing import JOURNAL, KEPT_DIRECTORY, STATE_DIRECTORY
from installer.model.journal import Journal, JournalStep
from installer.model.plan import Step
from installer.model.secret import Secret

KEPT = Root(Place.BACKUP, KEPT_DIRECTORY)
LOCKED = "!!"  # the reference payload asks for a password on the console at its first boot
WORDS = {
    JournalStep.KEPT: "that all is kept",
    JournalStep.REPLACING: "that the old host is being replaced",
    JournalStep.RESTORING: "that the backup is being restored",
}


@dataclass(frozen=True)
class SaveKeptFiles(Step[Session]):
    """Copy the files of the table from the old host to the backup partition.

    A journal that is there is removed first: it says that all of them are on the disk.
    """

    rows: tuple[Carried, ...] = CARRIED

    @property
    def title(self) -> str:
        return f"keep the old host's settings and identity in {KEPT_DIRECTORY} of the backup partition"

    def describe(self) -> tuple[str, ...]:
        return (self.title, *(f"{row.path}  {row.what}" for row in self.rows))

    def run(self, session: Session) -> None:
        _forget(session)
        session.system.carry_files(tuple(row.path for row in self.rows), Root(Place.OLD), KEPT)
        session.system.sync()


@dataclass(frozen=True)
class WriteJournal(Step[Session]):
    """Note down on the backup partition how far the run is, once all before it is on the disk."""

    journal: Journal

    @property
    def weight(self) -> int:
        return 50_000

    @property
    def title(self) -> str:
        return f"note down on the backup partition {WORDS[self.journal.step]}"

    def run(self, session: Session) -> None:
        system = session.system
        system.sync()
        system.write_text(JOURNAL, self.journal.text(), mode=0o600, on=Place.BACKUP)
        system.sync()


@dataclass(frozen=True)
class CarryFiles(Step[Session]):
    """Put the files that a host keeps as they are in place, from where they were kept."""

    rows: tuple[Carried, ...] = CARRIED

    @property
    def _paths(self) -> tuple[str, ...]:
        return tuple(row.path for row in self.rows if row.how is Carry.FILE)

    @property
    def title(self) -> str:
        return "put the old host's own files back in place"

    def describe(self) -> tuple[str, ...]:
        return (self.title, *self._paths)

    def run(self, session: Session) -> None:
        session.system.carry_files(self._paths, KEPT, Root(Place.TARGET))


@dataclass(frozen=True)
class SetKeptRootPassword(Step[Session]):
    """Give root the password it had, as a hash that nobody reads (chpasswd(8), on its standard input)."""

    needs: ClassVar[tuple[str, ...]] = ("chpasswd",)

    @property
    def title(self) -> str:
        return "set the root password that the old host had"

    def run(self, session: Session) -> None:
        system, path = session.system, f"{KEPT_DIRECTORY}/etc/shadow"
        shadow = Secret(system.read_text(path, on=Place.BACKUP) if system.exists(path, on=Place.BACKUP) else "")
        hashed = _hash_of_root(shadow)
        if not hashed.reveal():
            session.warn("the old host had no root password that could be kept: none lets anybody in until one is set")
            hashed = Secret(LOCKED)
        line = Secret(f"root:{hashed.reveal()}\n")
        system.run(("chpasswd", "--encrypted", "--root", session.target), stdin=line)


def _hash_of_root(shadow: Secret) -> Secret:
    """Return the second field of root's line in shadow(5), empty when there is none."""
    rows = (line.split(":") for line in shadow.reveal().splitlines())
    return Secret(next((row[1] for row in rows if row[0] == "root" and len(row) > 1), ""))


@dataclass(frozen=True)
class RemoveState(Step[Session]):
    """Remove what was kept, the journal first: the host is complete."""

    @property
    def title(self) -> str:
        return f"remove {STATE_DIRECTORY} from the backup partition"

    def run(self, session: Session) -> None:
        session.system.sync()  # the host that replaces it is whole on the disk before
        _forget(session)
        session.system.sync()


def _forget(session: Session) -> None:
    session.system.remove(JOURNAL, on=Place.BACKUP)
    session.system.sync()
    session.system.remove(STATE_DIRECTORY, on=Place.BACKUP)
