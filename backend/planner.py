"""make_plan(): the table of contents of an installation. Pure: answers, facts and identities in, steps out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from backend.device_names import disk_path, partition_path
from backend.execute import InstallPlan
from backend.identities import Identities
from backend.layout import primary_table
from backend.session import Session
from backend.steps.access import access_files
from backend.steps.answerfile import WriteAnswerfile
from backend.steps.boot_entry import MakeBootEntry
from backend.steps.bootloader import InstallBootCode, WriteBootMenu
from backend.steps.esp import OWN_LOADER, SIGNED_LOADER, CopySignedLoader, InstallEfiLoader, MakeEsp
from backend.steps.filesystem import MakeSwapFile
from backend.steps.fstab import fstab_file
from backend.steps.inventory import WriteInventory
from backend.steps.keyboard import keyboard_file
from backend.steps.logs import CopyLog
from backend.steps.modules import IndexModules
from backend.steps.network import management_bridge, network_files
from backend.steps.packages import install_package
from backend.steps.partition import AttachImage, CheckDisk, DetachLeftBehind, PartitionDisk, WipeDisk
from backend.steps.password import SetRootPassword
from backend.steps.scripts import RunScript
from backend.steps.stale import erase_steps, stop_steps
from backend.steps.storage import VG_PREFIX, MakeStorageFilesystem, MakeVolumeGroup, firstboot_file
from backend.steps.time import AskTime, time_files
from backend.steps.unfinished import begin, finish, make_root
from backend.table import PartitionTable, PartitionUse
from installer import VERSION
from installer.model.answers import Answers, Clock, Protocol
from installer.model.check_boot import signed_loader
from installer.model.check_storage import shared_groups
from installer.model.host import Disk, Host
from installer.model.plan import DiskSummary, Phase, Step
from installer.model.secret import Secret
from installer.model.source import PackageType, Repository
from installer.model.units import MIB, human_size
from installer.model.wishes import Stage, StorageType, TimeMethod

Steps = tuple[Step[Session], ...]
STORAGE = {StorageType.LVM: f"volume group {VG_PREFIX}", StorageType.EXT: "ext3, storage repository "}


@dataclass(frozen=True)
class ImageFile:
    """A disk-image file that stands in for a disk; `create_bytes` 0 means that it exists.

    `left_on` is the loop device that an installation which was killed left it attached to.
    """

    disk: str
    path: str
    create_bytes: int = 0
    sector_bytes: int = 512
    left_on: str = ""


@dataclass(frozen=True)
class ScriptFile:
    """A script as fetched, and when it is to be run."""

    source: str
    content: bytes = field(repr=False)
    abort: bool = False
    stage: Stage = Stage.FILESYSTEM_POPULATED


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from. The repositories are those to be installed, in order.

    `own_firmware` says that the machine this runs on is the one being installed, so that its firmware may be told.
    """

    answers: Answers
    host: Host
    repositories: tuple[Repository, ...]
    identities: Identities
    images: tuple[ImageFile, ...] = ()
    scripts: tuple[ScriptFile, ...] = ()
    answerfile: Secret | None = None
    own_firmware: bool = False


def make_plan(inputs: Inputs) -> InstallPlan:
    """Return the plan of a fresh installation.

    Raises DiskRefused when a disk cannot hold the layout; what else could be wrong was found by check_answers.
    """
    disks = _chosen_disks(inputs)
    primary = disks[0]
    storage_on_primary = inputs.answers.disks.storage_on_primary
    table = primary_table(primary, inputs.host.firmware, inputs.identities, storage=storage_on_primary)
    storage, last = _storage_devices(disks, table), Stage.INSTALLATION_COMPLETE
    phases = (
        Phase("last checks", _checks(inputs, disks), destructive=False),
        Phase(Stage.INSTALLATION_START.script, _first_scripts(inputs, disks), destructive=False),
        Phase("disks", _partitioning(inputs, disks, table, storage)),
        Phase("packages", package_steps(inputs)),
        Phase("files", _files(inputs, storage)),
        Phase("boot menu", _boot_menu(inputs)),
        Phase(Stage.FILESYSTEM_POPULATED.script, _scripts(inputs, Stage.FILESYSTEM_POPULATED)),
        Phase("clock", _clock(inputs.answers.clock)),
        Phase("boot loader", finish(primary.name, inputs.identities, _boot_loader(inputs, primary, table))),
        Phase(last.script, _scripts(inputs, last), bootable=True),
        Phase("log", (CopyLog(),), bootable=True),
    )
    return InstallPlan(
        phases=tuple(phase for phase in phases if phase.steps),
        disks=tuple(_summary(inputs, disk, table if disk is primary else None, storage) for disk in disks),
        packages=package_lines(inputs),
        notes=tuple(shared.text for shared in shared_groups(inputs.host, disks)),
        after_failure=_scripts(inputs, Stage.INSTALL_FAILED),
    )


def _chosen_disks(inputs: Inputs) -> tuple[Disk, ...]:
    found = (inputs.host.disk(name) for name in inputs.answers.disks.all)
    return tuple(dict.fromkeys(disk for disk in found if disk is not None))


def _storage_devices(disks: tuple[Disk, ...], table: PartitionTable) -> tuple[str, ...]:
    """Return the names of the guest-storage devices: the primary's third partition, further disks whole."""
    own = tuple(f"{disks[0].name}:{part.number}" for part in table.partitions if part.use is PartitionUse.STORAGE)
    return own + tuple(disk.name for disk in disks[1:])


def _checks(inputs: Inputs, disks: tuple[Disk, ...]) -> Steps:
    detach = tuple(DetachLeftBehind(im.left_on, im.path) for im in inputs.images if im.left_on)
    attach = tuple(AttachImage(im.disk, im.path, im.create_bytes, im.sector_bytes) for im in inputs.images)
    return (*detach, *attach, *stop_steps(disks), *(CheckDisk(disk.name) for disk in disks))


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


def package_steps(inputs: Inputs) -> Steps:
    """Return the tarballs in order, then single files: they need the kernel and links such as /lib -> usr/lib."""
    steps = [
        install_package(repository, package)
        for repository in inputs.repositories
        for package in repository.packages
        if package.name not in inputs.answers.skipped_packages
    ]
    steps.sort(key=lambda step: not step.package.type.is_tarball)
    drivers = any(step.package.type is PackageType.DRIVER for step in steps)
    return (*steps, *((IndexModules(),) if drivers else ()))


def _files(inputs: Inputs, storage: tuple[str, ...]) -> Steps:
    answers, identities = inputs.answers, inputs.identities
    steps: list[Step[Session]] = [
        *network_files(answers, inputs.host, identities.hostname),
        keyboard_file(answers.keymap),
        *time_files(answers.clock, by_dhcp=answers.interface.protocol is Protocol.DHCP),
        fstab_file(identities.root_label),
        MakeSwapFile(identities.swap_uuid),
        SetRootPassword(answers.root_password),
        *access_files(answers.access),
        WriteInventory(_inventory(inputs, storage)),
    ]
    if storage:
        devices = tuple(_target_path(inputs, name) for name in storage)
        steps.append(firstboot_file(identities.sr_uuid, devices, answers.storage_type))
    if inputs.answerfile:
        steps.append(WriteAnswerfile(inputs.answerfile))
    return tuple(steps)


def _boot_menu(inputs: Inputs) -> Steps:
    host = inputs.host
    return (WriteBootMenu(inputs.identities.root_label, host.memory_bytes, host.console, host.firmware),)


def _boot_loader(inputs: Inputs, primary: Disk, table: PartitionTable) -> Steps:
    """Return what makes the disk boot; the firmware is told last, and only the own one, of a disk that is its own."""
    label, esp = inputs.identities.root_label, table.partition(PartitionUse.ESP)
    if esp is None:
        return (InstallBootCode(primary.name, label),)
    partition, path = f"{primary.name}:{esp.number}", OWN_LOADER
    loader: Step[Session] = InstallEfiLoader(partition, label)
    if directory := signed_loader(inputs.repositories, inputs.answers.skipped_packages):
        loader, path = CopySignedLoader(partition, label, directory), SIGNED_LOADER
    is_image = any(image.disk == primary.name for image in inputs.images)
    if is_image or not inputs.own_firmware:
        return (loader,)
    return (loader, MakeBootEntry(primary.name, esp.number, esp.uuid, path))


def _first_scripts(inputs: Inputs, disks: tuple[Disk, ...]) -> Steps:
    """Return the scripts before the first change; the disks are compared once more, as these may take their time."""
    scripts = _scripts(inputs, Stage.INSTALLATION_START)
    return (*scripts, *(CheckDisk(disk.name) for disk in disks)) if scripts else ()


def _scripts(inputs: Inputs, stage: Stage) -> Steps:
    wanted = (script for script in inputs.scripts if script.stage is stage)
    return tuple(RunScript(stage, script.source, script.content, script.abort) for script in wanted)


def _clock(clock: Clock) -> Steps:
    """Return the question for the time, which comes as late as it may: who is asked waits for the rest anyway."""
    return (AskTime(clock.timezone),) if clock.method is TimeMethod.MANUAL else ()


def _target_path(inputs: Inputs, name: str) -> str:
    """Return a device as the installed host will name it."""
    disk_name, mark, number = name.partition(":")
    disk = inputs.host.disk(disk_name)
    if disk is None:
        return f"/dev/{disk_name.removeprefix('/dev/')}{number}"
    return partition_path(disk, int(number)) if mark else disk_path(disk)


def _inventory(inputs: Inputs, storage: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    identities, primary = inputs.identities, _chosen_disks(inputs)[0].name
    main = inputs.repositories[0]
    version, _, build = main.version.partition("-")
    management = management_bridge(inputs.answers, inputs.host)
    entries = (
        ("PRODUCT_BRAND", main.product),
        ("PRODUCT_NAME", "xenenterprise"),
        ("PRODUCT_VERSION", version),
        ("BUILD_NUMBER", build),
        ("INSTALLER_VERSION", VERSION),
        ("INSTALLATION_DATE", identities.installed_at),
        ("INSTALLATION_UUID", identities.installation_uuid),
        ("CONTROL_DOMAIN_UUID", identities.control_domain_uuid),
        ("PRIMARY_DISK", _target_path(inputs, primary)),
        ("BACKUP_PARTITION", _target_path(inputs, f"{primary}:2")),
        ("MANAGEMENT_INTERFACE", management),
        ("DEFAULT_SR_PHYSDEVS", " ".join(_target_path(inputs, name) for name in storage)),
    )
    kind = inputs.answers.storage_type
    return (*entries, ("DEFAULT_SR_UUID", identities.sr_uuid), ("DEFAULT_SR_TYPE", kind)) if storage else entries


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


def package_lines(inputs: Inputs) -> tuple[str, ...]:
    """Return what is installed from where, as lines for people."""
    lines: list[str] = []
    for repository in inputs.repositories:
        origin = f"{repository.id}, {repository.product} {repository.version}"
        lines.append(f"packages from {repository.location.shown()} ({origin}): {repository.name}")
        for package in repository.packages:
            skipped = package.name in inputs.answers.skipped_packages
            fate = "left out" if skipped else f"to {package.destination}"
            lines.append(f"  {package.name}  {human_size(package.size_bytes)}  {fate}")
    return tuple(lines)
