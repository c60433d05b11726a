"""The plan of a restore: the control domain on partition 1 is replaced by its backup on partition 2 (R55). Pure.

The journal is written first and goes last, so that a restore which was broken off is known; running it again ends it.
The backup is only read.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.execute import InstallPlan
from backend.identities import Identities
from backend.plan_parts import ImageFile, Steps, disk_checks
from backend.probe.phrases import UNFINISHED_LABEL
from backend.session import Session
from backend.steps.beside import MountBackup
from backend.steps.boot_entry import MakeBootEntry
from backend.steps.bootloader import InstallBootCode
from backend.steps.esp import ESP_TYPE, OWN_LOADER, InstallEfiLoader
from backend.steps.filesystem import MakeFilesystem, MountRoot
from backend.steps.kept import RemoveState, WriteJournal
from backend.steps.restore import CheckBackup, CopyBackup, FitBootFiles, VerifyRestored
from backend.steps.unbootable import EraseBootCode, RemoveEfiLoaders
from backend.steps.unfinished import NameRoot
from installer import VERSION
from installer.model.errors import DiskRefused
from installer.model.existing import BACKUP_PARTITION, ROOT_PARTITION, Backup
from installer.model.host import Disk, Firmware, Host
from installer.model.journal import Journal, JournalStep
from installer.model.plan import DiskSummary, Phase, Step
from installer.model.storage import Part
from installer.model.units import MIB

BIOS_BOOT_TYPE = "21686148-6449-6e6f-744e-656564454649"  # in a GPT (GRUB manual, BIOS installation)


@dataclass(frozen=True)
class RestoreInputs:
    """What the plan is made from: the disk whose backup is put back, and what is there on it.

    `own_firmware` says that the machine this runs on is the one being restored, so that its firmware may be told.
    """

    host: Host
    disk: Disk
    backup: Backup
    identities: Identities
    images: tuple[ImageFile, ...] = ()
    own_firmware: bool = False

    @property
    def root(self) -> str:
        """The partition that is overwritten."""
        return f"{self.disk.name}:{ROOT_PARTITION}"

    @property
    def source(self) -> str:
        """The partition with the backup."""
        return f"{self.disk.name}:{BACKUP_PARTITION}"

    @property
    def root_label(self) -> str:
        """The label of the new file system: what the backup's own files call it, if they do."""
        return self.backup.root_label or self.identities.root_label


def make_restore_plan(inputs: RestoreInputs) -> InstallPlan:
    """Return the plan that puts a backup back.

    Raises DiskRefused when the disk has not the partitions for it, or the machine could not start from it.
    """
    root, esp = _part(inputs, ROOT_PARTITION), _boot_partition(inputs)
    disk, host = inputs.disk, inputs.host
    whole = (
        f"The control domain on {disk.name} is as it was, and boots if it did before; on {inputs.source} only a note "
        "that a restore was begun is written."
    )
    unsure = (
        f"{disk.name} may not boot any more: what starts it was being removed. Its control domain is as it was, and "
        f"the backup on {inputs.source} is whole. Run the restore again to bring it to its end."
    )
    broken = (
        f"{disk.name} does not boot: its control domain is being replaced by the backup on {inputs.source}, which is "
        "whole. Run the restore again to bring it to its end. Guest storage is untouched."
    )
    journal = Journal(
        JournalStep.RESTORING,
        new=inputs.backup.title,
        installer_version=VERSION,
        written_at=inputs.identities.installed_at,
        backup=True,
    )
    checked = (MountBackup(inputs.source), CheckBackup(inputs.source, root.size_bytes, host.firmware))
    loader = (
        FitBootFiles(inputs.root_label, host.firmware),
        NameRoot(inputs.root, inputs.root_label),
        *_boot_loader(inputs, esp),
    )
    phases = (
        Phase("last checks", disk_checks(inputs.images, (disk,), keeps_partitions=True), destructive=False),
        Phase("backup", (*checked, WriteJournal(journal)), state=whole),
        Phase("boot code", (_unboot(inputs, esp),), state=unsure),
        Phase("disk", _emptied(inputs), state=broken),
        Phase("control domain", (CopyBackup(inputs.source), VerifyRestored(inputs.source)), state=broken),
        Phase("boot loader", loader, state=broken),
        Phase("journal", (RemoveState(),), bootable=True),
    )
    return InstallPlan(phases=phases, disks=(_summary(inputs),), packages=(), notes=_notes(inputs))


def _part(inputs: RestoreInputs, number: int) -> Part:
    found = next((part for part in inputs.disk.parts if part.number == number), None)
    if found is None:
        raise DiskRefused(f"the disk {inputs.disk.label()} has no partition {number}")
    return found


def _boot_partition(inputs: RestoreInputs) -> Part | None:
    """Return the ESP of a UEFI machine; raises DiskRefused when the machine cannot start from the disk."""
    disk, host = inputs.disk, inputs.host
    _part(inputs, BACKUP_PARTITION)
    types = {part.type.lower(): part for part in disk.parts if part.number}
    if host.firmware is Firmware.UEFI:
        if ESP_TYPE not in types:
            what = f"the disk {disk.label()} has no EFI system partition, and this machine was started by UEFI"
            raise DiskRefused(what, hint="start the machine by its BIOS (legacy boot, CSM) and restore it then")
        if host.secure_boot:
            what = "Secure Boot is on, and the boot loader that a restore makes is not signed for it"
            raise DiskRefused(what, hint="switch Secure Boot off in the firmware's settings")
        return types[ESP_TYPE]
    if disk.table == "gpt" and BIOS_BOOT_TYPE not in types:
        what = f"the disk {disk.label()} has a GPT without a BIOS boot partition, and this machine was started by BIOS"
        raise DiskRefused(what, hint="start the machine by UEFI and restore it then")
    return None


def _unboot(inputs: RestoreInputs, esp: Part | None) -> Step[Session]:
    name = inputs.disk.name
    return RemoveEfiLoaders(f"{name}:{esp.number}") if esp else EraseBootCode(name)


def _emptied(inputs: RestoreInputs) -> Steps:
    return (MakeFilesystem(inputs.root, UNFINISHED_LABEL, inputs.identities.root_uuid), MountRoot(inputs.root))


def _boot_loader(inputs: RestoreInputs, esp: Part | None) -> Steps:
    name, label = inputs.disk.name, inputs.root_label
    if esp is None:
        return (InstallBootCode(name, label),)
    loader = InstallEfiLoader(f"{name}:{esp.number}", label)
    is_image = any(image.disk == name for image in inputs.images)
    if is_image or not inputs.own_firmware:
        return (loader,)
    return (loader, MakeBootEntry(name, esp.number, "", OWN_LOADER))


def _summary(inputs: RestoreInputs) -> DiskSummary:
    disk = inputs.disk
    fate = {
        ROOT_PARTITION: f"control domain, ext3, label {inputs.root_label}, boots: overwritten by the backup",
        BACKUP_PARTITION: f"backup, {inputs.backup.title}: stays as it is",
    }
    after = tuple(
        f"{part.number}  {part.start_bytes // MIB:>6} MiB  {part.size_bytes // MIB:>8} MiB  "
        f"{fate.get(part.number, 'boot loader replaced' if part.type.lower() == ESP_TYPE else 'kept as it is')}"
        for part in disk.parts
        if part.number
    )
    return DiskSummary(f"disk {disk.label()}", (disk.contents or "unknown contents",), after)


def _notes(inputs: RestoreInputs) -> tuple[str, ...]:
    backup = inputs.backup
    of = f" of the host {backup.hostname}" if backup.hostname else ""
    when = f", made {backup.made_at}" if backup.made_at else ""
    return (
        f"{inputs.root} is overwritten by the backup {backup.title}{of} on {inputs.source}{when} ({backup.maker})",
        "what was changed on the host since that backup is lost; guest storage is not touched",
        "the records of virtual machines are those of the backup: xe pool-restore-database brings later ones back",
    )
