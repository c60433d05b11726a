"""The plan of an installation over an existing host: its control domain is replaced, all else of it is kept (R54, R58).

What is kept goes to the backup partition first and comes from there: whenever the run ends, either the old host boots,
or all that a later run needs is there (docs/decisions/0037).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend.execute import InstallPlan
from backend.package_plan import package_lines, package_steps
from backend.plan_parts import (
    Inputs,
    Steps,
    answerfile_steps,
    boot_loader,
    boot_menu,
    check_steps,
    chosen_disks,
    clock_steps,
    driver_notes,
    file_steps,
    first_scripts,
    scripts,
    target_path,
)
from backend.session import Session
from backend.steps.backup import CheckOldHost, MakeBackup, VerifyBackup
from backend.steps.beside import MakeBackupFilesystem, MountBackup, MountOldHost, UnmountOldHost
from backend.steps.esp import ESP_TYPE
from backend.steps.kept import CarryFiles, RemoveState, SaveKeptFiles, SetKeptRootPassword, WriteJournal
from backend.steps.kept_guests import kept_guests_file
from backend.steps.logs import CopyLog
from backend.steps.password import SetRootPassword
from backend.steps.storage import VG_PREFIX
from backend.steps.unbootable import EraseBootCode, RemoveEfiLoaders
from backend.steps.unfinished import begin, finish, make_root
from backend.table import Partition, PartitionUse
from installer import VERSION
from installer.model.answers import Kept
from installer.model.errors import DiskRefused
from installer.model.existing import BACKUP_PARTITION, NO_ISCSI_NAME, ROOT_PARTITION, InstalledHost
from installer.model.firmware_of_table import BIOS_BOOT
from installer.model.host import Disk, Firmware
from installer.model.journal import Journal, JournalStep
from installer.model.plan import DiskSummary, Phase, Step
from installer.model.units import MIB
from installer.model.wishes import Stage

EXT = ("ext2", "ext3", "ext4")


def make_reinstall_plan(inputs: Inputs, installed: InstalledHost) -> InstallPlan:
    """Return the plan that replaces the control domain of a host.

    One that was broken off while the control domain was being replaced goes on from what was kept then. Raises
    DiskRefused when a UEFI machine's disk has no ESP.
    """
    disk, last = chosen_disks(inputs)[0], Stage.INSTALLATION_COMPLETE
    esp, storage = _esp(inputs, disk), _storage(inputs, installed)
    # also while a backup was being restored: only `kept` says that partition 1 is whole
    gone = installed.unfinished and installed.step != JournalStep.KEPT
    whole = f"The host {installed.title} on {disk.name} is as it was, and boots; only its backup partition was written."
    broken = (
        f"{disk.name} does not boot: its control domain is being replaced. Guest storage is untouched, and what the "
        f"host keeps is on {disk.name}:{BACKUP_PARTITION}: start the same installation again to bring it to its end."
    )
    unsure = (
        f"{disk.name} may not boot any more: what starts it was being removed. The host {installed.title} is as it "
        "was, and what it keeps is on the backup partition: start the same installation again to bring it to its end."
    )
    phases = (
        Phase("last checks", check_steps(inputs, (disk,)), destructive=False),
        Phase(Stage.INSTALLATION_START.script, first_scripts(inputs, (disk,)), destructive=False),
        Phase("old host", _keep(inputs, installed, disk, gone=gone), state=broken if gone else whole),
        Phase("backup", () if gone else _backup(inputs, disk), state=whole),
        Phase("point of no return", () if gone else _leave(inputs, installed, disk), state=whole),
        Phase("boot code", (_unboot(disk, esp),), state=broken if gone else unsure),
        Phase("disks", _replace(inputs, disk), state=broken),
        Phase("packages", package_steps(inputs.repositories, inputs.answers.skipped_packages), state=broken),
        Phase("files", _files(inputs, installed, storage), state=broken),
        Phase("boot menu", boot_menu(inputs), state=broken),
        Phase(Stage.FILESYSTEM_POPULATED.script, scripts(inputs, Stage.FILESYSTEM_POPULATED), state=broken),
        Phase("clock", clock_steps(inputs.answers.clock), state=broken),
        Phase("boot loader", _boot_loader(inputs, disk, esp), state=broken),
        Phase("what was kept", (RemoveState(),), bootable=True),
        Phase(last.script, scripts(inputs, last), bootable=True),
        Phase("log", (CopyLog(),), bootable=True),
    )
    return InstallPlan(
        phases=tuple(phase for phase in phases if phase.steps),
        disks=(_summary(inputs, installed, disk, storage, gone=gone),),
        packages=package_lines(inputs.repositories, inputs.answers.skipped_packages),
        notes=(*_notes(inputs, installed), *driver_notes(inputs)),
        after_failure=scripts(inputs, Stage.INSTALL_FAILED),
    )


def _esp(inputs: Inputs, disk: Disk) -> Partition | None:
    if inputs.host.firmware is not Firmware.UEFI:
        if disk.table == "gpt" and all(part.type.lower() != BIOS_BOOT for part in disk.parts):
            what = f"{disk.label()} has a GPT without a BIOS boot partition, and this machine was started by BIOS"
            raise DiskRefused(what, hint="start the machine by UEFI, if the disk is started so")
        return None
    found = next((part for part in disk.parts if part.type.lower() == ESP_TYPE), None)
    if found is None:
        raise DiskRefused(f"{disk.label()} has no EFI system partition", hint="only a clean installation makes one")
    return Partition(found.number, PartitionUse.ESP, found.start_bytes, found.size_bytes)


def _storage(inputs: Inputs, installed: InstalledHost) -> tuple[str, ...]:
    """Return the devices of the guest storage that is kept, by their names in plans where they are known."""
    if installed.storage is None:
        return ()
    names = [f"{prefix}{installed.storage.sr_uuid}" for prefix in (VG_PREFIX, "XSLocalEXT-")]
    found = next((group.places for group in inputs.host.groups() if group.name in names), ())
    devices = installed.storage.devices
    return found if len(found) >= len(devices) else devices  # a member that is not there now stays one


def _journal(inputs: Inputs, installed: InstalledHost, step: JournalStep) -> WriteJournal:
    existing, main = inputs.answers.existing, inputs.repositories[0]
    return WriteJournal(
        Journal(
            step=step,
            old=installed.title,
            new=f"{main.product} {main.version}",
            installer_version=VERSION,
            written_at=inputs.identities.installed_at,
            backup=existing is not None and existing.backup,
            ssh=installed.settings.ssh,
            clock_by_hand=installed.settings.clock_by_hand,
            timezone=installed.settings.timezone or "",
        )
    )


def _wants_backup(inputs: Inputs) -> bool:
    return inputs.answers.existing is not None and inputs.answers.existing.backup


def _keep(inputs: Inputs, installed: InstalledHost, disk: Disk, *, gone: bool) -> Steps:
    """Return what copies the old host's files to the backup partition, unless a run before this one has done so."""
    partition = f"{disk.name}:{BACKUP_PARTITION}"
    mount = MountBackup(partition)
    if gone:
        return (mount,)
    old = MountOldHost(f"{disk.name}:{ROOT_PARTITION}")
    part = next((part for part in disk.parts if part.number == BACKUP_PARTITION), None)
    usable = part is not None and any(signature.type in EXT for signature in part.signatures)
    # a backup gets a new one: that of an older host may hold times to the second only, and would differ
    usable = usable and not _wants_backup(inputs)
    make: Steps = () if usable else (MakeBackupFilesystem(partition, inputs.identities.backup_uuid),)
    if part and _wants_backup(inputs):
        make = (old, CheckOldHost(partition, part.size_bytes), UnmountOldHost(old.partition), *make)
    return (*make, mount, old, SaveKeptFiles(), _journal(inputs, installed, JournalStep.KEPT))


def _backup(inputs: Inputs, disk: Disk) -> Steps:
    partition = f"{disk.name}:{BACKUP_PARTITION}"
    return (MakeBackup(partition), VerifyBackup(partition)) if _wants_backup(inputs) else ()


def _leave(inputs: Inputs, installed: InstalledHost, disk: Disk) -> Steps:
    """Return what says that the old host is given up from here on, and lets go of it."""
    return (_journal(inputs, installed, JournalStep.REPLACING), UnmountOldHost(f"{disk.name}:{ROOT_PARTITION}"))


def _unboot(disk: Disk, esp: Partition | None) -> Step[Session]:
    return EraseBootCode(disk.name) if esp is None else RemoveEfiLoaders(f"{disk.name}:{esp.number}")


def _replace(inputs: Inputs, disk: Disk) -> Steps:
    return (make_root(disk.name, inputs.identities), *begin(disk.name, inputs.identities))


def _boot_loader(inputs: Inputs, disk: Disk, esp: Partition | None) -> Steps:
    return finish(disk.name, inputs.identities, boot_loader(inputs, disk, esp))


def _files(inputs: Inputs, installed: InstalledHost, storage: tuple[str, ...]) -> Steps:
    kept = Kept.PASSWORD in inputs.answers.kept
    password: Step[Session] = SetKeptRootPassword() if kept else SetRootPassword(inputs.answers.root_password)
    configured = file_steps(inputs, storage, password)
    return (CarryFiles(), *configured, *kept_guests_file(installed), *answerfile_steps(inputs))


def _summary(
    inputs: Inputs, installed: InstalledHost, disk: Disk, storage: tuple[str, ...], *, gone: bool
) -> DiskSummary:
    label = inputs.identities.root_label
    fate = {
        ROOT_PARTITION: f"control domain, ext3, label {label}, boots: replaced",
        BACKUP_PARTITION: "backup of the control domain: kept as it is",
    }
    if _wants_backup(inputs) and not gone:
        fate[BACKUP_PARTITION] = "backup of the control domain that is there now: replaced"
    before, after = [disk.contents or "unknown contents"], []
    for part in disk.parts:
        if not part.number:
            continue
        text = fate.get(part.number, "kept as it is")
        if part.name(disk.name) in storage:
            text = "guest storage: kept bit by bit"
        elif part.type.lower() == ESP_TYPE:
            text = "EFI system partition: the boot loader on it is replaced"
        after.append(f"{part.number}  {part.start_bytes // MIB:>6} MiB  {part.size_bytes // MIB:>8} MiB  {text}")
    return DiskSummary(f"disk {disk.label()}", tuple(before), tuple(after))


def _notes(inputs: Inputs, installed: InstalledHost) -> Iterator[str]:
    """Yield what a person should know who keeps a host."""
    yield "programs and files that were added to the control domain are not kept"
    yield "Windows virtual machines need their drivers installed again (Install Tools)"
    if not installed.iqn:
        yield NO_ISCSI_NAME
    places = ", ".join(target_path(inputs, name) for name in _storage(inputs, installed))
    yield f"guest storage on {places} is kept" if places else "the host has no local guest storage"
