"""Steps that find the host to which packages are added, and make sure of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.steps.inventory import INVENTORY_FILE
from installer.model.errors import DiskRefused
from installer.model.plan import Step


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
