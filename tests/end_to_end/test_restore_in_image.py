"""A backup of another maker is restored by the booted image: the old host's menu is read, and the host starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.command import PASSWORD
from tests.end_to_end.conftest import Installed
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.virtual_machine import Bus
from tests.seen import seen

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.rare]
# as GRUB 0.97 has it: the tools of 3.2 and 4.0 write into this file
MENU = """\
default 0
timeout 3
serial --unit=0 --speed=115200
terminal --timeout=3 serial console
title XenServer
   kernel /boot/xen.gz dom0_mem=700M,max:700M com1=115200,8n1 console=com1,vga
   module /boot/{kernel} root={root} ro console=tty0 console=hvc0
   module /boot/{initrd}
"""


def _host_restored(disk: Path, room: Path) -> str:
    """Put on partition 2 what `xe host-restore` leaves there, and ruin partition 1; returns the root's label."""
    root, second, _ = partitions(disk)
    place = f"offset={second.start_bytes}"
    subprocess.run(["mkfs.ext3", "-q", "-F", "-E", place, str(disk), f"{second.size_bytes // 1024}k"], check=True)
    tree = room / "tree"
    with seen(disk, root.start_bytes, root.size_bytes, write=True) as one:
        subprocess.run(["cp", "-a", f"{one}/.", str(tree)], check=True)
        shutil.rmtree(one / "etc")
        shutil.rmtree(one / "boot")
    with seen(disk, second.start_bytes, second.size_bytes, write=True) as two:
        subprocess.run(["cp", "-a", f"{tree}/.", str(two)], check=True)
        label = (two / "etc/fstab").read_text(encoding="utf-8").split()[0]
        shutil.rmtree(two / "boot/grub")
        (two / "boot/grub").mkdir()
        kernel = next((two / "boot").glob("vmlinuz-*")).name
        initrd = next((two / "boot").glob("initrd*")).name
        text = MENU.format(kernel=kernel, initrd=initrd, root=label)
        (two / "boot/grub/menu.lst").write_text(text, encoding="utf-8")
        (two / "root/of-the-backup").write_text("mine\n", encoding="utf-8")
    shutil.rmtree(tree)
    return label


def test_backup_of_xe_host_restore_with_a_menu_of_grub_0_97_starts(lab: Laboratory, installed: Installed) -> None:
    disk = lab.directory / "host.img"
    subprocess.run(["cp", "--sparse=always", str(installed.image), str(disk)], check=True)
    label = _host_restored(disk, lab.directory)
    storage = partitions(disk)[2]
    answers = lab.serve("restore.xml", "<restore/>\n")
    hardware = lab.hardware(disk, bus=Bus.IDE)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert "Restored in" in said and "the machine restarts" in said, said[-2000:]
    assert partitions(disk)[2] == storage
    assert "legacy_configfile /boot/grub/menu.lst" in read_file(disk, partitions(disk)[0], "/boot/grub/grub.cfg")
    assert not read_file(disk, partitions(disk)[1], "/.xen-installer/journal")

    host = lab.start(lab.hardware(disk, bus=Bus.IDE, memory_mib=1536))
    host.log_in(PASSWORD)
    assert host.run("cat /root/of-the-backup").strip() == "mine"
    assert label in host.run("cat /proc/cmdline")
    assert host.run("systemctl --failed --no-legend").strip() == ""
    host.power_off()
