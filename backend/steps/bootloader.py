"""The boot loader GRUB 2: its menu and modules on the root file system, then its code on the disk, last of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.dom0_memory import SETTINGS_FILE, parse_settings
from backend.grub import BIOS, PLATFORMS, SMALL_MODULES, BootFiles, early_config, menu, small_config
from backend.session import Session
from backend.system import System
from installer.model.errors import CommandFailed, DeviceError
from installer.model.host import Firmware, SerialConsole
from installer.model.plan import Step

GRUB_SETUP = f"{BIOS.directory}/grub-bios-setup"
GRUB_DIRECTORY = "/boot/grub"
GRUB_MODULES = f"{GRUB_DIRECTORY}/{BIOS.name}"


def read_boot_files(system: System) -> BootFiles:
    """Return hypervisor, kernel and initrd that the packages brought.

    Raises DeviceError when one is missing or it is not clear which kernel is meant.
    """
    names = system.names("/boot")
    kernels = [name for name in names if name.startswith("vmlinuz-")]
    xens = (
        ["xen.gz"]
        if "xen.gz" in names
        else [name for name in names if name.startswith("xen-") and name.endswith(".gz")]
    )
    if len(kernels) != 1 or len(xens) != 1:
        raise DeviceError(
            f"/boot has {len(kernels)} kernels and {len(xens)} hypervisors of the packages; one of each is needed",
            hint="does the repository hold all packages of the base pack? `installer repo show` lists them",
        )
    release = kernels[0].removeprefix("vmlinuz-")
    initrd = next((name for name in (f"initrd.img-{release}", f"initrd-{release}.img") if name in names), None)
    if initrd is None:
        raise DeviceError(f"the packages brought the kernel {kernels[0]} without its initrd into /boot")
    return BootFiles(xens[0], kernels[0], initrd)


@dataclass(frozen=True)
class WriteBootMenu(Step[Session]):
    """Put GRUB's modules and menu on the root file system.

    Only the unpacked target tells the kernel's version and the bounds of dom0's memory: both are read here.
    """

    root_label: str
    memory_bytes: int
    serial: SerialConsole | None
    firmware: Firmware = Firmware.BIOS

    @property
    def title(self) -> str:
        return f"write the boot menu {GRUB_DIRECTORY}/grub.cfg"

    def run(self, session: Session) -> None:
        system = session.system
        rule = parse_settings(system.read_text(SETTINGS_FILE) if system.exists(SETTINGS_FILE) else "")
        text = menu(read_boot_files(system), self.root_label, rule.megabytes(self.memory_bytes), self.serial)
        platform = PLATFORMS[self.firmware]
        system.import_files(system.host_files(platform.directory, ".mod", ".lst"), f"{GRUB_DIRECTORY}/{platform.name}")
        system.write_text(f"{GRUB_DIRECTORY}/grub.cfg", text)

    def describe(self) -> tuple[str, ...]:
        default = f"serial on ttyS{self.serial.port} at {self.serial.speed}" if self.serial else "VGA"
        return (f"{self.title}: entries product, serial, safe mode; default {default}",)


NO_ROOM = "won't fit"  # grub-bios-setup of a core image that is larger than the gap before partition 1


@dataclass(frozen=True)
class InstallBootCode(Step[Session]):
    """Write GRUB's boot code to the disk: from here on it boots.

    fdisk of 2007 left 62 sectors before partition 1, too few for a core image that needs no file; there a small one
    takes the rest from beside the menu.
    """

    needs: ClassVar[tuple[str, ...]] = ("grub-mkimage", GRUB_SETUP)
    disk: str
    root_label: str

    @property
    def title(self) -> str:
        return f"install the boot loader on {self.disk}"

    def run(self, session: Session) -> None:
        session.system.sync()  # all that boots is on the disk before the code that boots it
        try:
            self._install(session, BIOS.modules, early_config(self.root_label))
        except CommandFailed as error:
            if not any(NO_ROOM in line for line in error.output):
                raise
            self._install(session, SMALL_MODULES, small_config(self.root_label))
        session.system.sync(session.device(self.disk))

    def _install(self, session: Session, modules: tuple[str, ...], first: str) -> None:
        system, device = session.system, session.device(self.disk)
        with (
            system.scratch_directory() as directory,
            system.scratch_file("early.cfg", first) as config,
            system.scratch_file("device.map", f"(hd0) {device}\n") as device_map,
        ):
            image = f"{directory}/core.img"
            options = (f"--format={BIOS.name}", f"--output={image}", f"--config={config}", f"--prefix={GRUB_DIRECTORY}")
            system.run(("grub-mkimage", *options, *modules))
            system.import_files((image, f"{BIOS.directory}/boot.img"), GRUB_MODULES)
            # its directory must lie on the disk: from there it finds the disk's name in the device map
            own = f"--directory={system.target_path(GRUB_MODULES)}"
            system.run((GRUB_SETUP, own, f"--device-map={device_map}", "--skip-fs-probe", device))
