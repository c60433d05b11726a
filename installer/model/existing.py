"""What is installed on a disk already, and what backups it holds: facts, read without changing anything (spec R54)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

from installer.model.interface import AdminInterface, Bond
from installer.model.wishes import Mode, StorageType

ROOT_PARTITION = 1
BACKUP_PARTITION = 2
# On the backup partition, for as long as a host is being replaced: what is kept of the old one, and how far it got.
STATE_DIRECTORY = "/.xen-installer"
KEPT_DIRECTORY = f"{STATE_DIRECTORY}/kept"  # the files of the table `carried`, at their own paths
JOURNAL = (
    f"{STATE_DIRECTORY}/journal"  # KEY='value' lines; the file is there from the moment all of kept/ is on the disk
)
INCOMPLETE_MARK = "/.xen-backup-incomplete"  # written before the first file of a backup, removed after the last check
BACKUP_MARK = "/.xen-backup-partition"  # the empty file that says who made a tree: an installer's backup

NO_ISCSI_NAME = "the old host has no iSCSI name that could be carried over: a new one is made"


class Power(StrEnum):
    """What a virtual machine was doing when its host last wrote it down."""

    HALTED = "halted"
    RUNNING = "running"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class GuestRecord:
    """A virtual machine as the old host's database has it; `volumes` are the names of its logical volumes or files."""

    uuid: str
    name: str
    power: Power = Power.UNKNOWN
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalStorage:
    """The local storage repository that is kept; `devices` as the inventory names them."""

    sr_uuid: str
    type: StorageType = StorageType.LVM
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptSettings:
    """The settings of an installed host as far as they can be read; None (or nothing) for what cannot.

    The root password's hash is no fact: it goes from the old file to the new one without being looked at.
    `fallback_hostname` is the name a host has until one comes by DHCP; `nics` are `MAC name` of each with a script.
    `unreadable` names in words what is there but not understood, such as an address whose mask is missing.
    """

    keymap: str | None = None
    timezone: str | None = None
    ntp_servers: tuple[str, ...] = ()
    clock_by_hand: bool = False
    hostname: str | None = None
    nameservers: tuple[IPv4Address, ...] = ()
    interface: AdminInterface | None = None
    bonds: tuple[Bond, ...] = ()
    ssh: bool | None = None
    unreadable: tuple[str, ...] = ()
    fallback_hostname: str | None = None
    nics: tuple[str, ...] = ()


@dataclass(frozen=True)
class InstalledHost:
    """A control domain found on partition 1 of a disk.

    `root_label` is its file system's label; whether a BIOS or UEFI starts it is told by the partition table. `mode` is
    what installing over it is called; `refused` says why that cannot be done with its virtual machines kept (empty: it
    can), `hint` what to do then. `version` is empty when its inventory cannot be read. `unfinished` says that an
    installation over it was broken off: it is known from what was kept on partition 2, and `step` is how far it got.
    """

    product: str
    version: str
    build: str = ""
    installer_version: str = ""
    installation_uuid: str = ""
    control_domain_uuid: str = ""
    root_label: str = ""
    storage: LocalStorage | None = None
    settings: KeptSettings = KeptSettings()
    guests: tuple[GuestRecord, ...] = ()
    iqn: str = ""
    refused: str = ""
    hint: str = ""
    unfinished: bool = False
    step: str = ""
    mode: Mode = Mode.REINSTALL

    @property
    def title(self) -> str:
        """Product and version: `XenServer 4.0.1-1`."""
        return _title(self.product, self.version, self.build)

    @property
    def active_guests(self) -> tuple[GuestRecord, ...]:
        """The virtual machines recorded as running or suspended: to be shut down before anything else."""
        return tuple(guest for guest in self.guests if guest.power in (Power.RUNNING, Power.SUSPENDED))


class BackupMaker(StrEnum):
    """Who wrote a backup: an installer before it replaced the host, or the host itself by `xe host-restore`."""

    INSTALLER = "installer"
    HOST_RESTORE = "xe host-restore"


@dataclass(frozen=True)
class Backup:
    """A control domain's copy on partition 2; `refused` says why it cannot be restored (empty: it can)."""

    maker: BackupMaker
    product: str
    version: str
    build: str = ""
    installation_uuid: str = ""
    hostname: str = ""
    root_label: str = ""
    made_at: str = ""
    refused: str = ""
    hint: str = ""

    @property
    def title(self) -> str:
        """Product and version: `XenServer 4.0.1-1`."""
        return _title(self.product, self.version, self.build)


def _title(product: str, version: str, build: str) -> str:
    return f"{product} {version or '(version unknown)'}" + (f"-{build}" if version and build else "")
