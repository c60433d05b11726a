"""Targets: image files and block devices that stand in for the disks of the machine (`--target`, `--size`)."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

from backend.left_behind import check_unlocked, is_left_behind
from backend.probe.disks import read_disk
from backend.probe.in_use import check_unused, is_blank
from backend.probe.phrases import BLANK
from backend.probe.snapshot import loop_of_file
from installer.model.errors import DeviceError, DiskRefused, InstallerError, UsageError
from installer.model.firmware_of_table import for_firmware
from installer.model.host import Disk, Host

if TYPE_CHECKING:
    from backend.system import System

SIZE_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}  # as in truncate(1)
LARGEST = 2**63 - 1  # loff_t
LOOP_SECTOR = 512
DETACH_LIMIT_S = 60.0  # nobody can break a release off
BY_ID = "/dev/disk/by-id/"


@dataclass(frozen=True)
class TargetSpec:
    """One `--target`: `disk` is how the answers call it, empty for the primary disk."""

    path: str
    disk: str = ""


@dataclass(frozen=True)
class Target:
    """A target that was looked at: `facts` are those of the file or device, `create_bytes` is 0 for what exists.

    `left_on` is the loop device that an installation which was killed left an image attached to.
    """

    spec: TargetSpec
    facts: Disk
    is_image: bool
    create_bytes: int = 0
    left_on: str = ""


def parse_target(text: str) -> TargetSpec:
    """Return the parts of `[DISK=]PATH`.

    What stands before the first `=` is a disk when it has no slash or begins with /dev/, so `./a=b.img` is a path.
    Raises UsageError for an empty part.
    """
    disk, mark, path = text.partition("=")
    if not mark or ("/" in disk and not disk.startswith("/dev/")):
        disk, path = "", text
    if not path or (mark and not text.partition("=")[0]) or "\0" in text:
        raise UsageError(f"--target {text!r} is not [DISK=]PATH", hint="such as --target sda=disk.img")
    return TargetSpec(path, disk)


def parse_size(text: str) -> int:
    """Return the bytes of a size such as 16G, 500M or 17179869184; K, M, G and T are powers of 1024 as in truncate(1).

    Raises UsageError.
    """
    match = re.fullmatch(r"([0-9]{1,19})([KMGT]?)", text)
    size_bytes = int(match[1]) * SIZE_UNITS[match[2]] if match else 0
    if not 0 < size_bytes <= LARGEST:
        meant = re.match(r"[0-9]+", text)
        hint = f"did you mean {meant[0]}G?" if meant else "write it as in 16G:"
        raise UsageError(f"--size {text!r} is not a size", hint=f"{hint} K, M, G and T are powers of 1024")
    if size_bytes % LOOP_SECTOR:
        hint = f"a disk has whole sectors; did you mean {text}G?"
        raise UsageError(f"--size {text} is not a multiple of {LOOP_SECTOR} bytes", hint=hint)
    return size_bytes


def read_targets(specs: Sequence[TargetSpec], size_bytes: int | None) -> tuple[Target, ...]:
    """Look at every target; nothing is changed or created.

    Raises UsageError for what cannot be a target, DiskRefused for one in use.
    """
    targets = tuple(_read_target(spec, size_bytes) for spec in specs)
    for position, target in enumerate(targets):
        for other in targets[:position]:
            if _same_file(target.facts.path, other.facts.path):
                raise UsageError(
                    f"--target {target.spec.path} and --target {other.spec.path} are the same",
                    hint="each disk needs a target of its own",
                )
    if size_bytes is not None and targets and not any(target.is_image for target in targets):
        raise UsageError("--size is for image files, and no target is one", hint="leave --size out")
    return targets


def _same_file(path: str, other: str) -> bool:
    """Compare paths without links; hard links and second nodes of one device count as the same."""
    if path == other:
        return True
    try:
        return _identity(path) == _identity(other)
    except OSError:
        return False


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return (0, status.st_rdev) if stat.S_ISBLK(status.st_mode) else (status.st_dev, status.st_ino)


def _read_target(spec: TargetSpec, size_bytes: int | None) -> Target:
    path = os.path.realpath(spec.path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _new_image(spec, path, size_bytes)
    except OSError as error:
        raise UsageError(f"cannot be looked at: {error.strerror}", where=f"--target {spec.path}") from error
    if stat.S_ISBLK(mode):
        check_unused(path)
        return Target(spec, read_disk(path), is_image=False)
    if stat.S_ISREG(mode):
        return _old_image(spec, path, size_bytes)
    kind = "a directory" if stat.S_ISDIR(mode) else "neither a file nor a block device"
    raise UsageError(f"is {kind}", where=f"--target {spec.path}", hint="name an image file or a whole disk")


def _new_image(spec: TargetSpec, path: str, size_bytes: int | None) -> Target:
    where = f"--target {spec.path}"
    directory = os.path.dirname(path)
    if _is_device_directory(directory):
        raise UsageError("there is no such device", where=where, hint="lsblk lists the disks")
    if not os.path.isdir(directory):
        raise UsageError(f"there is no directory {directory}", where=where)
    if size_bytes is None:
        raise UsageError("the file does not exist", where=where, hint="--size 16G makes it with that size")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"no file can be made in {directory}", where=where, hint="it is read-only for this user")
    return Target(spec, _image_facts(path, size_bytes, "new image file"), is_image=True, create_bytes=size_bytes)


def _is_device_directory(directory: str) -> bool:
    """Tell whether only the kernel makes what is in it: a file made there by mistake would fill the memory.

    /dev/shm is below /dev, and is a file system of its own that is made for files.
    """
    if not f"{directory}/".startswith("/dev/"):
        return False
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return os.stat(directory).st_dev == os.stat("/dev").st_dev


def _old_image(spec: TargetSpec, path: str, size_bytes: int | None) -> Target:
    where = f"--target {spec.path}"
    found_bytes = os.stat(path).st_size
    if size_bytes is not None and size_bytes != found_bytes:
        raise UsageError(
            f"the file exists and has {found_bytes} bytes, not the {size_bytes} of --size",
            where=where,
            hint="leave --size out to use the file as it is, or remove it to have it made anew",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise UsageError("the file may not be written", where=where, hint="look at its mode and its file system")
    check_unlocked(path)
    loop = loop_of_file(path)
    if loop and not is_left_behind(loop, path):
        raise DiskRefused(f"the file is attached to {loop}", where=where, hint=f"losetup --detach {loop} frees it")
    if _locked(path):
        raise DiskRefused("another program has locked the file", where=where, hint="a virtual machine may run on it")
    facts = _image_facts(path, found_bytes, BLANK[is_blank(path)])
    return Target(spec, facts, is_image=True, left_on=loop)


def _image_facts(path: str, size_bytes: int, contents: str) -> Disk:
    return Disk(os.path.basename(path), path, size_bytes, model="disk image", contents=contents)


def _locked(path: str) -> bool:
    """Say whether another process holds a lock on any byte (fcntl_locking(2)); QEMU locks the images it runs on."""
    query = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, query)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    kind: int = struct.unpack_from("h", answer)[0]
    return kind != fcntl.F_UNLCK


def apply_targets(host: Host, targets: Sequence[Target], primary: Sequence[str]) -> Host:
    """Return the host with each target in place of its disk, under the disk's name; unnamed disks are added.

    `primary` are the answers' names of the primary disk; a target without DISK= stands for the first. An image keeps
    the sector size of the disk it replaces, and the by-id links, so that the answers' names still lead to it.
    Raises UsageError when two targets stand for one disk or there is no primary disk to stand for.
    """
    taken: dict[str, str] = {}
    for target in targets:
        text = target.spec.disk or next(iter(primary), "")
        if not text:
            raise UsageError(
                "no primary disk is known that it could stand for",
                where=f"--target {target.spec.path}",
                hint=f"name the disk: --target sda={target.spec.path}",
            )
        disk = host.disk(text)
        name = disk.name if disk else _new_name(host, text)
        if name in taken:
            raise UsageError(
                f"{name} already has the target {taken[name]}",
                where=f"--target {target.spec.path}",
                hint="without DISK= a target stands for the primary disk",
            )
        taken[name] = target.spec.path
        host = _with_disk(host, disk, text, name, target)
    return host


def _new_name(host: Host, text: str) -> str:
    """Return the kernel name of a disk the host has not got: the answers' own, or the next free one for a link."""
    bare = text.removeprefix("/dev/")
    if "/" not in bare:
        return bare
    return next(name for letter in ascii_lowercase if host.disk(name := f"sd{letter}") is None)


def _with_disk(host: Host, old: Disk | None, text: str, name: str, target: Target) -> Host:
    """Put the target's facts in place; its own stable names come first, the answers' names still lead to it."""
    known = old.by_id if old else (text,) if text.startswith(BY_ID) else ()
    facts = replace(target.facts, name=name, by_id=tuple(dict.fromkeys(target.facts.by_id + known)))
    if target.is_image:
        facts = replace(facts, sector_bytes=old.sector_bytes if old else LOOP_SECTOR)
        if not facts.size_bytes or facts.size_bytes % facts.sector_bytes:
            raise UsageError(
                f"the image has {facts.size_bytes} bytes, which are not whole sectors of {facts.sector_bytes}",
                where=f"--target {target.spec.path}",
                hint="truncate --size=16G makes a fitting file",
            )
    facts = for_firmware(facts, host.firmware)
    if old is None:
        return replace(host, disks=(*host.disks, facts))
    return replace(host, disks=tuple(facts if disk is old else disk for disk in host.disks))


def untargeted(host: Host, targets: Sequence[Target], chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the chosen names that no target stands for; `host` is the one that `apply_targets` returned."""
    paths = {target.facts.path for target in targets}
    return tuple(name for name in chosen if (disk := host.disk(name)) is None or disk.path not in paths)


@contextmanager
def attached(system: System, path: str, *, sector_bytes: int = LOOP_SECTOR) -> Iterator[str]:
    """Attach an image file to a loop device for as long as the context lasts; gives the device node.

    Partitions are removed first: their nodes would outlive the loop device. A release that fails does not hide the
    error of the body. Raises CommandFailed, DeviceError.
    """
    sectors = () if sector_bytes == LOOP_SECTOR else (f"--sector-size={sector_bytes}",)
    try:
        lines = system.run(("losetup", "--find", "--show", *sectors, path), why=f"{path} cannot be attached")
    except BaseException:
        with suppress(InstallerError, OSError):  # broken off after it had attached
            if device := loop_of_file(path):
                _detach(system, device)
        raise
    device = next((line for line in reversed(lines) if line.startswith("/dev/")), "")
    if not device:
        raise DeviceError("losetup named no loop device", where=path)
    try:
        # a read-only flag that somebody set on this loop device outlives what was attached to it then
        system.note_attached(device, path)
        system.run(("blockdev", "--setrw", device))
        yield device
    except BaseException:
        with suppress(InstallerError):
            _detach(system, device)
        raise
    _detach(system, device)


def _detach(system: System, device: str) -> None:
    try:
        system.run(("partx", "--delete", device), ok=(0, 1), timeout_s=DETACH_LIMIT_S)
    finally:
        system.run(("losetup", "--detach", device), timeout_s=DETACH_LIMIT_S)
        system.note_detached(device)
