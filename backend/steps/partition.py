"""Steps on whole disks: attach an image, check, wipe, partition."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from backend.session import Session
from backend.table import PartitionTable, PartitionUse, TableType
from backend.targets import attached
from installer.model.errors import DiskRefused
from installer.model.plan import Step
from installer.model.units import GIB, MIB


@dataclass(frozen=True)
class DetachLeftBehind(Step[Session]):
    """Detach a loop device that an installation which was killed left on an image file.

    It is looked at again, since the plan may have been made long ago: a loop device that is another's by now, or is
    detached already, is left alone.
    """

    needs: ClassVar[tuple[str, ...]] = ("losetup", "partx")
    device: str
    path: str

    @property
    def title(self) -> str:
        return f"detach {self.device}, left by an installation that was killed, from {PurePath(self.path).name}"

    def run(self, session: Session) -> None:
        system = session.system
        if not system.is_left_behind(self.device, self.path):
            return
        # both fail when it is detached meanwhile; AttachImage looks whether it is
        system.run(("partx", "--delete", self.device), ok=(0, 1))
        system.run(("losetup", "--detach", self.device), ok=(0, 1))
        system.note_detached(self.device)


@dataclass(frozen=True)
class AttachImage(Step[Session]):
    """Make a disk-image file a block device (`create_bytes` 0: it exists already)."""

    needs: ClassVar[tuple[str, ...]] = ("blockdev", "losetup", "partx")
    disk: str
    path: str
    create_bytes: int = 0
    sector_bytes: int = 512

    @property
    def title(self) -> str:
        made = f", made with {self.create_bytes / GIB:g} GiB" if self.create_bytes else ""
        return f"attach the image file {PurePath(self.path).name} as {self.disk}{made}"

    def describe(self) -> tuple[str, ...]:
        return (self.title, f"at {self.path}")

    def run(self, session: Session) -> None:
        system = session.system
        if self.create_bytes:
            session.make_image(self.path, self.create_bytes)
        session.hold(f"lock of {self.path}", lambda: system.locked(self.path))
        device = session.hold(
            f"loop of {self.path}", lambda: attached(system, self.path, sector_bytes=self.sector_bytes)
        )
        session.devices[self.disk] = device


@dataclass(frozen=True)
class FindPartitions(Step[Session]):
    """Let the kernel know the partitions that an attached image has already."""

    needs: ClassVar[tuple[str, ...]] = ("partx",)
    disk: str

    @property
    def title(self) -> str:
        return f"look for the partitions of {self.disk}"

    def run(self, session: Session) -> None:
        device = session.device(self.disk)
        # --update looks for as many numbers as there are partitions, and misses number 4 where there is no 3
        session.system.run(("partx", "--delete", device), ok=(0, 1))
        session.system.run(("partx", "--add", device))
        session.system.settle()


@dataclass(frozen=True)
class CheckDisk(Step[Session]):
    """Open a disk exclusively and compare it with what was probed; nothing is written."""

    disk: str

    @property
    def title(self) -> str:
        return f"check that {self.disk} is unused and still the same disk"

    def run(self, session: Session) -> None:
        device = session.device(self.disk)
        session.hold(f"lock of {device}", lambda: session.system.locked(device))
        expected = session.fingerprints.get(self.disk)
        found = session.system.fingerprint(device)
        changed = expected.differences(found) if expected else ()
        if changed:
            raise DiskRefused(
                f"the disk {self.disk} is not what it was when it was probed: {', '.join(changed)}",
                where=device,
                hint="another program wrote to it, or another disk took its name; start again and look at the disks",
            )


@dataclass(frozen=True)
class WipeDisk(Step[Session]):
    """Remove every signature of a disk, both its ends with old tables and boot code, and what stands at `starts`.

    `starts` are the places (bytes) of the partitions to come: an old volume group must not come back to life there.
    """

    needs: ClassVar[tuple[str, ...]] = ("wipefs",)
    disk: str
    starts: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        return f"erase what is on {self.disk}"

    def run(self, session: Session) -> None:
        device = session.device(self.disk)
        session.system.run(("wipefs", "--all", device))
        session.system.zero(device, (0, *self.starts))
        session.system.settle()


@dataclass(frozen=True)
class PartitionDisk(Step[Session]):
    """Write a partition table and remove stale signatures from the new partitions."""

    needs: ClassVar[tuple[str, ...]] = ("sfdisk", "wipefs")
    disk: str
    table: PartitionTable

    @property
    def title(self) -> str:
        return f"partition {self.disk}"

    def run(self, session: Session) -> None:
        device = session.device(self.disk)
        session.system.write_partition_table(device, self.table)
        for words in self._sfdisk(device):
            session.system.run(("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", *words))
        session.system.settle()  # udev looks at the table anew when a writer has closed the disk
        for partition in self.table.partitions:
            session.system.run(("wipefs", "--all", session.node(f"{self.disk}:{partition.number}")))

    def _sfdisk(self, device: str) -> tuple[tuple[str, ...], ...]:
        """Return what is left to sfdisk: libparted cannot choose identifiers, and sfdisk drops its PMBR flag."""
        if self.table.type is TableType.MBR:
            return (("--disk-id", device, f"0x{self.table.disk_id}"),)
        parts = (("--part-uuid", device, str(part.number), part.uuid) for part in self.table.partitions)
        identifiers = (("--disk-id", device, self.table.disk_id), *parts)
        if self.table.partition(PartitionUse.BIOS_BOOT) is None:
            return identifiers
        # some BIOSes start no disk whose MBR, here the protective one, has no active entry
        return (*identifiers, ("--label-nested", "dos", "--activate", device, "1"))

    def describe(self) -> tuple[str, ...]:
        head = f"{self.title}: {self.table.type.shown}, id {self.table.disk_id}"
        return (
            head,
            *(
                f"{part.number}  {part.start_bytes // MIB:>7} MiB  {part.size_bytes // MIB:>7} MiB  {part.use}"
                for part in self.table.partitions
            ),
        )
