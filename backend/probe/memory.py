"""Installed memory: what the machine has, not what is free, and under Xen not what dom0 was given."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backend.probe.hypervisor import read_hypervisor
from backend.probe.sysfs import names, read_attribute, read_bytes
from installer.model.units import KIB, MIB

SYSFS_MEMORY = "/sys/devices/system/memory"  # Documentation/admin-guide/mm/memory-hotplug.rst
MEMINFO = "/proc/meminfo"
DMI_TABLE = "/sys/firmware/dmi/tables/DMI"
MEMORY_DEVICE = 17  # SMBIOS 3.6, 7.18
END_OF_TABLE = 127
FIRMWARE_MAP = "/sys/firmware/memmap"  # Documentation/ABI/testing/sysfs-firmware-memmap
SYSTEM_RAM = "System RAM"
HEXADECIMAL = r"0x[0-9a-f]{1,16}"


def parse_blocks(block_size: str, states: Iterable[str]) -> int:
    """Return the bytes of the memory blocks that are online; `block_size` is hexadecimal."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,16}", block_size):
        return 0
    return int(block_size, 16) * sum(1 for state in states if state == "online")


def parse_meminfo(text: str, name: str = "MemTotal") -> int:
    """Return a figure of /proc/meminfo in bytes; MemTotal is what the kernel left of it, so a little too low."""
    match = re.search(rf"^{name}:\s+([0-9]+) kB$", text, re.MULTILINE)
    return int(match[1]) * KIB if match else 0


def parse_dmi(table: bytes) -> int:
    """Return the bytes of all memory modules in an SMBIOS structure table (SMBIOS 3.6, 6.1.2 and 7.18.5)."""
    total = place = 0
    while place + 4 <= len(table):
        kind, length = table[place], table[place + 1]
        if length < 4 or kind == END_OF_TABLE:
            break
        if kind == MEMORY_DEVICE:
            total += _module(table[place : place + length])
        end = table.find(b"\0\0", place + length)
        if end < 0:
            break
        place = end + 2
    return total


def parse_memory_map(entries: Iterable[tuple[str, str, str]]) -> int:
    """Return the bytes of memory in the firmware's map; entries are start, end (inclusive, hexadecimal) and type."""
    total = 0
    for start, end, kind in entries:
        if kind == SYSTEM_RAM and re.fullmatch(HEXADECIMAL, start) and re.fullmatch(HEXADECIMAL, end):
            total += max(0, int(end, 16) - int(start, 16) + 1)
    return total


def _module(structure: bytes) -> int:
    """Return the bytes of one memory module: 0 not there, 0xFFFF unknown, 0x7FFF see the extended size in MiB."""
    size = int.from_bytes(structure[0x0C:0x0E], "little")
    if size in (0, 0xFFFF) or len(structure) < 0x0E:
        return 0
    if size == 0x7FFF:
        return (int.from_bytes(structure[0x1C:0x20], "little") & 0x7FFFFFFF) * MIB
    return (size & 0x7FFF) * (KIB if size & 0x8000 else MIB)


def read_memory() -> int:
    """Return the bytes of memory this machine has.

    Under Xen the firmware is asked, whose tables dom0 sees whole; the kernel's own figures, the last resort, are those
    of dom0.
    """
    firmware = (parse_dmi(read_bytes(DMI_TABLE)) or _read_memory_map()) if read_hypervisor().is_xen else 0
    blocks = (name for name in names(SYSFS_MEMORY) if re.fullmatch(r"memory[0-9]+", name))
    states = [read_attribute(f"{SYSFS_MEMORY}/{name}/state") for name in blocks]
    online = parse_blocks(read_attribute(f"{SYSFS_MEMORY}/block_size_bytes"), states)
    return firmware or online or parse_meminfo(read_attribute(MEMINFO))


def read_free() -> int:
    """Return the bytes of memory that can still be had without swapping."""
    return parse_meminfo(read_attribute(MEMINFO), "MemAvailable")


def _read_memory_map() -> int:
    """Ask the map that the kernel got at its start, in dom0 from Xen: that of the machine."""
    directories = (f"{FIRMWARE_MAP}/{name}" for name in names(FIRMWARE_MAP))
    return parse_memory_map(
        (read_attribute(f"{path}/start"), read_attribute(f"{path}/end"), read_attribute(f"{path}/type"))
        for path in directories
    )
