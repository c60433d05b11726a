"""What is written down on the backup partition while a host is replaced or restored, for whoever comes after a break.

The file `existing.JOURNAL` has KEY='value' lines. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_LINE = re.compile(r"([A-Z_]+)='([^']*)'")


class JournalStep(StrEnum):
    """How far it got. Done is no step: then the journal is gone."""

    KEPT = "kept"  # all of kept/ is on the disk; partition 1 is whole and boots
    REPLACING = "replacing"  # partition 1 is being made anew: it neither boots nor holds the old host
    RESTORING = "restoring"  # partition 1 is being filled from the backup


@dataclass(frozen=True)
class Journal:
    """`old` and `new` are product and version, `old` of what is replaced; `backup`: a full backup was wished for.

    `ssh` (None: as the packages have it) and `clock_by_hand` are settings of the old host that it has as links and not
    as files, which is why nothing else of what is kept tells them.
    """

    step: JournalStep
    old: str = ""
    new: str = ""
    installer_version: str = ""
    written_at: str = ""
    backup: bool = False
    ssh: bool | None = None
    clock_by_hand: bool = False
    timezone: str = ""

    def text(self) -> str:
        """Return the lines of the file; a quote in a value goes, as nothing here needs one."""
        entries = (
            ("STEP", self.step.value),
            ("OLD", self.old),
            ("NEW", self.new),
            ("INSTALLER_VERSION", self.installer_version),
            ("WRITTEN_AT", self.written_at),
            ("BACKUP", "yes" if self.backup else "no"),
            ("SSH", "" if self.ssh is None else "on" if self.ssh else "off"),
            ("CLOCK_BY_HAND", "yes" if self.clock_by_hand else "no"),
            ("TIMEZONE", self.timezone),
        )
        return "".join(f"{key}='{_plain(value)}'\n" for key, value in entries)


def _plain(value: str) -> str:
    return re.sub(r"['\x00-\x1f]", "", value)


def parse_journal(text: str) -> Journal | None:
    """Return what a journal says, None when that is no step there is: it is then not one of this installer's."""
    found = {match[1]: match[2] for line in text.splitlines() if (match := _LINE.fullmatch(line.strip()))}
    if found.get("STEP") not in tuple(JournalStep):
        return None
    return Journal(
        step=JournalStep(found["STEP"]),
        old=found.get("OLD", ""),
        new=found.get("NEW", ""),
        installer_version=found.get("INSTALLER_VERSION", ""),
        written_at=found.get("WRITTEN_AT", ""),
        backup=found.get("BACKUP") == "yes",
        ssh={"on": True, "off": False}.get(found.get("SSH", "")),
        clock_by_hand=found.get("CLOCK_BY_HAND") == "yes",
        timezone=found.get("TIMEZONE", ""),
    )
