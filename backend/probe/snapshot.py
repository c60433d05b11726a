"""What the running system keeps in use: block devices, mounts and swaps as plain data, and how they are read."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from dataclasses import dataclass

from backend.probe.sysfs import SYSFS_BLOCK, names, read_attribute

LOOP_GET_STATUS64 = 0x4C05  # linux/loop.h
LOOP_INFO64_BYTES = 232
SYSFS_BTRFS = "/sys/fs/btrfs"


@dataclass(frozen=True)
class BlockDevice:
    """One block device of /sys/class/block.

    `number` is major:minor; `parent` the disk of a partition; `slaves` the devices below a dm, md or the like;
    `dm_name` and `dm_uuid` what device-mapper calls it; `backing_file` and `backing_number` the file of a loop device
    and the file system (or block device) it is on.
    """

    name: str
    number: str
    parent: str = ""
    slaves: tuple[str, ...] = ()
    dm_name: str = ""
    dm_uuid: str = ""
    backing_file: str = ""
    backing_number: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Snapshot:
    """`mounts` is the text of one or more mountinfo files, `swaps` that of /proc/swaps (proc(5)).

    `root_number` is the device of `/`; `file_numbers` gives (path, major:minor) of swap files and of device nodes
    named in `mounts` and `swaps`; `btrfs` the devices of each mounted btrfs.
    """

    devices: tuple[BlockDevice, ...]
    mounts: str = ""
    swaps: str = ""
    root_number: str = ""
    file_numbers: tuple[tuple[str, str], ...] = ()
    btrfs: tuple[tuple[str, ...], ...] = ()


def unescape(text: str) -> str:
    """Undo the octal escapes of blanks, tabs, newlines and backslashes in mountinfo and swaps (proc(5))."""
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, letter)
    return text


def mount_fields(text: str) -> tuple[tuple[str, str, str], ...]:
    """Return (major:minor, mount point, source) of each line of mountinfo."""
    rows = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) >= 5 and len(right) >= 2:
            rows.append((left[2], unescape(left[4]), unescape(right[1])))
    return tuple(rows)


def swap_paths(text: str) -> tuple[str, ...]:
    """Return the file or device of each line of /proc/swaps."""
    paths = (unescape(line.split()[0]) for line in text.splitlines()[1:] if line.strip())
    return tuple(path.removesuffix(" (deleted)") for path in paths)


def read_snapshot() -> Snapshot:
    """Read this machine; nothing is opened but loop devices, and those read-only."""
    mounts, swaps = _read_mounts(), read_attribute("/proc/swaps")
    paths = {source for _, _, source in mount_fields(mounts) if source.startswith("/dev/")} | {*swap_paths(swaps)}
    numbers = tuple((path, number) for path in sorted(paths) if (number := _file_number(path)))
    return Snapshot(
        devices=tuple(_read_device(name) for name in names(SYSFS_BLOCK)),
        mounts=mounts,
        swaps=swaps,
        root_number=_number(os.stat("/").st_dev),
        file_numbers=numbers,
        btrfs=tuple(devices for name in names(SYSFS_BTRFS) if (devices := names(f"{SYSFS_BTRFS}/{name}/devices"))),
    )


def _read_mounts() -> str:
    """Return the mounts of every mount namespace: what a container or a service mounted is in use as well."""
    seen: dict[str, str] = {}
    for process in ("self", *(name for name in names("/proc") if name.isdigit())):
        try:
            namespace = os.readlink(f"/proc/{process}/ns/mnt")
        except OSError:
            continue
        if namespace not in seen and (text := read_attribute(f"/proc/{process}/mountinfo")):
            seen[namespace] = text
    return "\n".join(seen.values())


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"


def _file_number(path: str) -> str:
    """Return the device that a node stands for, or that a file is on."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return _number(status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev)


def _read_device(name: str) -> BlockDevice:
    directory = f"{SYSFS_BLOCK}/{name}"
    parent = ""
    if os.path.exists(f"{directory}/partition"):
        parent = os.path.basename(os.path.dirname(os.path.realpath(directory)))
    slaves = names(f"{directory}/slaves")
    backing_file = read_attribute(f"{directory}/loop/backing_file")
    zram_disk = read_attribute(f"{directory}/backing_dev")  # Documentation/admin-guide/blockdev/zram.rst
    if zram_disk.startswith("/dev/"):
        slaves += (os.path.basename(os.path.realpath(zram_disk)),)
    return BlockDevice(
        name=name,
        number=read_attribute(f"{directory}/dev"),
        parent=parent,
        slaves=slaves,
        dm_name=read_attribute(f"{directory}/dm/name"),
        dm_uuid=read_attribute(f"{directory}/dm/uuid"),
        backing_file=backing_file,
        backing_number=_backing_number(name, backing_file) if backing_file else "",
        read_only=read_attribute(f"{directory}/ro") == "1",
    )


def _backing_number(name: str, backing_file: str) -> str:
    """Ask the loop driver, since the path may be that of another namespace; fall back on the path."""
    device, _, real_device = _loop_status(name)
    return _decoded(real_device) if real_device else _decoded(device) if device else _file_number(backing_file)


def _loop_status(name: str) -> tuple[int, int, int]:
    """Return device, inode and (for a block device) device number of a loop's backing file, zeros when unknown."""
    status = bytearray(LOOP_INFO64_BYTES)
    try:
        descriptor = os.open(f"/dev/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0, 0, 0
    try:
        fcntl.ioctl(descriptor, LOOP_GET_STATUS64, status)
    except OSError:
        return 0, 0, 0
    finally:
        os.close(descriptor)
    device, inode, real_device = struct.unpack_from("<QQQ", status)
    return device, inode, real_device


def _decoded(device: int) -> str:
    """Return major:minor of the kernel's encoding (linux/kdev_t.h: new_decode_dev)."""
    return f"{(device & 0xFFF00) >> 8}:{(device & 0xFF) | ((device >> 12) & 0xFFF00)}"


def loop_of_file(path: str) -> str:
    """Return the node of the loop device that a file is attached to, or nothing."""
    status = os.stat(path)
    wanted = _number(status.st_dev), status.st_ino
    for name in names(SYSFS_BLOCK):
        backing_file = read_attribute(f"{SYSFS_BLOCK}/{name}/loop/backing_file")
        if not backing_file:
            continue
        device, inode, _ = _loop_status(name)
        if (_decoded(device), inode) == wanted or backing_file == os.path.realpath(path):
            return f"/dev/{name}"
    return ""
