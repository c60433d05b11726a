"""make_plan(): the table of contents of an installation. Pure: answers, facts and identities in, steps out."""

from __future__ import annotations

from dataclasses import replace

from backend.execute import InstallPlan
from backend.layout import primary_table
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
from backend.reinstall_plan import make_reinstall_plan
from backend.session import Session
from backend.steps.esp import MakeEsp
from backend.steps.logs import CopyLog
from backend.steps.partition import PartitionDisk, WipeDisk
from backend.steps.password import SetRootPassword
from backend.steps.stale import erase_steps
from backend.steps.storage import VG_PREFIX, MakeStorageFilesystem, MakeVolumeGroup, firstboot_file
from backend.steps.unfinished import begin, finish, make_root
from backend.table import PartitionTable, PartitionUse
from installer.model.check_storage import shared_groups
from installer.model.errors import AnswersError
from installer.model.host import Disk
from installer.model.plan import DiskSummary, Phase, Step
from installer.model.units import MIB
from installer.model.wishes import Stage, StorageType

STORAGE = {StorageType.LVM: f"volume group {VG_PREFIX}", StorageType.EXT: "ext3, storage repository "}


def make_plan(inputs: Inputs) -> InstallPlan:
    """Return the plan of a fresh installation, or of one over the host that is there.

    Raises DiskRefused when a disk cannot hold the layout, AnswersError when a host is to be kept and none is there;
    what else could be wrong was found by check_answers.
    """
    if inputs.installed is not None:
        return make_reinstall_plan(inputs, inputs.installed)
    if inputs.answers.preserves:
        raise AnswersError((f"the mode {inputs.answers.mode} keeps a host, but there is none to be kept",))
    disks = chosen_disks(inputs)
    primary = disks[0]
    storage_on_primary = inputs.answers.disks.storage_on_primary
    table = primary_table(primary, inputs.host.firmware, inputs.identities, storage=storage_on_primary)
    storage, last = _storage_devices(disks, table), Stage.INSTALLATION_COMPLETE
    phases = (
        Phase("last checks", check_steps(inputs, disks), destructive=False),
        Phase(Stage.INSTALLATION_START.script, first_scripts(inputs, disks), destructive=False),
        Phase("disks", _partitioning(inputs, disks, table, storage)),
        Phase("packages", package_steps(inputs.repositories, inputs.answers.skipped_packages)),
        Phase("files", _files(inputs, storage)),
        Phase("boot menu", boot_menu(inputs)),
        Phase(Stage.FILESYSTEM_POPULATED.script, scripts(inputs, Stage.FILESYSTEM_POPULATED)),
        Phase("clock", clock_steps(inputs.answers.clock)),
        Phase("boot loader", _boot_loader(inputs, primary, table)),
        Phase(last.script, scripts(inputs, last), bootable=True),
        Phase("log", (CopyLog(),), bootable=True),
    )
    return InstallPlan(
        phases=tuple(phase for phase in phases if phase.steps),
        disks=tuple(_summary(inputs, disk, table if disk is primary else None, storage) for disk in disks),
        packages=package_lines(inputs.repositories, inputs.answers.skipped_packages),
        notes=(*(shared.text for shared in shared_groups(inputs.host, disks)), *driver_notes(inputs)),
        after_failure=scripts(inputs, Stage.INSTALL_FAILED),
    )


def _boot_loader(inputs: Inputs, primary: Disk, table: PartitionTable) -> Steps:
    return finish(primary.name, inputs.identities, boot_loader(inputs, primary, table.partition(PartitionUse.ESP)))


def _files(inputs: Inputs, storage: tuple[str, ...]) -> Steps:
    password = SetRootPassword(inputs.answers.root_password)
    return (*file_steps(inputs, storage, password), *_firstboot(inputs, storage), *answerfile_steps(inputs))


def _storage_devices(disks: tuple[Disk, ...], table: PartitionTable) -> tuple[str, ...]:
    """Return the names of the guest-storage devices: the primary's third partition, further disks whole."""
    own = tuple(f"{disks[0].name}:{part.number}" for part in table.partitions if part.use is PartitionUse.STORAGE)
    return own + tuple(disk.name for disk in disks[1:])


def _partitioning(inputs: Inputs, disks: tuple[Disk, ...], table: PartitionTable, storage: tuple[str, ...]) -> Steps:
    primary, identities = disks[0].name, inputs.identities
    starts = tuple(part.start_bytes for part in table.partitions)
    steps: list[Step[Session]] = [*erase_steps(disks)]
    steps += [WipeDisk(disk.name, starts if disk is disks[0] else ()) for disk in disks]
    steps.append(PartitionDisk(primary, _as_written(table, inputs.answers.storage_type)))
    steps.append(make_root(primary, identities))
    if esp := table.partition(PartitionUse.ESP):
        steps.append(MakeEsp(f"{primary}:{esp.number}", identities.gpt.esp_volume_id))
    if storage:
        steps.append(_storage(inputs, disks, table, storage))
    return (*steps, *begin(primary, identities))


def _as_written(table: PartitionTable, storage: StorageType) -> PartitionTable:
    """Return the table with the type of its storage partition as other systems are to see it."""
    uses = {PartitionUse.STORAGE: PartitionUse.STORAGE_EXT} if storage is StorageType.EXT else {}
    parts = tuple(replace(part, use=uses.get(part.use, part.use)) for part in table.partitions)
    return replace(table, partitions=parts)


def _storage(inputs: Inputs, disks: tuple[Disk, ...], table: PartitionTable, storage: tuple[str, ...]) -> Step[Session]:
    identities = inputs.identities
    if inputs.answers.storage_type is StorageType.LVM:
        return MakeVolumeGroup(identities.sr_uuid, storage, identities.pv_uuids[: len(storage)])
    (device,) = storage  # check_answers refuses several
    own = next((part.size_bytes for part in table.partitions if part.use is PartitionUse.STORAGE), 0)
    return MakeStorageFilesystem(identities.sr_uuid, device, own or disks[-1].size_bytes)


def _firstboot(inputs: Inputs, storage: tuple[str, ...]) -> Steps:
    """Return what tells the first boot of the storage repository."""
    if not storage:
        return ()
    devices = tuple(target_path(inputs, name) for name in storage)
    return (firstboot_file(inputs.identities.sr_uuid, devices, inputs.answers.storage_type),)


def _summary(inputs: Inputs, disk: Disk, table: PartitionTable | None, storage: tuple[str, ...]) -> DiskSummary:
    label = inputs.identities.root_label
    uses = {
        PartitionUse.ROOT: f"control domain, ext3, label {label}, boots",
        PartitionUse.BACKUP: "backup of the control domain, empty",
        PartitionUse.ESP: "EFI system partition, FAT32, boots",
        PartitionUse.BIOS_BOOT: "the BIOS boot loader's own space",
        PartitionUse.STORAGE: f"guest storage, {STORAGE[inputs.answers.storage_type]}{inputs.identities.sr_uuid}",
    }
    if table is None:
        after: tuple[str, ...] = (f"whole disk  {uses[PartitionUse.STORAGE]}",)
    else:
        after = tuple(
            f"{part.number}  {part.start_bytes // MIB:>6} MiB  {part.size_bytes // MIB:>8} MiB  {uses[part.use]}"
            for part in table.partitions
        )
    if table is not None and not storage:
        after = (*after, "no guest storage: the rest of the disk stays unused")
    return DiskSummary(f"disk {disk.label()}", (disk.contents or "unknown contents",), after)
