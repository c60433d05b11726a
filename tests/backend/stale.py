"""Remains of storage on image files: LVM by its tools, md and ZFS as their formats say: a kernel may have neither."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

MIB = 2**20
GIB = 2**30
ARRAY = bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
ARRAY_UUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Write into a file, from its end for a negative offset."""
    with path.open("r+b") as stream:
        stream.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
        stream.write(data)


def md_superblock(name: str, at_sector: int, *, devices: int = 2, role: int = 0) -> bytes:
    """Return a version 1 superblock of a mirror (linux/raid/md_p.h, struct mdp_superblock_1)."""
    head = struct.pack("<IIII16s32sQiIQIII", 0xA92B4EFC, 1, 0, 0, ARRAY, name.encode(), 0, 1, 0, 20480, 0, devices, 0)
    reshape = struct.pack("<IQIIII", 0, 0, 0, 0, 0, 0)
    identity = bytes([role + 1]) * 16
    device = struct.pack("<QQQQII16sBBHI", 2048, 20480, at_sector, 0, role, 0, identity, 0, 0, 0, 0)
    rest = struct.pack("<QQQII32s", 0, 17, 2**64 - 1, 0, devices, bytes(32))
    roles = struct.pack(f"<{devices}H", *range(devices))
    block = bytearray(head + reshape + device + rest + roles)
    block[216:220] = struct.pack("<I", _md_sum(bytes(block)))
    return bytes(block)


def _md_sum(block: bytes) -> int:
    words: int = sum(struct.unpack_from("<I", block, at)[0] for at in range(0, len(block) - 3, 4))
    if len(block) % 4:
        words += struct.unpack_from("<H", block, len(block) - 2)[0]
    return ((words & 0xFFFFFFFF) + (words >> 32)) & 0xFFFFFFFF


def write_md(path: Path, name: str, *, start: int = 0, at_end_of: int = 0, role: int = 0) -> None:
    """Make a file, or what begins at `start`, a member: superblock 1.2, or 1.0 at the end of `at_end_of` bytes."""
    # 8 KiB to 12 KiB before the end, or 4 KiB after the start (md(4))
    sector = (at_end_of // 512 - 16) & ~7 if at_end_of else 8
    write_at(path, start + sector * 512, md_superblock(name, sector, role=role))


def _nvpair(name: str, kind: int, value: bytes) -> bytes:
    """Return a name and value as XDR (RFC 4506); 8 is a number of 64 bits, 9 a string."""
    padded = name.encode() + bytes(-len(name) % 4)
    size = 4 + 4 + 4 + len(padded) + 4 + 4 + len(value)
    return struct.pack(">III", size, size, len(name)) + padded + struct.pack(">II", kind, 1) + value


def zfs_label(pool: str, guid: int, pool_guid: int) -> bytes:
    """Return the 256 KiB of a ZFS label: name-value pairs at 16 KiB, uberblocks from 128 KiB on."""
    text = pool.encode()
    pairs = _nvpair("name", 9, struct.pack(">I", len(text)) + text + bytes(-len(text) % 4))
    pairs += _nvpair("pool_guid", 8, struct.pack(">Q", pool_guid)) + _nvpair("guid", 8, struct.pack(">Q", guid))
    label = bytearray(256 * 1024)
    lists = struct.pack(">BBHII", 1, 1, 0, 0, 1) + pairs
    label[16 * 1024 : 16 * 1024 + len(lists)] = lists
    for at in range(128 * 1024, 256 * 1024, 1024):
        label[at : at + 16] = struct.pack("<QQ", 0x00BAB10C, 5000)
    return bytes(label)


def write_zfs(path: Path, pool: str, *, start: int = 0, size: int) -> None:
    """Put the four labels of a pool's only disk, two at each end of `size` bytes."""
    end = start + size // (256 * 1024) * 256 * 1024
    for at in (start, start + 256 * 1024, end - 512 * 1024, end - 256 * 1024):
        write_at(path, at, zfs_label(pool, 77, 4711))


def partitioned(path: Path, script: str) -> None:
    """Write a partition table by sfdisk."""
    subprocess.run(("sfdisk", "-q", "--wipe=never", path), input=script, text=True, check=True)


def volume_group(name: str, *devices: str) -> None:
    """Make a volume group on devices."""
    only = ("--devices", ",".join(devices), "--driverloaded", "n", "--config", "backup{backup=0 archive=0}")
    for command in (("pvcreate", "-q", *only, *devices), ("vgcreate", "-q", *only, name, *devices)):
        subprocess.run(command, check=True, capture_output=True)


def blank(path: Path, size: int) -> Path:
    """Make a sparse file."""
    path.touch()
    os.truncate(path, size)
    return path
