"""The guard of the machine the installer runs on: which disks are in use, and whether a disk is still the same one.

A use (a mount, a swap, a device-mapper device, ...) is followed down, from a partition to its disk and from a device
to those it is made of, and excludes every device on the way.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from backend.probe.snapshot import BlockDevice, Snapshot, mount_fields, read_snapshot, swap_paths
from backend.probe.sysfs import disk_serial, disk_wwn
from backend.written import FAILING
from installer.model.errors import DiskRefused, tells_of_failing_disk
from installer.model.units import MIB

# kernel names of block devices that are no disks to install on (Documentation/admin-guide/devices.txt)
NOT_A_DISK = re.compile(r"(dm-|md|ram|zram|sr|scd|fd|bcache|drbd|nbd|mtdblock)[0-9].*|md_.+")
IN_USE = "is in use by another program or by the kernel"
MEDIUM_AT = re.compile(r"/run/medium(-[^/]+)?")  # where initrd/init/medium mounts installation media


@dataclass(frozen=True)
class _Use:
    """Why a device is in use; `itself` False: only the devices below it are."""

    device: str
    reason: str
    itself: bool = True


def reasons(snapshot: Snapshot, *, idle_holders: bool = True) -> dict[str, str]:
    """Return why devices are in use, by kernel name; those not in the result are free.

    `idle_holders` says whether a device counts as in use that only carries a device-mapper device, an md array or the
    like that is not used in turn. The reason names the devices in between: `... /home (sda2, md0, vg0-home)`.
    """
    devices = {device.name: device for device in snapshot.devices}
    numbers = Numbers(snapshot)
    found: dict[str, str] = {}
    for use in _uses(snapshot, numbers, idle_holders=idle_holders):
        for name, way in below(use.device, devices, numbers):
            if name == use.device and not use.itself:
                continue
            between = tuple(title(devices[step]) for step in way if step != name)
            found.setdefault(name, f"{use.reason} ({', '.join(between)})" if between and use.itself else use.reason)
    return found


def _uses(snapshot: Snapshot, numbers: Numbers, *, idle_holders: bool) -> Iterator[_Use]:
    """Yield all uses, those that say most first."""
    for name in numbers.devices(snapshot.root_number):
        yield _Use(name, "is the running system's root")
    for path in swap_paths(snapshot.swaps):
        for name in numbers.of_path(path):
            yield _Use(name, "holds swap" if path.startswith("/dev/") else f"holds the swap file {path}")
    for number, mount_point, _ in mount_fields(snapshot.mounts):
        carried = f"carries the mounted file system {mount_point}"
        for name in numbers.devices(number):
            yield _Use(name, "holds the installation medium" if MEDIUM_AT.fullmatch(mount_point) else carried)
    for members in snapshot.btrfs:
        for name in members:
            yield _Use(name, "is a member of a mounted btrfs")
    for device in snapshot.devices:
        if device.backing_number and not device.backing_file.startswith("/dev/"):
            yield _Use(device.name, f"holds {device.backing_file}, attached to {device.name}", itself=False)
        elif device.backing_number and idle_holders:
            yield _Use(device.name, f"is attached to {device.name}", itself=False)
    for device in snapshot.devices:
        if device.slaves and idle_holders:
            yield _Use(device.name, _held_by(device), itself=False)


class Numbers:
    """From device numbers and paths to kernel names; anonymous numbers (btrfs) through the sources of the mounts."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._names = {device.number: device.name for device in snapshot.devices}
        self._by_dm_name = {device.dm_name: device.name for device in snapshot.devices if device.dm_name}
        self._paths = dict(snapshot.file_numbers)
        self._sources: dict[str, list[str]] = {}
        for number, _, source in mount_fields(snapshot.mounts):
            if source.startswith("/dev/") and number not in self._names:
                self._sources.setdefault(number, []).append(source)

    def devices(self, number: str) -> tuple[str, ...]:
        """Return the devices of a file system's number."""
        if number in self._names:
            return (self._names[number],)
        return tuple(name for source in self._sources.get(number, ()) for name in self.of_node(source))

    def of_node(self, path: str) -> tuple[str, ...]:
        """Return the device of a node, by its number or else, when the node is gone, by its name."""
        if not path.startswith("/dev/"):
            return ()
        if (number := self._paths.get(path, "")) in self._names:
            return (self._names[number],)
        name = path.removeprefix("/dev/").replace("/", "!")
        dm_name = path.rpartition("/")[2]
        if name in self._names.values():
            return (name,)
        return (self._by_dm_name[dm_name],) if dm_name in self._by_dm_name else ()

    def of_path(self, path: str) -> tuple[str, ...]:
        """Return the devices of a node, or of the file system that a file is on."""
        return self.of_node(path) or self.devices(self._paths.get(path, ""))


def below(name: str, devices: dict[str, BlockDevice], numbers: Numbers) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a device and all below it, each with the way there, lowest first; loops of devices end the walk."""
    waiting: list[tuple[str, tuple[str, ...]]] = [(name, (name,))]
    seen: set[str] = set()
    while waiting:
        current, way = waiting.pop()
        if current in seen or current not in devices:
            continue
        seen.add(current)
        yield current, way
        device = devices[current]
        lower = [*device.slaves, *numbers.devices(device.backing_number)]
        if device.parent:
            lower.append(device.parent)
        waiting += [(step, (step, *way)) for step in dict.fromkeys(lower)]


def title(device: BlockDevice) -> str:
    """Return what people call a device."""
    return device.dm_name or device.name


def volume_group(dm_name: str) -> str:
    """Return the group of a logical volume: a single hyphen ends its name, those in it are doubled (lvm(8))."""
    return re.split(r"(?<!-)-(?!-)", dm_name, maxsplit=1)[0].replace("--", "-")


def _held_by(device: BlockDevice) -> str:
    """Return what a device made of others is, by the prefix of its dm uuid (libdevmapper.h) or its name."""
    name, kind = title(device), device.dm_uuid.partition("-")[0]
    if kind == "LVM":
        return f"is a member of the running volume group {volume_group(name)}"
    if kind == "mpath":
        return f"is a path of the multipath device {name}"
    if kind == "CRYPT":
        return f"holds the open encrypted volume {name}"
    if re.fullmatch(r"md([0-9]+|_.+)", device.name):
        return f"is a member of the running array {name}"
    return f"is used by {name}"


def check_unused(path: str, *, idle_holders: bool = True) -> None:
    """Refuse a block device that must not be written; it is opened exclusively, read-only, and closed again.

    Raises DiskRefused with the reason: not a block device, a partition, read-only, empty, in use by this machine.
    """
    path = os.path.realpath(path)
    try:
        status = os.stat(path)
    except OSError as error:
        raise DiskRefused(f"cannot be looked at: {error.strerror}", where=path) from error
    if not stat.S_ISBLK(status.st_mode):
        raise DiskRefused("is not a block device", where=path)
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    snapshot = read_snapshot()
    reason = refusal(snapshot, number, idle_holders=idle_holders)
    if not reason and not refusal(snapshot, number):  # an idle holder has it open exclusively
        reason = open_refusal(path)
    if reason:
        raise DiskRefused(reason, where=path, hint="choose a disk that this machine does not use")


def refusal(snapshot: Snapshot, number: str, *, idle_holders: bool = True) -> str:
    """Return why the block device of that major:minor is no disk to install on, or nothing."""
    device = next((device for device in snapshot.devices if device.number == number), None)
    if device is None:
        return "is not known to the kernel"
    if device.parent:
        return f"is a partition of {device.parent}, and only whole disks are installed on"
    if NOT_A_DISK.fullmatch(device.name):
        return "is not a disk"
    if reason := reasons(snapshot, idle_holders=idle_holders).get(device.name):
        return reason
    return "is read-only" if device.read_only else ""


def open_refusal(path: str) -> str:
    """Try what a mount or mkfs does (open(2), O_EXCL on a block device): it finds what sysfs does not show."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return IN_USE
        return f"cannot be opened: {error.strerror}"
    try:
        return "" if os.lseek(descriptor, 0, os.SEEK_END) else "has no size: no medium, or nothing attached"
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Fingerprint:
    """What tells a disk from another and from itself after a write: `contents` is a SHA-256 of both end MiBs."""

    size_bytes: int
    serial: str
    wwn: str
    contents: str

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """Return what is not the same, in words; none for the same disk with the same contents."""
        pairs = (
            ("size", self.size_bytes, other.size_bytes),
            ("serial number", self.serial, other.serial),
            ("WWN", self.wwn, other.wwn),
            ("first or last MiB", self.contents, other.contents),
        )
        return tuple(name for name, mine, its in pairs if mine != its)


def fingerprint(path: str, *, exclusive: bool = True) -> Fingerprint:
    """Read the fingerprint of a disk or image file; nothing is written. A block device is opened exclusively.

    Raises DiskRefused when it cannot be read or is in use.
    """
    path = os.path.realpath(path)
    try:
        size_bytes, ends = _ends(path, exclusive=exclusive and stat.S_ISBLK(os.stat(path).st_mode))
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise DiskRefused(IN_USE, where=path, hint="stop what uses it and start again") from error
        hint = FAILING if tells_of_failing_disk(error) else ""
        raise DiskRefused(f"cannot be read: {error.strerror}", where=path, hint=hint) from error
    name = path.removeprefix("/dev/").replace("/", "!") if path.startswith("/dev/") else ""
    return Fingerprint(
        size_bytes=size_bytes,
        serial=disk_serial(name) if name else "",
        wwn=disk_wwn(name) if name else "",
        contents=hashlib.sha256(ends).hexdigest(),
    )


def is_blank(path: str) -> bool | None:
    """Say whether a disk or file holds only zeros in its first and last MiB; None when it cannot be read."""
    try:
        return not any(_ends(path)[1])
    except OSError:
        return None


def _ends(path: str, *, exclusive: bool = False) -> tuple[int, bytes]:
    flags = os.O_RDONLY | os.O_CLOEXEC | (os.O_EXCL if exclusive else 0)
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as stream:
        size_bytes = stream.seek(0, os.SEEK_END)
        ends = b""
        for start in (0, max(0, size_bytes - MIB)):
            stream.seek(start)
            ends += stream.read(min(MIB, size_bytes - start))
    return size_bytes, ends
