"""What the boot image holds: every tool of a plan, the drivers, our code; and what it must not hold."""

from __future__ import annotations

import configparser
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import backend.steps
from backend.grub import PLATFORMS
from installer.model.keymaps import TITLES
from installer.model.plan import Step
from tests.conftest import ROOT
from tests.initrd.conftest import Contents

SOURCES = ROOT / "initrd" / "image"
PACKAGES = "usr/lib/python3/dist-packages"
# what the backend runs outside of steps, what init runs, and what a person at the shell of R56 is promised
OTHER_PROGRAMS = (
    "bash", "blkid", "blockdev", "depmod", "dmesg", "dropbear", "dropbearkey", "fdisk", "gpgv", "ifconfig", "install",
    "ip", "loadkeys", "losetup", "lsblk", "lbzip2", "mdadm", "modinfo", "modprobe", "mount", "mv", "partx", "ping",
    "rm", "setsid", "stty", "truncate", "udevadm", "umount", "uname", "wipefs",
)  # fmt: skip
STAND_INS = ("less", "ps", "reboot", "poweroff", "udhcpc", "vi", "awk", "find")
DRIVERS = (
    "8021q", "aacraid", "ahci", "ata_piix", "be2net", "bnx2", "bnx2x", "bnxt_en", "cpuid", "cxgb4", "dm-mod", "e1000",
    "e1000e", "efivarfs", "ena", "enic", "ext4", "hpsa", "i40e", "ice", "igb", "igc", "ixgbe", "loop", "lpfc", "md-mod",
    "megaraid_sas", "mlx4_en", "mlx5_core", "mpi3mr", "mpt3sas", "mptsas", "msr", "nvme", "pm80xx", "qede", "qla2xxx",
    "r8169", "sd_mod", "sfc", "smartpqi", "sr_mod", "tg3", "usb-storage", "vfat", "virtio_blk",
    "virtio_net", "virtio_pci", "virtio_scsi", "vmd",
)  # fmt: skip
FEWEST_DRIVERS = 350
SELF_STARTING_RULES = ("64-md-raid-assembly.rules", "69-lvm.rules", "80-net-setup-link.rules")
KNOWN_RULES = {
    "01-md-raid-creating", "50-firmware", "50-udev-default", "55-dm", "56-lvm", "60-block", "60-cdrom_id", "60-evdev",
    "60-input-id", "60-persistent-input", "60-persistent-storage", "60-persistent-storage-dm", "60-serial",
    "63-md-raid-arrays", "80-debian-compat", "80-drivers", "85-hwclock", "95-dm-notify",
}  # fmt: skip
LARGEST_KIB = 32_758  # without firmware: the ramdisk_size of the guide's appendix C.1
LARGEST_WITH_FIRMWARE_KIB = 43_008


def needs_of_all_steps() -> set[str]:
    """Return the union of what the steps of any plan need."""
    names = [module.name for module in pkgutil.iter_modules(backend.steps.__path__, "backend.steps.")]
    values = [value for name in names for value in vars(importlib.import_module(name)).values()]
    steps = [value for value in values if isinstance(value, type) and issubclass(value, Step)]
    return {tool for step in steps for tool in step.needs}


def test_every_tool_of_a_plan_is_there(contents: Contents) -> None:
    wanted = needs_of_all_steps()
    assert "sfdisk" in wanted
    assert [name for name in sorted(wanted) if not contents.program(name)] == []


def test_every_other_program_is_there(contents: Contents) -> None:
    assert [name for name in OTHER_PROGRAMS if not contents.program(name)] == []
    assert [name for name in STAND_INS if not contents.resolve(f"usr/bin/{name}")] == []


def test_no_program_or_library_was_left_out_of_which_a_link_stayed(contents: Contents) -> None:
    places = ("usr/bin/", "usr/sbin/", "usr/lib/x86_64-linux-gnu/", "usr/lib/grub/")
    assert [link for link in contents.links if link.startswith(places) and not contents.resolve(link)] == []


def test_grub_has_the_modules_of_bios_and_uefi(contents: Contents) -> None:
    for platform in PLATFORMS.values():
        wanted = [f"{platform.directory.lstrip('/')}/{name}.mod" for name in platform.modules]
        assert [path for path in wanted if path not in contents.files] == []


@pytest.mark.parametrize("name", DRIVERS)
def test_driver_is_there(contents: Contents, name: str) -> None:
    assert any(path.endswith(f"/{name}.ko") for path in contents.files)


@pytest.mark.parametrize("name", SELF_STARTING_RULES)
def test_nothing_starts_arrays_or_groups_or_renames_nics(contents: Contents, name: str) -> None:
    assert not any(path.endswith(f"/{name}") for path in contents.files)
    assert not any(path.endswith(".link") and "systemd/network" in path for path in contents.files)


def test_keymaps_of_pcs_are_there(contents: Contents) -> None:
    names = {Path(path).name for path in contents.files if path.startswith("usr/share/keymaps/i386/")}
    assert {f"{name}.kmap.gz" for name in TITLES} <= names


def test_every_rule_of_udev_was_looked_at(contents: Contents) -> None:
    """None of these assembles an array, starts a volume group or puts paths together; a new one may."""
    rules = {path.rpartition("/")[2].removesuffix(".rules") for path in contents.files if path.endswith(".rules")}
    assert rules <= KNOWN_RULES, rules - KNOWN_RULES


def test_our_code_is_there_with_bytecode(contents: Contents) -> None:
    for top in ("installer", "backend"):
        for path in sorted(ROOT.glob(f"{top}/**/*.py")):
            name = path.relative_to(ROOT)
            compiled = f"{PACKAGES}/{name.parent}/__pycache__/{name.stem}.cpython-311.pyc"
            assert f"{PACKAGES}/{name}" in contents.files
            assert compiled in contents.files
    assert f"{PACKAGES}/installer/data/brand.ini" in contents.files
    for program in ("init", "install/image", "usr/bin/installer", "usr/lib/installer/kernel-words"):
        assert program in contents.files


def test_nothing_of_the_build_machine_is_there(contents: Contents) -> None:
    names = contents.files.keys() | contents.links.keys()
    unwanted = [
        name
        for name in names
        if re.search(r"machine-id|host_key|etc/shadow|random-seed|\.git/|/tests/|(^|/)var/(cache|log)/", name)
    ]
    assert unwanted == []
    assert contents.links["etc/resolv.conf"] == "/run/resolv.conf"


def test_drivers_of_servers_are_there(contents: Contents) -> None:
    assert sum(path.endswith(".ko") for path in contents.files) >= FEWEST_DRIVERS


def test_small_image_fits_the_guides_ramdisk(small_image: Path) -> None:
    firmware = "usr/lib/firmware/" in Path(f"{small_image}.contents").read_text(encoding="utf-8")
    assert small_image.stat().st_size <= (LARGEST_WITH_FIRMWARE_KIB if firmware else LARGEST_KIB) * 1024


def pins(text: str) -> set[str]:
    """Return the lines that pin a Python package."""
    return {line.strip() for line in text.splitlines() if "==" in line}


def test_python_packages_have_the_versions_of_setup_cfg() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = pins(settings["options"]["install_requires"])
    assert wanted
    assert wanted - pins(Path(SOURCES, "python-packages").read_text(encoding="utf-8")) == set()
