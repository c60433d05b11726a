"""Steps that find the host to which packages are added, and make sure of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.steps.inventory import INVENTORY_FILE
from installer.model.errors import DeviceError, DiskRefused
from installer.model.plan import Step
from installer.model.source import Package
from installer.model.units import human_size


@dataclass(frozen=True)
class ShowPartitions(Step[Session]):
    """Have the kernel know the partitions of an attached image: a loop device is not looked through by itself."""

    needs: ClassVar[tuple[str, ...]] = ("partx",)
    disk: str

    @property
    def title(self) -> str:
        return f"find the partitions of {self.disk}"

    def run(self, session: Session) -> None:
        device = session.device(self.disk)
        session.system.run(("partx", "--add", device), ok=(0, 1))  # 1: they are known already
        session.system.settle()


@dataclass(frozen=True)
class CheckRoom(Step[Session]):
    """See that packages fit on the root partition before the first of them changes it.

    Each is there packed and unpacked at once for a while; of one that states no unpacked size the packed one counts.
    """

    needs: ClassVar[tuple[str, ...]] = ("chroot", "stat")
    packages: tuple[Package, ...]

    @property
    def title(self) -> str:
        return f"check that {human_size(self._least_bytes)} fit on the root partition"

    @property
    def _least_bytes(self) -> int:
        unpacked = sum(package.unpacked_bytes or package.size_bytes for package in self.packages)
        return unpacked + max(package.size_bytes for package in self.packages)

    def run(self, session: Session) -> None:
        argv = session.system.in_target("stat", "--file-system", "--format=%a %S", "/")  # what is not kept for root
        for line in session.system.run(argv):
            blocks, _, block_bytes = line.partition(" ")
            room_bytes = int(blocks) * int(block_bytes)
            if room_bytes < self._least_bytes:
                what = f"the root partition has room for {human_size(room_bytes)}"
                needed = f"the packages take {human_size(self._least_bytes)} or more while they are added"
                raise DeviceError(f"{what}, and {needed}", hint="make room on the host, and add them another time")


@dataclass(frozen=True)
class CheckInstalled(Step[Session]):
    """Compare the mounted control domain with the one that was installed: nothing is added to another system."""

    installation_uuid: str

    @property
    def title(self) -> str:
        return "check that this is the host that was installed"

    def run(self, session: Session) -> None:
        if f"INSTALLATION_UUID='{self.installation_uuid}'" not in session.system.read_text(INVENTORY_FILE):
            what = "this is not the control domain that was installed just now"
            raise DiskRefused(what, where=INVENTORY_FILE, hint="start the host; the packages can be added another time")
