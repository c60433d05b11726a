"""The ESP, from which UEFI starts: its file system, and GRUB in it. No step mounts it: mtools fill it on any target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.grub import EFI, early_config
from backend.session import Session
from backend.system import System
from installer.model.errors import DeviceError
from installer.model.plan import Step

VOLUME_NAME = "ESP"
OWN_DIRECTORY = "/EFI/xenserver"
OWN_LOADER = f"{OWN_DIRECTORY}/grubx64.efi"
ESP_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"  # in a GPT (UEFI specification, table 5.7)
SIGNED_NAME = "BOOTX64.EFI"
SIGNED_LOADER = f"{OWN_DIRECTORY}/{SIGNED_NAME}"
REMOVABLE_DIRECTORY = "/EFI/BOOT"
REMOVABLE_LOADER = f"{REMOVABLE_DIRECTORY}/BOOTX64.EFI"  # UEFI 2.10, 3.5.1.1: what is started without a boot entry
MENU_FINDER = f"{OWN_DIRECTORY}/grub.cfg"


@dataclass(frozen=True)
class MakeEsp(Step[Session]):
    """Make the FAT32 file system of the ESP; `volume_id` has eight hexadecimal digits."""

    needs: ClassVar[tuple[str, ...]] = ("mkfs.vfat",)
    partition: str
    volume_id: str

    @property
    def title(self) -> str:
        return f"make a FAT32 file system for the EFI loader on {self.partition}"

    def run(self, session: Session) -> None:
        node = session.node(self.partition)
        session.system.run(("mkfs.vfat", "-F", "32", "-n", VOLUME_NAME, "-i", self.volume_id, node))


@dataclass(frozen=True)
class InstallEfiLoader(Step[Session]):
    """Make GRUB for UEFI and put it on the ESP: from here on the disk boots.

    The menu is on the root file system; what is on the ESP only looks for it, by the root's label.
    """

    needs: ClassVar[tuple[str, ...]] = ("grub-mkimage", "mcopy", "mmd", f"{EFI.directory}/moddep.lst")
    partition: str
    root_label: str

    @property
    def title(self) -> str:
        return f"install the boot loader on {self.partition}"

    def describe(self) -> tuple[str, ...]:
        return (self.title, f"as {OWN_LOADER} and, for firmware that knows no boot entry of it, {REMOVABLE_LOADER}")

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        system.sync()  # all that boots is on the disk before the code that boots it
        with (
            system.scratch_directory() as directory,
            system.scratch_file("grub.cfg", early_config(self.root_label)) as config,
        ):
            image = f"{directory}/grubx64.efi"
            options = (f"--format={EFI.name}", f"--output={image}", f"--prefix={OWN_DIRECTORY}")
            system.run(("grub-mkimage", *options, *EFI.modules))
            _fill(system, node, ((config, MENU_FINDER), (image, OWN_LOADER), (image, REMOVABLE_LOADER)))


@dataclass(frozen=True)
class CopySignedLoader(Step[Session]):
    """Put the loader that a package brings for Secure Boot on the ESP, with all that lies beside it in its directory.

    It is copied as it is: whatever the installer made or changed would not be signed.
    """

    needs: ClassVar[tuple[str, ...]] = ("mcopy", "mmd")
    partition: str
    root_label: str
    directory: str

    @property
    def title(self) -> str:
        return f"copy the signed boot loader of {self.directory} to {self.partition}"

    def run(self, session: Session) -> None:
        system, node = session.system, session.node(self.partition)
        names = system.names(self.directory)
        if SIGNED_NAME not in names:
            raise DeviceError(
                f"the packages brought no {SIGNED_NAME} into {self.directory}, where XS-PACKAGES says it is",
                hint="the repository must be repaired, or Secure Boot switched off and another repository used",
            )
        system.sync()
        files = [(system.target_path(f"{self.directory}/{name}"), name) for name in names]
        last = [name for name in files if name[1] == SIGNED_NAME]
        ordered = [*(name for name in files if name not in last), *last]
        places = [(path, f"{place}/{name}") for place in (OWN_DIRECTORY, REMOVABLE_DIRECTORY) for path, name in ordered]
        with system.scratch_file("grub.cfg", early_config(self.root_label)) as config:
            _fill(system, node, ((config, MENU_FINDER), (config, f"{REMOVABLE_DIRECTORY}/grub.cfg"), *places))


def _fill(system: System, node: str, files: Sequence[tuple[str, str]]) -> None:
    """Copy files to places on the ESP, in this order, and have them written."""
    directories = ("/EFI", REMOVABLE_DIRECTORY, OWN_DIRECTORY)
    # exit status 1: they are there already, or the copies will tell
    system.run(("mmd", "-D", "s", "-i", node, *(f"::{name}" for name in directories)), ok=(0, 1))
    for source, place in files:
        system.run(("mcopy", "-o", "-i", node, source, f"::{place}"))
    system.sync(node)
