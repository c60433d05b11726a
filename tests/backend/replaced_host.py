"""A small disk with an old host on it, and the steps that keep, back up and replace it, for the double and for real."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from backend.execute import InstallPlan
from backend.real_system import RealSystem
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.backup import MakeBackup, VerifyBackup
from backend.steps.beside import MakeBackupFilesystem, MountBackup, MountOldHost, UnmountOldHost
from backend.steps.filesystem import MakeFilesystem, MountRoot
from backend.steps.kept import CarryFiles, RemoveState, SaveKeptFiles, SetKeptRootPassword, WriteJournal
from backend.steps.partition import FindPartitions
from backend.steps.unbootable import EraseBootCode, RemoveEfiLoaders
from installer.model.existing import JOURNAL
from installer.model.journal import Journal, JournalStep
from installer.model.plan import DiskSummary, Phase
from installer.model.units import MIB
from tests.backend.odd_tree import odd_tree
from tests.backend.run_plan import recording_session
from tests.backend.sample import IDENTITIES
from tests.needs import needs
from tests.seen import seen

KEPT_NOTE = Journal(JournalStep.KEPT, "XenServer 4.0.1-1", "XenServer 4.0.1-2", "1", "2026-01-02 03:04:05 UTC", True)
REPLACING_NOTE = Journal(JournalStep.REPLACING, "XenServer 4.0.1-1", "XenServer 4.0.1-2")
HASH = "$6$marked-secret$0123456789abcdef"
STILL_BOOTS = "sda: the old host still boots"
NOT_BOOTABLE = "sda: not bootable"
ROOT, BACKUP, ESP = "sda:1", "sda:2", "sda:4"
TABLE = "label: gpt\n1 : size=96MiB\n2 : size=96MiB\n4 : size=40MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n"


def keeping_phases(*, full: bool = True) -> tuple[Phase[Session], ...]:
    """Return what comes before partition 1 is touched."""
    backup = (MakeBackup(BACKUP), VerifyBackup(BACKUP)) if full else ()
    steps = (
        MakeBackupFilesystem(BACKUP, IDENTITIES.backup_uuid),
        MountBackup(BACKUP),
        MountOldHost(ROOT),
        SaveKeptFiles(),
        WriteJournal(KEPT_NOTE),
        *backup,
        UnmountOldHost(ROOT),
        WriteJournal(REPLACING_NOTE),
    )
    return (Phase("keep", steps, state=STILL_BOOTS),)


def replacing_phases() -> tuple[Phase[Session], ...]:
    """Return what makes a new root file system with the old host's own files."""
    steps = (
        EraseBootCode("sda"),
        RemoveEfiLoaders(ESP),
        MakeFilesystem(ROOT, IDENTITIES.root_label, IDENTITIES.root_uuid),
        MountRoot(ROOT),
        CarryFiles(),
        SetKeptRootPassword(),
    )
    return (Phase("replace", steps, state=NOT_BOOTABLE), Phase("forget", (RemoveState(),), bootable=True))


def plan_of(*phases: Phase[Session]) -> InstallPlan:
    """Return a plan of phases for the disk sda."""
    return InstallPlan(phases, (DiskSummary("disk sda", (), ()),), ())


@dataclass(frozen=True)
class OldDisk:
    """An image file with a GPT, an old host on partition 1, nothing on 2, loaders on the ESP."""

    image: Path

    def offset(self, number: int) -> int:
        """Return where a partition begins, in bytes."""
        shown = subprocess.run(["sfdisk", "--json", str(self.image)], check=True, capture_output=True, text=True).stdout
        rows = json.loads(shown)["partitiontable"]["partitions"]
        (start,) = [row["start"] for row in rows if row["node"].endswith(str(number))]
        return int(start) * 512

    @contextmanager
    def seen(self, number: int, *, write: bool = False) -> Iterator[Path]:
        """Mount a partition beside everything that is tested."""
        with seen(self.image, self.offset(number), 96 * MIB, write=write) as point:
            yield point

    def loaders(self) -> list[str]:
        """Return the names on the ESP."""
        argv = ["mdir", "-/", "-b", "-i", f"{self.image}@@{self.offset(4)}", "::/"]
        shown = subprocess.run(argv, check=False, capture_output=True, text=True)
        return shown.stdout.splitlines()


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def old_disk(directory: Path) -> OldDisk:
    """Make the image file."""
    needs("losetup", "sfdisk", "mkfs.ext3", "mkfs.vfat", "mcopy", "mount")
    disk = OldDisk(directory / "old.img")
    disk.image.touch()
    os.truncate(disk.image, 256 * MIB)
    subprocess.run(["sfdisk", "--quiet", str(disk.image)], input=TABLE, check=True, text=True)
    with disk.image.open("r+b") as stream:
        stream.write(b"\xeb" * 440)
    place = f"offset={disk.offset(1)}"
    _run("mkfs.ext3", "-q", "-F", "-I", "256", "-E", place, "-L", "root-oldoldol", str(disk.image), f"{96 * 1024}k")
    esp = f"{disk.image}@@{disk.offset(4)}"
    _fat(disk, directory / "esp.img")
    _run("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/EFI/xenserver", "::/EFI/dell")
    for name in ("BOOT/BOOTX64.EFI", "xenserver/grubx64.efi", "dell/diag.efi"):
        _run("mcopy", "-i", esp, "/etc/hostname", f"::/EFI/{name}")
    with disk.seen(1, write=True) as root:
        odd_tree(root)
        write_host(root)
    return disk


def _fat(disk: OldDisk, scratch: Path) -> None:
    scratch.touch()
    os.truncate(scratch, 40 * MIB)
    _run("mkfs.vfat", "-F", "32", str(scratch))
    with disk.image.open("r+b") as stream:
        stream.seek(disk.offset(4))
        stream.write(scratch.read_bytes())


def write_host(root: Path) -> None:
    """Write the files of a host that are kept."""
    files = {
        "etc/xensource-inventory": "PRODUCT_VERSION='4.0.1'\n",
        "etc/xensource/ptoken": "marked-secret-pool\n",
        "etc/ssh/ssh_host_rsa_key": "marked-secret-key\n",
        "etc/ssh/ssh_host_rsa_key.pub": "public\n",
        "etc/shadow": f"daemon:*:1::::::\nroot:{HASH}:19000:0:99999:7:::\n",
        "root/.ssh/authorized_keys": "ssh-ed25519 AAAA\n",
        "var/xapi/state.db": "<database/>\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, 7, 8)
    (root / "root/.ssh").chmod(0o700)


def session_on(system: RealSystem, loop: str) -> Session:
    """Return a session whose disk sda is an attached image."""
    session = recording_session(RecordingSystem())
    session = replace(session, system=system, devices={"sda": loop})
    FindPartitions("sda").run(session)
    return session


def journal_at(root: Path) -> str:
    """Return the journal's text on a mounted backup partition, empty when there is none."""
    path = root / JOURNAL.lstrip("/")
    return path.read_text() if path.exists() else ""
