"""Steps that make and mount file systems and the swap file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from installer.model.plan import Step
from installer.model.units import MIB, human_size

SWAP_FILE = "/var/swap/swap.001"
SWAP_BYTES = 512 * MIB


@dataclass(frozen=True)
class MakeFilesystem(Step[Session]):
    """Make the ext3 file system of the control domain."""

    needs: ClassVar[tuple[str, ...]] = ("mkfs.ext3", "wipefs")
    partition: str
    label: str
    uuid: str

    @property
    def weight(self) -> int:
        return 64 * MIB  # the inode tables of 4 GiB of ext3

    @property
    def title(self) -> str:
        return f"make an ext3 file system labelled {self.label} on {self.partition}"

    def run(self, session: Session) -> None:
        node = session.node(self.partition)
        session.system.run(("wipefs", "--all", node))
        session.system.sync()  # the old label must not outlive what it names
        session.system.run(("mkfs.ext3", "-q", "-F", "-L", self.label, "-U", self.uuid, node))


@dataclass(frozen=True)
class MountRoot(Step[Session]):
    """Mount the control domain's file system; all files are written inside it."""

    needs: ClassVar[tuple[str, ...]] = ("mount", "umount", "chroot")
    partition: str

    @property
    def title(self) -> str:
        return f"mount {self.partition}"

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        session.target = session.hold("root", lambda: system.mounted(node, "ext3"))


@dataclass(frozen=True)
class MakeSwapFile(Step[Session]):
    """Make the control domain's swap file, without holes."""

    needs: ClassVar[tuple[str, ...]] = ("mkswap",)
    uuid: str
    size_bytes: int = SWAP_BYTES

    @property
    def weight(self) -> int:
        return self.size_bytes // 8  # writing zeros is quick beside unpacking

    @property
    def title(self) -> str:
        return f"make the swap file {SWAP_FILE} of {human_size(self.size_bytes)}"

    def run(self, session: Session) -> None:
        def on_bytes(done: int) -> None:
            session.progress("swap file", done, self.size_bytes)

        session.system.write_zeros(SWAP_FILE, self.size_bytes, on_bytes)
        session.system.run(session.system.in_target("mkswap", "--uuid", self.uuid, SWAP_FILE))
