"""Steps that keep a disk from starting while its root file system is replaced: half a host must not boot."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.steps.esp import OWN_DIRECTORY, REMOVABLE_DIRECTORY
from installer.model.errors import DeviceError
from installer.model.plan import Step


@dataclass(frozen=True)
class EraseBootCode(Step[Session]):
    """Erase what a BIOS starts of the disk; the partition table in the same sector stays."""

    disk: str

    @property
    def title(self) -> str:
        return f"erase the boot code of {self.disk}"

    def run(self, session: Session) -> None:
        session.system.erase_boot_code(session.device(self.disk))
        session.system.sync()


@dataclass(frozen=True)
class RemoveEfiLoaders(Step[Session]):
    """Remove the loaders from the ESP; a boot entry of the firmware then leads nowhere, and it goes on to the next."""

    needs: ClassVar[tuple[str, ...]] = ("mdeltree", "mdir")
    partition: str

    @property
    def title(self) -> str:
        return f"remove the boot loaders from {self.partition}"

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        for directory in (REMOVABLE_DIRECTORY, OWN_DIRECTORY):
            system.run(("mdeltree", "-i", node, f"::{directory}"), ok=(0, 1))  # 1: it is not there, or stays
        # 1: there is no such directory, or no FAT that a firmware could read
        left = system.run(("mdir", "-b", "-i", node, f"::{posixpath.dirname(OWN_DIRECTORY)}"), ok=(0, 1))
        names = {line.strip().removeprefix("::").rstrip("/").casefold() for line in left}
        for directory in (REMOVABLE_DIRECTORY, OWN_DIRECTORY):
            if directory.casefold() in names:
                raise DeviceError(
                    f"{directory} cannot be removed", where=self.partition, hint="`fsck.vfat` may mend it"
                )
        system.sync(node)
