"""The local storage repository: a volume group over the guest-storage devices, and its identity on the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.steps.files import WriteFile
from installer.model.plan import Step
from installer.model.wishes import StorageType

VG_PREFIX = "VG_XenStorage-"  # the name XenServer's LVM storage manager looks for
FIRSTBOOT_DATA = "/etc/firstboot.d/data/default-storage.conf"


@dataclass(frozen=True)
class MakeVolumeGroup(Step[Session]):
    """Make the volume group of a storage repository; works without device-mapper (nothing is activated)."""

    needs: ClassVar[tuple[str, ...]] = ("pvcreate", "vgcreate", "wipefs")
    sr_uuid: str
    devices: tuple[str, ...]
    pv_uuids: tuple[str, ...]

    @property
    def weight(self) -> int:
        return 8_000_000

    @property
    def title(self) -> str:
        return f"make the volume group {VG_PREFIX}{self.sr_uuid} on {', '.join(self.devices)}"

    def run(self, session: Session) -> None:
        nodes = tuple(session.node(name) for name in self.devices)
        # only the devices named are looked at, and nothing is kept in this machine's /etc/lvm
        options = ("--devices", ",".join(nodes), "--config", "backup{backup=0 archive=0}", "--yes")
        for node in nodes:  # all of them first: a group that spans two would still know the one just wiped
            session.system.run(("wipefs", "--all", node))
        for node, uuid in zip(nodes, self.pv_uuids, strict=True):
            session.system.run(("pvcreate", *options, "--uuid", uuid, "--norestorefile", node))
        session.system.run(("vgcreate", *options, f"{VG_PREFIX}{self.sr_uuid}", *nodes))
        session.system.sync(*nodes)  # wipefs says nothing of what is lost later


@dataclass(frozen=True)
class MakeStorageFilesystem(Step[Session]):
    """Make the file system of a storage repository of the type ext; its UUID is that of the repository."""

    needs: ClassVar[tuple[str, ...]] = ("mkfs.ext3", "wipefs")
    sr_uuid: str
    device: str
    size_bytes: int

    @property
    def weight(self) -> int:
        return max(self.size_bytes // 4096, 8_000_000)  # with few inodes (largefile) little but the journal is written

    @property
    def title(self) -> str:
        return f"make the ext3 file system of the storage repository {self.sr_uuid} on {self.device}"

    def run(self, session: Session) -> None:
        node = session.node(self.device)
        session.system.run(("wipefs", "--all", node))
        # virtual disks are few and large, and root needs no reserve there (mke2fs.conf(5), mke2fs(8))
        options = ("-q", "-F", "-T", "largefile", "-m", "0", "-U", self.sr_uuid)
        session.system.run(("mkfs.ext3", *options, node))


def firstboot_file(sr_uuid: str, devices: tuple[str, ...], kind: StorageType) -> WriteFile:
    """Return the first-boot data that name the storage repository; `devices` as the target sees them."""
    return WriteFile(
        FIRSTBOOT_DATA, f"XSPARTITIONS='{' '.join(devices)}'\nXSTYPE='{kind}'\nSR_UUID='{sr_uuid}'\n", mode=0o600
    )
