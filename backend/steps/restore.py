"""Steps that put a backup back in place of the control domain: looked over first, copied, compared, made to boot."""

from __future__ import annotations

from dataclasses import dataclass

from backend.grub import PLATFORMS
from backend.root_names import RootName, root_of_fstab, unindented
from backend.session import Session
from backend.steps.bootloader import GRUB_DIRECTORY
from backend.steps.whole_trees import WholeTreeStep, check_same, copy_whole, fits, read_whole
from backend.system import Place
from installer.model.errors import DeviceError
from installer.model.existing import INCOMPLETE_MARK
from installer.model.host import Firmware
from installer.model.plan import Step
from installer.model.units import human_size

MENU = f"{GRUB_DIRECTORY}/grub.cfg"
# the menu of GRUB 0.97, which 3.2 and 4.0 have; its second name is that of Red Hat
OLD_MENUS = (f"{GRUB_DIRECTORY}/menu.lst", f"{GRUB_DIRECTORY}/grub.conf")
FSTAB = "/etc/fstab"
# GRUB 2 reads the old form itself: what the host's own tools write into its menu goes on to count. Its modules are
# named, as those of commands load by themselves only below the first configuration file
LEGACY = """\
# made when a backup was restored: the boot menu of this host is {menu}, in the form of GRUB 0.97
insmod multiboot
insmod legacycfg
legacy_configfile {menu}
"""


@dataclass(frozen=True)
class CheckBackup(WholeTreeStep):
    """Read all of a backup and see that it can be restored, before anything of what it replaces is touched."""

    root_bytes: int
    firmware: Firmware

    @property
    def title(self) -> str:
        return f"read the backup on {self.partition}"

    def run(self, session: Session) -> None:
        system = session.system
        if system.exists(INCOMPLETE_MARK, on=Place.BACKUP):
            self._refuse("the backup was never finished", "the installation that began it can be run again")
        if not system.exists(FSTAB, on=Place.BACKUP):
            self._refuse(f"the backup has no {FSTAB}: it is no whole control domain", "install the host anew")
        self._check_menu(session)
        used = system.room(Place.BACKUP)
        if not fits(used, self.root_bytes):
            sizes = f"{human_size(used.used_bytes)}, and the root partition has {human_size(self.root_bytes)}"
            self._refuse(f"the backup does not fit: it has {sizes}", "")
        read_whole(session, Place.BACKUP, used.used_bytes)

    def _check_menu(self, session: Session) -> None:
        menu = menu_of(session, Place.BACKUP)
        if not menu:
            self._refuse(f"the backup has no boot menu in {GRUB_DIRECTORY}", "install the host anew")
        if menu != MENU and self.firmware is Firmware.UEFI:
            hint = "start the machine by its BIOS (legacy boot, CSM) and restore it then"
            self._refuse("the host of the backup starts from a BIOS only", hint)

    def _refuse(self, what: str, hint: str) -> None:
        raise DeviceError(what, where=self.partition, hint=hint)


def menu_of(session: Session, place: Place) -> str:
    """Return the path of a control domain's boot menu, empty when it has none."""
    return next((path for path in (MENU, *OLD_MENUS) if session.system.exists(path, on=place)), "")


@dataclass(frozen=True)
class CopyBackup(WholeTreeStep):
    """Copy the backup to the new root file system."""

    @property
    def title(self) -> str:
        return f"copy the backup on {self.partition} to the root file system"

    def run(self, session: Session) -> None:
        session.system.clear(Place.TARGET, ())
        copy_whole(session, Place.BACKUP, Place.TARGET, "restored", session.system.room(Place.BACKUP).used_bytes)


@dataclass(frozen=True)
class VerifyRestored(WholeTreeStep):
    """Compare what was restored with the backup."""

    @property
    def title(self) -> str:
        return f"compare what was restored with the backup on {self.partition}"

    def run(self, session: Session) -> None:
        check_same(session, Place.BACKUP, Place.TARGET, "what was restored")


@dataclass(frozen=True)
class FitBootFiles(Step[Session]):
    """Have fstab and boot menu name the root by its label, and put GRUB's own modules beside the menu.

    Where they name it so already they stay as they are. What they said is read from the backup: a second run finds
    the same.
    """

    root_label: str
    firmware: Firmware

    @property
    def title(self) -> str:
        return f"fit {FSTAB} and the boot menu to the label {self.root_label}"

    def run(self, session: Session) -> None:
        system, menu = session.system, menu_of(session, Place.BACKUP)
        fstab = system.read_text(FSTAB, on=Place.BACKUP)
        name = RootName(root_of_fstab(fstab), self.root_label)
        if not name.stays:
            system.write_text(FSTAB, name.in_fstab(fstab))
        if not name.stays and menu == MENU:
            system.write_text(MENU, name.in_menu(system.read_text(MENU, on=Place.BACKUP)))
        for path in OLD_MENUS:
            if system.exists(path, on=Place.BACKUP):  # for root alone: it may have a password
                text = name.in_menu(system.read_text(path, on=Place.BACKUP))
                system.write_text(path, unindented(text), mode=0o600)
        if menu != MENU:
            system.write_text(MENU, LEGACY.format(menu=menu))
        platform = PLATFORMS[self.firmware]
        system.import_files(system.host_files(platform.directory, ".mod", ".lst"), f"{GRUB_DIRECTORY}/{platform.name}")
