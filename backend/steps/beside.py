"""Steps that mount what lies beside the target: the old host on partition 1, and the backup partition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.session import Session
from backend.system import Place
from installer.model.plan import Step
from installer.model.units import MIB

ANY_EXT = "ext4"  # this driver reads ext2 and ext3 too and changes none of them; an old host may have any
OLD_HOST, BACKUP = "old host", "backup partition"  # what the session holds them by


@dataclass(frozen=True)
class MakeBackupFilesystem(Step[Session]):
    """Make the file system of the backup partition; what was on it, an older backup too, is gone."""

    needs: ClassVar[tuple[str, ...]] = ("mkfs.ext3", "wipefs")
    partition: str
    uuid: str

    @property
    def weight(self) -> int:
        return 64 * MIB  # the inode tables of 4 GiB of ext3

    @property
    def title(self) -> str:
        return f"make an ext3 file system for the backup on {self.partition}"

    def run(self, session: Session) -> None:
        node = session.node(self.partition)
        session.system.run(("wipefs", "--all", node))
        # inodes of 256 bytes, also where the partition is small: they hold times to the nanosecond
        session.system.run(("mkfs.ext3", "-q", "-F", "-I", "256", "-U", self.uuid, node))


@dataclass(frozen=True)
class MountBackup(Step[Session]):
    """Mount the backup partition for the rest of the run."""

    needs: ClassVar[tuple[str, ...]] = ("mount", "umount")
    partition: str

    @property
    def title(self) -> str:
        return f"mount the backup partition {self.partition}"

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        session.hold(BACKUP, lambda: system.mounted(node, ANY_EXT, Place.BACKUP))


@dataclass(frozen=True)
class MountOldHost(Step[Session]):
    """Mount the host that is replaced, to be read; a host that lost its power has its journal replayed by that.

    It comes after the backup partition, since it is let go of first.
    """

    needs: ClassVar[tuple[str, ...]] = ("mount", "umount")
    partition: str

    @property
    def title(self) -> str:
        return f"mount the old host on {self.partition}, read-only"

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        session.hold(OLD_HOST, lambda: system.mounted(node, ANY_EXT, Place.OLD, read_only=True))


@dataclass(frozen=True)
class UnmountOldHost(Step[Session]):
    """Let go of the old host's file system: a new one is made in its place."""

    needs: ClassVar[tuple[str, ...]] = ("umount",)
    partition: str

    @property
    def title(self) -> str:
        return f"unmount the old host on {self.partition}"

    def run(self, session: Session) -> None:
        session.release(OLD_HOST)
