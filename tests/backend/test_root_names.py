"""The names of the root file system in fstab and boot menus of 3.2, 4.0 and ours."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from backend.grub import BootFiles, menu
from backend.root_names import RootName, root_of_fstab, unindented
from tests.needs import needs

OLD_MENU = """\
default 1
timeout 5
serial --unit=0 --speed=115200
title XenServer
   root (hd0,0)
   kernel /boot/xen.gz dom0_mem=752M com1=115200,8n1
   module /boot/vmlinuz-2.6-xen root=LABEL=root-oldoldol ro console=tty0
   module /boot/initrd-2.6-xen.img
title XenServer (Serial)
   kernel /boot/xen.gz
   module /boot/vmlinuz-2.6-xen root=LABEL=root-oldoldol-2 ro root=LABEL=root-oldoldol
"""


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("LABEL=root-abcdefgh  /  ext3  defaults  1 1\n/var/swap  swap  swap  defaults  0 0\n", "LABEL=root-abcdefgh"),
        ("# /dev/sda1 / ext3\n/dev/sda2 /boot ext3\n/dev/sda1\t/\text3\n", "/dev/sda1"),
        ("UUID=1234  /  ext3\n", "UUID=1234"),
        ("none /proc proc\n", ""),
        ("", ""),
    ],
)
def test_root_is_found_in_fstab(text: str, root: str) -> None:
    assert root_of_fstab(text) == root


@pytest.mark.parametrize(
    ("old", "stays"),
    [
        ("LABEL=root-new", True),
        ("/dev/sda1", True),
        ("", True),
        ("LABEL=root-old", False),
        ("UUID=1234", False),
        ("/dev/disk/by-uuid/1234", False),
    ],
)
def test_only_a_name_that_the_new_file_system_has_not_is_replaced(old: str, stays: bool) -> None:
    name = RootName(old, "root-new")
    text = f"{old} / ext3 defaults 1 1\n"
    assert name.stays is stays
    assert name.in_fstab(text) == (text if stays else "LABEL=root-new / ext3 defaults 1 1\n")
    assert (name.in_menu(f"kernel root={old} ro") == f"kernel root={old} ro") is stays


def test_other_rows_of_fstab_stay() -> None:
    text = "LABEL=a  /  ext3 x 1 1\nLABEL=a  /data  ext3\n  LABEL=ab  /b ext3\n"
    assert RootName("LABEL=a", "n").in_fstab(text) == text.replace("LABEL=a  / ", "LABEL=n  / ")


def test_old_menu_gets_the_label_for_its_kernels_alone() -> None:
    found = RootName("LABEL=root-oldoldol", "root-new").in_menu(OLD_MENU)
    assert found.count("root=LABEL=root-new ") + found.count("root=LABEL=root-new\n") == 2
    assert "root=LABEL=root-oldoldol-2 ro" in found
    assert found.replace("root-new", "root-oldoldol") == OLD_MENU


def test_own_menu_gets_the_label_for_kernels_and_for_itself() -> None:
    boot = BootFiles("xen.gz", "vmlinuz-1", "initrd.img-1")
    old, new = (menu(boot, label, 752, None) for label in ("root-old", "root-new"))
    assert RootName("LABEL=root-old", "root-new").in_menu(old) == new


def test_search_by_uuid_becomes_one_by_label() -> None:
    text = "search --no-floppy --fs-uuid --set=root 12-34\nlinux /vmlinuz root=UUID=12-34 ro\n"
    expected = "search --no-floppy --label --set=root new\nlinux /vmlinuz root=LABEL=new ro\n"
    assert RootName("UUID=12-34", "new").in_menu(text) == expected


def _as_grub_reads(menu: str, directory: Path) -> str:
    """Return what GRUB 2's own reader of old menus makes of one."""
    needs("grub-menulst2cfg")
    path = directory / "menu.lst"
    path.write_text(menu, encoding="ascii")
    return subprocess.run(["grub-menulst2cfg", str(path)], check=True, capture_output=True, text=True).stdout


def test_old_menu_is_written_so_that_grub_reads_it(tmp_path: Path) -> None:
    assert "Unsupported legacy command" in _as_grub_reads(OLD_MENU, tmp_path), "the blanks may stay by now"
    found = _as_grub_reads(unindented(OLD_MENU), tmp_path)
    assert "Unsupported" not in found
    assert "legacy_kernel   '/boot/xen.gz' '/boot/xen.gz' 'dom0_mem=752M'" in found
    assert found.count("legacy_initrd ") == 3 and "set root='(hd0,1)'" in found
