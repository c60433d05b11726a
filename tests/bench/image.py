"""The boot image: its size, the least memory it installs with, how soon it asks, and how long it installs.

The machines are emulated and one after another; each figure is a ratio of two of them, or a size.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.room import BUILD, Room
from tests.conftest import ROOT
from tests.end_to_end.laboratory import GIB, INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory, in_shell, laboratory
from tests.end_to_end.measure import SUCCESS, install
from tests.end_to_end.rich_answers import serve_answers
from tests.end_to_end.virtual_machine import DirectBoot, Hardware, VirtualMachine

SMALL_KIB, WITH_FIRMWARE_KIB = 32_758, 43_008  # the first is the ramdisk_size of the guide's appendix C.1
BARE_MIB, UNDER_XEN_MIB = 512, 1024
PAIRS = 3  # a machine takes a minute
FIRST_SCREEN = "looks at the hardware of this machine"
FIRST_QUESTION = "Which keyboard"
BUSYBOX = "the shell is here"
# the work of an installation by the plain tools, onto a blank disk
PLAIN = """\
set -e
base=$1
wipefs -qa /dev/vda
printf 'label: dos\nsize=4GiB,type=83,bootable\nsize=4GiB,type=83\ntype=8e\n' | sfdisk -q /dev/vda
udevadm settle
mkfs.ext3 -qF -L root-plain /dev/vda1
pvcreate -qy /dev/vda3 && vgcreate -qy plain /dev/vda3
mkdir -p /mnt && mount /dev/vda1 /mnt
for package in main/dom0fs main/xen main/kernel main/docs linux/linux-guest; do
    wget -qO- $base/packages.$package.tar.bz2 | lbzip2 -dc | tar -C /mnt --keep-directory-symlink -xp
done
dd if=/dev/zero of=/mnt/swap bs=1M count=512 status=none && mkswap -q /mnt/swap
mkdir -p /mnt/boot/grub/i386-pc
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/boot.img /mnt/boot/grub/i386-pc
grub-mkimage -O i386-pc -o /mnt/boot/grub/i386-pc/core.img -p '(,msdos1)/boot/grub' biosdisk part_msdos ext2 normal
echo '(hd0) /dev/vda' >/tmp/map
/usr/lib/grub/i386-pc/grub-bios-setup -m /tmp/map -d /mnt/boot/grub/i386-pc /dev/vda
umount /mnt
sync
"""


def measure(room: Room) -> tuple[Figure, ...]:
    """Build both images and look for the least memory of the one without firmware; ten minutes."""
    small, whole = _built(room, "0"), _built(room, "1")
    with _laboratory(room, small) as lab:
        bare, under_xen = _least_memory(lab, BARE_MIB, False), _least_memory(lab, UNDER_XEN_MIB, True)
    return (
        Figure("image-without-firmware", small.stat().st_size / 1024, "KiB", SMALL_KIB),
        Figure("image-with-firmware", whole.stat().st_size / 1024, "KiB", WITH_FIRMWARE_KIB),
        Figure("image-memory", bare, "MiB", BARE_MIB),
        Figure("image-memory-under-xen", under_xen, "MiB", UNDER_XEN_MIB),
    )


def measure_speed(room: Room) -> tuple[Figure, ...]:
    """Start machines from the image without firmware; a quarter of an hour."""
    with _laboratory(room, _built(room, "0")) as lab:
        screen, question = map(median, zip(*(_first_screen(lab) for _ in range(PAIRS)), strict=True))
        whole_installation = median(_installation(lab) for _ in range(PAIRS))
    return (
        Figure("image-first-screen", screen, "ratio", 2.0),
        Figure("image-first-question", question, "ratio"),
        Figure("image-installation", whole_installation, "ratio", 1.15),
    )


def _built(room: Room, firmware: str) -> Path:
    """Build an image as `make install.img` does; its base comes from the same cache."""
    image = BUILD / f"bench-install-{firmware}.img"
    argv = [str(ROOT / "initrd" / "image" / "build"), str(image), "xz"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "FIRMWARE": firmware})
    return image


@contextmanager
def _laboratory(room: Room, image: Path) -> Iterator[Laboratory]:
    hypervisor = BUILD / "payload" / "xen" / "boot" / "xen.gz"
    with laboratory("bench", room.directory, BUILD / "vm", image, hypervisor) as lab:
        lab.served.joinpath("repository").symlink_to(room.repository.resolve())
        yield lab


def _least_memory(lab: Laboratory, limit_mib: int, under_xen: bool) -> float:
    """Return the least memory that was enough, in steps of an eighth of the limit; twice the limit when it is not."""
    enough = 2 * limit_mib
    for memory_mib in range(limit_mib, limit_mib // 2, -limit_mib // 8):
        said, disk = install(lab, memory_mib, under_xen=under_xen)
        disk.unlink()
        if SUCCESS not in said:
            break
        enough = memory_mib
    return float(enough)


def _first_screen(lab: Laboratory) -> tuple[float, float]:
    """Return how long it takes from the start to the first painted screen, and to the first question.

    Both without unpacking, by the time of a mere shell.
    """
    disk = lab.disk("first", GIB)
    shell = _shell_s(lab)
    began = time.monotonic()
    machine = lab.boot_image(lab.hardware(disk))
    machine.wait_for(FIRST_SCREEN, SHELL_S)
    screen = time.monotonic() - began
    machine.wait_for(FIRST_QUESTION, SHELL_S)
    question = time.monotonic() - began
    machine.close()
    unpacking = _unpacking_s(lab, disk)
    return (screen - unpacking) / shell, (question - unpacking) / shell


def _unpacking_s(lab: Laboratory, disk: Path) -> float:
    """Return the seconds between the kernel's messages before and after it unpacks its initramfs."""
    machine = lab.boot_image(lab.hardware(disk), "shell")
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    said = in_shell(machine, "dmesg | grep -E 'unpack rootfs|initrd memory'")
    machine.close()
    times = [float(stamp) for stamp in re.findall(r"\[ *([0-9.]+)\]", said)]
    return times[-1] - times[0]


def _shell_s(lab: Laboratory) -> float:
    """Return how long the same kernel takes to a shell in an initramfs of busybox alone."""
    tree = lab.directory / "busybox"
    tree.joinpath("bin").mkdir(parents=True, exist_ok=True)
    tree.joinpath("dev").mkdir(exist_ok=True)
    tree.joinpath("bin", "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    tree.joinpath("bin", "busybox").chmod(0o755)
    commands = ("mount -t devtmpfs dev /dev", f"echo {BUSYBOX}", "sh")
    init = "#!/bin/busybox sh\n" + "".join(f"/bin/busybox {command}\n" for command in commands)
    tree.joinpath("init").write_text(init, encoding="ascii")
    tree.joinpath("init").chmod(0o755)
    archive = lab.directory / "busybox.cpio"
    pack = f"cd {tree} && find . | cpio --quiet -o -H newc | gzip >{archive}"
    subprocess.run(["bash", "-c", pack], check=True)
    boot = DirectBoot(lab.image.parent / "vmlinuz", archive, "quiet console=ttyS0,115200")
    began = time.monotonic()
    with VirtualMachine(
        Hardware((), memory_mib=1024, cpu="max", boot=boot, macs=()), lab.kept / "busybox.log"
    ) as shell:
        shell.wait_for(BUSYBOX, SHELL_S)
        return time.monotonic() - began


def _installation(lab: Laboratory) -> float:
    """Return the time of a whole installation in the image by that of the plain tools in the same image."""
    return _ours_s(lab) / _plain_s(lab)


def _ours_s(lab: Laboratory) -> float:
    disk = lab.disk("ours")
    words = f"answerfile={serve_answers(lab.served, lab.base, 'vda')} install atexit=shell"
    machine = lab.boot_image(lab.hardware(disk), words)
    machine.wait_for("Installing; ", SHELL_S)
    began = time.monotonic()
    machine.wait_for("The installation is complete", INSTALL_S)
    took = time.monotonic() - began
    machine.close()
    disk.unlink()
    return took


def _plain_s(lab: Laboratory) -> float:
    disk = lab.disk("plain")
    script = lab.serve("plain.sh", PLAIN)
    machine = lab.boot_image(replace(lab.hardware(disk)), "shell network_device=all")
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    in_shell(machine, f"/usr/lib/installer/network all && wget -qO /tmp/plain {script}")
    began = time.monotonic()
    said = in_shell(machine, f"bash /tmp/plain {lab.base}repository", INSTALL_S)
    took = time.monotonic() - began
    machine.close()
    disk.unlink()
    if "shell-result 0" not in said:
        raise SystemExit(f"the plain tools failed: {said}")
    return took
