"""Tells the booted installation image, whose machine's disks are there to be taken, from every other system."""

from __future__ import annotations

import os
import stat

from backend.probe.sysfs import read_attribute, read_bytes

IMAGE_MARK = "/install/image"  # initrd/image/make-layer puts it there
MARK_TEXT = b"XenServer installation image\n"
MOUNTS = "/proc/self/mountinfo"
IN_MEMORY = ("rootfs", "tmpfs", "ramfs")  # what the kernel unpacks an initramfs into (ramfs-rootfs-initramfs.rst)


def in_installation_image(mark: str = IMAGE_MARK, mounts: str = MOUNTS) -> bool:
    """Say whether this is the booted installation image, whose disks are the machine's own and there to be taken.

    A path of that name is no proof: somebody's system may have one, or an unpacked copy of the image's. So the mark is
    a file with the very text, on a root directory that lies in memory.
    """
    try:
        regular = stat.S_ISREG(os.lstat(mark).st_mode)
    except OSError:
        return False
    return regular and read_bytes(mark) == MARK_TEXT and root_kind(read_attribute(mounts)) in IN_MEMORY


def root_kind(mounts: str) -> str:
    """Return the type of the file system that is seen at /, empty when none is: the last mounted (proc(5), mountinfo).

    A line is `36 35 98:0 /root /mount-point options optional-fields - type source options`.
    """
    kind = ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 5 and fields[4] == "/" and after:
            kind = after.split(" ")[0]
    return kind
