"""Killed between steps: the next run frees what is left of it and installs; `make faults` kills at every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killed import kill_and_start_again, prepare, titles
from tests.needs import needs

pytestmark = pytest.mark.root


@pytest.mark.parametrize(
    ("machine", "title"),
    [
        ("qemu", "check that sda"),
        ("qemu", "make an ext3"),
        ("qemu", "install kernel"),
        ("qemu", "install the boot loader"),
        ("qemu-uefi", "make a FAT32 file system"),
        ("qemu-uefi", "install the boot loader"),
    ],
)
def test_next_run_after_a_kill_works(tmp_path: Path, machine: str, title: str) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "mkfs.vfat")
    prepare(tmp_path)
    (number,) = [number for number, text in enumerate(titles(tmp_path, machine), 1) if text.startswith(title)]
    kill_and_start_again(tmp_path, machine, number)
