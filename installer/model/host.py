"""Facts about the machine: disks, NICs, firmware, memory, console. No wishes, no effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from installer.model.existing import Backup, InstalledHost
from installer.model.storage import Holder, Part, StorageGroup, storage_groups


class Firmware(StrEnum):
    """How the machine was started."""

    BIOS = "bios"
    UEFI = "uefi"


class Virtualization(StrEnum):
    """Whether hardware-assisted guests (Windows) can run."""

    INTEL_VT = "vmx"
    AMD_V = "svm"
    NONE = "none"


@dataclass(frozen=True)
class Disk:
    """One whole disk. Sizes in bytes; `excluded` says why it is not offered (empty: it is).

    `contents` is the sentence for a person, `table` and `parts` the same in detail (the whole disk is part 0);
    `holders` are running devices on it that nothing uses, in the order in which they can be stopped. `installed` is
    the control domain that is on it, `backup` the copy of one.
    """

    name: str
    path: str
    size_bytes: int
    sector_bytes: int = 512
    model: str = ""
    serial: str = ""
    wwn: str = ""
    by_id: tuple[str, ...] = ()
    transport: str = ""
    removable: bool = False
    read_only: bool = False
    contents: str = ""
    excluded: str = ""
    physical_sector_bytes: int = 0
    rotational: bool | None = None
    boot_medium: bool = False
    table: str = ""
    parts: tuple[Part, ...] = ()
    holders: tuple[Holder, ...] = ()
    installed: InstalledHost | None = None
    backup: Backup | None = None

    @property
    def identity(self) -> tuple[str, str, int] | None:
        """What two paths to one disk have in common; None where the hardware does not tell enough."""
        return (self.wwn, self.serial, self.size_bytes) if self.wwn and self.serial else None

    def label(self) -> str:
        """Return what a person needs to tell this disk from its twins."""
        from installer.model.units import human_size

        return " ".join(part for part in (self.name, human_size(self.size_bytes), self.model, self.serial) if part)


@dataclass(frozen=True)
class Nic:
    """One wired network interface; `mac` is lower case with colons."""

    name: str
    mac: str
    driver: str = ""
    carrier: bool | None = None
    speed_mbit: int | None = None


@dataclass(frozen=True)
class SerialConsole:
    """The serial line the installation is seen on: `port` n is ttySn of Linux and com(n+1) of Xen."""

    port: int
    speed: int = 115200


@dataclass(frozen=True)
class Host:
    """All facts of one machine, as probed or as recorded in a machine file. Memory in bytes.

    `virtualization_off`: the processor could run hardware-assisted guests, and the firmware has switched that off.
    `secure_boot` says that the firmware starts signed programs only.
    """

    firmware: Firmware
    memory_bytes: int
    virtualization: Virtualization
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    cpu_model: str = ""
    cpu_mhz: int = 0
    virtualization_off: bool = False
    console: SerialConsole | None = None
    secure_boot: bool = False

    def disk(self, name: str) -> Disk | None:
        """Return the disk of that name, path or by-id link, or None; a name wins over another disk's path."""
        bare = name.removeprefix("/dev/")
        for disk in self.disks:
            if disk.name == bare:
                return disk
        for disk in self.disks:
            if disk.path == name or disk.path.removeprefix("/dev/") == bare or name in disk.by_id:
                return disk
        return None

    def groups(self) -> tuple[StorageGroup, ...]:
        """Return the volume groups, arrays and pools on the disks."""
        return storage_groups((disk.name, disk.parts) for disk in self.disks)

    def nic(self, name: str) -> Nic | None:
        """Return the NIC of that name, or None."""
        return next((nic for nic in self.nics if nic.name == name), None)
