"""What the plans of all modes are made from, and the phases that they share. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.device_names import disk_path, partition_path
from backend.identities import Identities
from backend.session import Session
from backend.steps.access import access_files
from backend.steps.answerfile import WriteAnswerfile
from backend.steps.boot_entry import MakeBootEntry
from backend.steps.bootloader import InstallBootCode, WriteBootMenu
from backend.steps.esp import OWN_LOADER, SIGNED_LOADER, CopySignedLoader, InstallEfiLoader
from backend.steps.filesystem import MakeSwapFile
from backend.steps.fstab import fstab_file
from backend.steps.inventory import WriteInventory
from backend.steps.keyboard import keyboard_file
from backend.steps.network import management_bridge, network_files
from backend.steps.partition import AttachImage, CheckDisk, DetachLeftBehind, FindPartitions
from backend.steps.scripts import RunScript
from backend.steps.stale import stop_steps
from backend.steps.time import AskTime, time_files
from backend.table import Partition
from installer import VERSION
from installer.model.answers import Answers, Clock, Protocol
from installer.model.check_boot import signed_loader
from installer.model.existing import InstalledHost
from installer.model.host import Disk, Host
from installer.model.plan import Step
from installer.model.secret import Secret
from installer.model.source import Repository
from installer.model.wishes import Stage, TimeMethod

Steps = tuple[Step[Session], ...]
DRIVERS_NOT_LOADED = "not loaded here, which only the booted installation image does"


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
    `driver_disks` are those of the repositories that came as driver disks, `drivers_loaded` says whether they run here.
    `installed` is the host that is installed over, in the modes that keep its virtual machines.
    """

    answers: Answers
    host: Host
    repositories: tuple[Repository, ...]
    identities: Identities
    images: tuple[ImageFile, ...] = ()
    scripts: tuple[ScriptFile, ...] = ()
    answerfile: Secret | None = None
    own_firmware: bool = False
    installed: InstalledHost | None = None
    driver_disks: tuple[Repository, ...] = ()
    drivers_loaded: bool = False


def chosen_disks(inputs: Inputs) -> tuple[Disk, ...]:
    """Return the disks that the answers choose, each once."""
    found = (inputs.host.disk(name) for name in inputs.answers.disks.all)
    return tuple(dict.fromkeys(disk for disk in found if disk is not None))


def check_steps(inputs: Inputs, disks: tuple[Disk, ...]) -> Steps:
    """Return what makes sure of the disks before anything is changed."""
    return disk_checks(inputs.images, disks, keeps_partitions=inputs.installed is not None)


def disk_checks(images: tuple[ImageFile, ...], disks: tuple[Disk, ...], *, keeps_partitions: bool) -> Steps:
    """Return the same for disks of which some are image files; those whose partitions are kept are looked through."""
    detach = tuple(DetachLeftBehind(im.left_on, im.path) for im in images if im.left_on)
    attach = tuple(AttachImage(im.disk, im.path, im.create_bytes, im.sector_bytes) for im in images)
    find = tuple(FindPartitions(im.disk) for im in images) if keeps_partitions else ()
    return (*detach, *attach, *find, *stop_steps(disks), *(CheckDisk(disk.name) for disk in disks))


def file_steps(inputs: Inputs, storage: tuple[str, ...], password: Step[Session]) -> Steps:
    """Return what configures the host; `password` is the step that sets that of root, `storage` the guest storage."""
    answers, identities = inputs.answers, inputs.identities
    return (
        *network_files(answers, inputs.host, identities.hostname),
        keyboard_file(answers.keymap),
        *time_files(answers.clock, by_dhcp=answers.interface.protocol is Protocol.DHCP),
        fstab_file(identities.root_label),
        MakeSwapFile(identities.swap_uuid),
        password,
        *access_files(answers.access, beside=answers.preserves),
        WriteInventory(inventory(inputs, storage)),
    )


def answerfile_steps(inputs: Inputs) -> Steps:
    """Return what keeps the answers on the host."""
    return (WriteAnswerfile(inputs.answerfile),) if inputs.answerfile else ()


def boot_menu(inputs: Inputs) -> Steps:
    """Return what writes the boot menu."""
    host = inputs.host
    return (WriteBootMenu(inputs.identities.root_label, host.memory_bytes, host.console, host.firmware),)


def boot_loader(inputs: Inputs, primary: Disk, esp: Partition | None) -> Steps:
    """Return what makes the disk boot; the firmware is told last, and only the own one, of a disk that is its own."""
    label = inputs.identities.root_label
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


def first_scripts(inputs: Inputs, disks: tuple[Disk, ...]) -> Steps:
    """Return the scripts before the first change; the disks are compared once more, as these may take their time."""
    wanted = scripts(inputs, Stage.INSTALLATION_START)
    return (*wanted, *(CheckDisk(disk.name) for disk in disks)) if wanted else ()


def scripts(inputs: Inputs, stage: Stage) -> Steps:
    """Return the scripts of a stage, in their order."""
    wanted = (script for script in inputs.scripts if script.stage is stage)
    return tuple(RunScript(stage, script.source, script.content, script.abort) for script in wanted)


def clock_steps(clock: Clock) -> Steps:
    """Return the question for the time, which comes as late as it may: who is asked waits for the rest anyway."""
    return (AskTime(clock.timezone),) if clock.method is TimeMethod.MANUAL else ()


def target_path(inputs: Inputs, name: str) -> str:
    """Return a device as the installed host will name it."""
    if name.startswith("/dev/"):
        return name
    disk_name, mark, number = name.partition(":")
    disk = inputs.host.disk(disk_name)
    if disk is None:
        return f"/dev/{disk_name.removeprefix('/dev/')}{number}"
    return partition_path(disk, int(number)) if mark else disk_path(disk)


def inventory(inputs: Inputs, storage: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the entries of the inventory; the names of guest storage are those of the plan."""
    identities, primary = inputs.identities, chosen_disks(inputs)[0].name
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
        ("PRIMARY_DISK", target_path(inputs, primary)),
        ("BACKUP_PARTITION", target_path(inputs, f"{primary}:2")),
        ("MANAGEMENT_INTERFACE", management),
        ("DEFAULT_SR_PHYSDEVS", " ".join(target_path(inputs, name) for name in storage)),
    )
    kind = inputs.answers.storage_type
    return (*entries, ("DEFAULT_SR_UUID", identities.sr_uuid), ("DEFAULT_SR_TYPE", kind)) if storage else entries


def driver_notes(inputs: Inputs) -> tuple[str, ...]:
    """Return what becomes of the driver disks."""
    fate = "loaded on this machine" if inputs.drivers_loaded else DRIVERS_NOT_LOADED
    return tuple(f"driver disk {disk.id} ({disk.name}): {fate}, and installed" for disk in inputs.driver_disks)
