"""The mark of a control domain that is not complete: on its file system from the first moment on, gone with the last.

The label is found by every installer that looks at the disk, and keeps the host from booting: its menu looks for
another one. The file says which run it was and, when it failed, where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.identities import Identities
from backend.probe.phrases import MARK_FILE, UNFINISHED_LABEL
from backend.session import Session
from backend.steps.filesystem import MakeFilesystem, MountRoot
from installer import VERSION
from installer.model.events import StepFailed
from installer.model.plan import Step

MARK_LIMIT_S = 60.0  # after a failure nobody can break this off
HEADING = "The installation of this control domain is not finished; it does not boot.\n"


@dataclass(frozen=True)
class MarkUnfinished(Step[Session]):
    """Leave the file that tells whose unfinished work this is."""

    partition: str
    installation_uuid: str
    begun: str

    @property
    def title(self) -> str:
        return f"mark {self.partition} as not finished ({MARK_FILE})"

    def run(self, session: Session) -> None:
        run = f"Installation {self.installation_uuid}, begun {self.begun}, installer {VERSION}\n"
        session.system.write_text(MARK_FILE, HEADING + run)
        session.unfinished, session.unfinished_run = self.partition, run


@dataclass(frozen=True)
class NameRoot(Step[Session]):
    """Give the complete root file system the label that the boot loader looks for."""

    needs: ClassVar[tuple[str, ...]] = ("e2label",)
    partition: str
    label: str

    @property
    def title(self) -> str:
        return f"label {self.partition} {self.label}"

    def run(self, session: Session) -> None:
        session.system.run(("e2label", session.node(self.partition), self.label))


@dataclass(frozen=True)
class RemoveMark(Step[Session]):
    """Take the file away: the host boots."""

    needs: ClassVar[tuple[str, ...]] = ("chroot", "rm")

    @property
    def title(self) -> str:
        return f"remove {MARK_FILE}"

    def run(self, session: Session) -> None:
        _remove(session)
        session.unfinished = ""


def make_root(disk: str, identities: Identities) -> Step[Session]:
    """Return the step that makes the root file system, which is not finished for now."""
    return MakeFilesystem(f"{disk}:1", UNFINISHED_LABEL, identities.root_uuid)


def begin(disk: str, identities: Identities) -> tuple[Step[Session], ...]:
    """Return the steps that mount the root file system and leave the mark on it."""
    mark = MarkUnfinished(f"{disk}:1", identities.installation_uuid, identities.installed_at)
    return (MountRoot(f"{disk}:1"), mark)


def finish(disk: str, identities: Identities, boot_loader: tuple[Step[Session], ...]) -> tuple[Step[Session], ...]:
    """Return the steps that make the host boot, the marks away around them: it needs the label, and was complete."""
    return (NameRoot(f"{disk}:1", identities.root_label), *boot_loader, RemoveMark())


def mark_failed(session: Session, failure: StepFailed) -> None:
    """Say in the mark where the run failed; nothing when no control domain is being made, or it is complete.

    The old text goes first: on a full partition there is no room for both.
    """
    if not session.unfinished:
        return
    session.system.run(("e2label", session.node(session.unfinished), UNFINISHED_LABEL), timeout_s=MARK_LIMIT_S)
    _remove(session)
    hint = f"  {failure.hint}\n" if failure.hint else ""
    where = f"Failed at step {failure.number}, {failure.title}: {failure.reason}\n{hint}"
    session.system.write_text(MARK_FILE, HEADING + session.unfinished_run + where)


def _remove(session: Session) -> None:
    session.system.run(session.system.in_target("rm", "--force", "--", MARK_FILE), timeout_s=MARK_LIMIT_S)
