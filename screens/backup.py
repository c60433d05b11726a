"""Which backup is put back (spec R55)."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.existing import Backup
from installer.model.host import Disk, Host
from installer.model.wishes import Existing
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph, joined
from screens.widgets.choice import Choice, Option


def backups(host: Host) -> tuple[tuple[Disk, Backup], ...]:
    """Return the backups, with the disks they are on."""
    return tuple((disk, disk.backup) for disk in host.disks if disk.backup)


def _option(disk: Disk, backup: Backup) -> Option:
    label = f"{backup.title} on the second partition of {disk.name}"
    name = f'"{backup.hostname}"' if backup.hostname else ""
    made = f"made {backup.made_at}" if backup.made_at else ""
    note = joined((name, made, f"by {backup.maker}"), ", ")
    if backup.refused:
        note = f"not possible: {backup.refused}" + (f" ({backup.hint})" if backup.hint else "")
    return Option(disk.name, label, note, enabled=not backup.refused)


class BackupScreen(Screen):
    """The backups there are; one that cannot be put back says why."""

    name = "backup"
    title = "Restore from a backup"
    of_restores = True
    help = """\
A backup is a copy of a control domain on the second partition of its disk: made by this installer before it replaced \
the host, or by the host itself (xe host-restore).

Restoring overwrites the control domain on the first partition. Guest storage is not touched, and the backup stays as \
it is. What was changed on the host since the backup was made is lost; the records of its virtual machines are those \
of the backup (xe pool-restore-database brings later ones back)."""

    @classmethod
    def summary(cls, state: State) -> str:
        existing = state.draft.existing
        return existing.backup_disk or "" if existing else ""

    def body(self) -> Sequence[Element]:
        found, existing = backups(self.state.host), self.state.draft.existing
        chosen = existing.backup_disk if existing else None
        self._choice = Choice("which", [_option(*pair) for pair in found], chosen or "")
        return [Paragraph("Which backup shall be put back?"), Paragraph(""), self._choice]

    def accept(self) -> Outcome:
        disk = self.state.host.disk(self._choice.value)
        if disk is None or disk.backup is None or disk.backup.refused:
            raise Refused("there is no backup that can be put back: go back", "which")
        return self.state.with_draft(existing=Existing(backup_disk=disk.name))
