"""Steps that take apart what is on the chosen disks: stop what runs on them, erase what their partitions hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from backend.probe.phrases import describe
from backend.process import Argv
from backend.session import Session
from installer.model.errors import DeviceError
from installer.model.host import Disk
from installer.model.plan import Step
from installer.model.storage import Holder, HolderKind, Part
from installer.model.units import MIB

EXTENDED = ("0x5", "0xf", "0x85")  # containers: their logical partitions are erased


@dataclass(frozen=True)
class StopHolder(Step[Session]):
    """Stop a running device that nothing uses. What is gone already counts as stopped.

    An array marks its members clean, a volume writes what waits in memory: the disks do not stay bit for bit the same.
    """

    settles: ClassVar[bool] = True
    holder: Holder

    def _stop(self, session: Session, argv: Argv, still_there: Argv, name: str) -> None:
        """Run a program that stops a device, then look for it at the start of what another lists."""
        said = session.system.run(argv, ok=(0, 1))
        session.system.settle()
        if name in {line.split()[0] for line in session.system.run(still_there) if line.strip()}:
            reason = said[-1].strip() if said else f"{argv[0]} did nothing"
            raise DeviceError(f"{self.holder.name} cannot be stopped: {reason}", hint="`lsblk` tells what is on it")


class StopMapping(StopHolder):
    """Remove a device-mapper device: a logical volume, a multipath device, another mapping.

    By device-mapper itself, which looks at no disk (docs/decisions/0008).
    """

    needs: ClassVar[tuple[str, ...]] = ("dmsetup",)

    @property
    def title(self) -> str:
        name, group = self.holder.name, self.holder.group
        return {
            HolderKind.LVM: f"stop the logical volume {name} of the volume group {group}",
            HolderKind.MULTIPATH: f"flush the multipath device {name}",
        }.get(self.holder.kind, f"remove the mapping {name}")

    def run(self, session: Session) -> None:
        listing = ("dmsetup", "info", "--columns", "--noheadings", "--options=name")
        self._stop(session, ("dmsetup", "remove", "--retry", self.holder.name), listing, self.holder.name)


class StopArray(StopHolder):
    """Stop an md array."""

    needs: ClassVar[tuple[str, ...]] = ("cat", "mdadm")

    @property
    def title(self) -> str:
        return f"stop the array {self.holder.name}"

    def run(self, session: Session) -> None:
        argv = ("mdadm", "--stop", f"/dev/{self.holder.device}")
        self._stop(session, argv, ("cat", "/proc/mdstat"), self.holder.device)


class DetachLoop(StopHolder):
    """Detach a loop device from a disk."""

    needs: ClassVar[tuple[str, ...]] = ("losetup",)

    @property
    def title(self) -> str:
        return f"detach {self.holder.device} from {', '.join(self.holder.disks)}"

    def run(self, session: Session) -> None:
        node = f"/dev/{self.holder.device}"
        listing = ("losetup", "--list", "--noheadings", "--output=NAME")
        self._stop(session, ("losetup", "--detach", node), listing, node)


STOPPING: dict[HolderKind, type[StopHolder]] = {
    HolderKind.LVM: StopMapping,
    HolderKind.MULTIPATH: StopMapping,
    HolderKind.MAPPING: StopMapping,
    HolderKind.ARRAY: StopArray,
    HolderKind.LOOP: DetachLoop,
}


def stop_steps(disks: Iterable[Disk]) -> tuple[StopHolder, ...]:
    """Return the steps that stop all that runs on the disks, each device once and before those it is made of."""
    holders = dict.fromkeys(holder for disk in disks for holder in disk.holders)
    return tuple(STOPPING[holder.kind](holder) for holder in holders if holder.kind in STOPPING)


@dataclass(frozen=True)
class ErasePartitions(Step[Session]):
    """Overwrite both ends of every partition of a disk's old table, where signatures of all kinds are.

    Through the whole disk: the partitions' own nodes need not be there, and what reacts to them is not woken.
    """

    disk: str
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        count = len(self.parts)
        return f"erase the {f'{count} partitions' if count > 1 else 'partition'} of {self.disk}"

    def describe(self) -> tuple[str, ...]:
        """A line for each partition, with the kinds of its signatures."""
        lines = (
            f"{part.number}  {part.start_bytes // MIB:>7} MiB  {part.size_bytes // MIB:>7} MiB  {_kinds(part)}".rstrip()
            for part in self.parts
        )
        return (self.title, *lines)

    def run(self, session: Session) -> None:
        starts = (start for part in self.parts for start in (part.start_bytes, part.end_bytes - MIB))
        session.system.zero(session.device(self.disk), tuple(dict.fromkeys(max(0, start) for start in starts)))
        session.system.settle()  # udev looks at the disk anew when a writer has closed it


def _kinds(part: Part) -> str:
    return ", ".join(describe(signature) for signature in part.signatures)


def erase_steps(disks: Iterable[Disk]) -> tuple[ErasePartitions, ...]:
    """Return a step for each disk with partitions; those that a damaged table puts beyond its end are left out."""
    found = []
    for disk in disks:
        parts = tuple(
            part
            for part in disk.parts
            if part.number
            and part.type not in EXTENDED
            and MIB <= part.size_bytes <= disk.size_bytes - part.start_bytes
        )
        if parts:
            found.append(ErasePartitions(disk.name, parts))
    return tuple(found)
