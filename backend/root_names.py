"""How a control domain's own files name its root file system, and the same with another label. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LABEL, UUID = "LABEL=", "UUID="
BY_UDEV = "/dev/disk/"


def root_of_fstab(text: str) -> str:
    """Return the first field of the row of / in fstab(5), such as LABEL=root-abcdefgh; empty when there is none."""
    rows = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return next((row[0] for row in rows if len(row) > 1 and row[1] == "/"), "")


@dataclass(frozen=True)
class RootName:
    """What the files call the root file system, and the label that it gets.

    A kernel's own name of the partition, /dev/sda1, stays: it is what that kernel calls it, whatever the label is.
    """

    old: str
    label: str

    @property
    def stays(self) -> bool:
        """Whether the files are right as they are."""
        own_name = self.old.startswith("/dev/") and not self.old.startswith(BY_UDEV)
        return not self.old or own_name or self.old == LABEL + self.label

    def in_fstab(self, text: str) -> str:
        """Return fstab with the row of / under the new label."""
        if self.stays:
            return text
        row = rf"(?m)^(\s*){re.escape(self.old)}(\s+/\s)"
        return re.sub(row, lambda match: f"{match[1]}{LABEL}{self.label}{match[2]}", text)

    def in_menu(self, text: str) -> str:
        """Return a boot menu, of GRUB 2 or of GRUB 0.97, in which the kernel and GRUB itself look for the new label."""
        if self.stays:
            return text
        text = re.sub(rf"(?<!\S)root={re.escape(self.old)}(?!\S)", f"root={LABEL}{self.label}", text)
        name = re.escape(self.old.partition("=")[2])
        if self.old.startswith(LABEL):
            return re.sub(rf"(--set=root(?: \S+)*? ){name}(?!\S)", lambda match: f"{match[1]}{self.label}", text)
        if self.old.startswith(UUID):
            search = rf"search (?:\S+ )*?--set=root (?:\S+ )*?{name}(?!\S)"
            return re.sub(search, f"search --no-floppy --label --set=root {self.label}", text)
        return text


def unindented(menu: str) -> str:
    """Return a menu of GRUB 0.97 as GRUB 2 reads it: its reader does not know a command behind blanks.

    (grub-core/lib/legacy_parse.c, 2.06: the length of the word is counted from the start of the line.)
    """
    return re.sub(r"(?m)^[ \t]+", "", menu)
