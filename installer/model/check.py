"""Answers against the machine they are for: every problem at once, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from installer.model.answers import Answers
from installer.model.check_boot import mixed_sectors, sector_fault
from installer.model.check_network import network_problems
from installer.model.check_storage import check_storage
from installer.model.hardware_warnings import hardware_warnings
from installer.model.host import Disk, Host
from installer.model.problem import Problem, Severity
from installer.model.unbuilt import contradictions, unbuilt_answers
from installer.model.units import GB, human_size
from installer.model.wishes import StorageType

PRIMARY_DISK_BYTES = 16 * GB  # G 2.1


def check_answers(answers: Answers, host: Host) -> tuple[Problem, ...]:
    """Return everything about the answers that this machine cannot carry out, and what is worth saying.

    Pure: the facts are those of `host`; `where` of a problem is where its answer came from.
    """
    return (
        *_void(answers),
        *hardware_warnings(host),
        *_disks(answers, host),
        *check_storage(answers, host),
        *network_problems(answers, host),
    )


def _void(answers: Answers) -> Iterator[Problem]:
    draft = answers.draft()
    for field, what, hint in (*unbuilt_answers(draft), *contradictions(draft)):
        yield _error(what, answers.origin(field).where, hint)


def _error(message: str, where: str = "", hint: str = "") -> Problem:
    return Problem(Severity.ERROR, message, where, hint)


def _warning(message: str, where: str = "", hint: str = "") -> Problem:
    return Problem(Severity.WARNING, message, where, hint)


def _named_disks(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield field and name of every disk that the answers name, each name once."""
    seen: set[str] = set()
    for kind, names in (("primary", answers.disks.primary), ("guest", answers.disks.guest)):
        for index, name in enumerate(names):
            if name not in seen:
                seen.add(name)
                yield f"disks.{kind}.{index}", name


def _disks(answers: Answers, host: Host) -> Iterator[Problem]:
    names_of: dict[str, str] = {}
    for field, name in _named_disks(answers):
        where = answers.origin(field).where
        disk = host.disk(name)
        if disk is None:
            yield _error(f"this machine has no disk {name}", where, _present("disks", map(Disk.label, host.disks)))
            continue
        if disk.path in names_of:
            message = f"{name} is the same disk as {names_of[disk.path]}"
            yield _error(message, where, "name a disk once, or by the same name")
            continue
        names_of[disk.path] = name
        yield from (_error(message, where, hint) for message, hint in _disk_faults(disk, host, field))
    yield from _storage(answers, host)
    yield from _one_device(answers, host)


def _disk_faults(disk: Disk, host: Host, field: str) -> Iterator[tuple[str, str]]:
    """Yield message and hint of everything that speaks against using a disk."""
    primary = field.startswith("disks.primary.")
    if disk.excluded:
        yield f"the disk {disk.label()} cannot be used: {disk.excluded}", ""
    elif disk.read_only:
        yield f"the disk {disk.label()} cannot be used: it is read-only", ""
    if primary and disk.size_bytes < PRIMARY_DISK_BYTES:
        message = f"the disk {disk.label()} is too small: the primary disk needs {human_size(PRIMARY_DISK_BYTES)}"
        yield message, f"it has {disk.size_bytes:,} bytes of {PRIMARY_DISK_BYTES:,}"
    if fault := sector_fault(disk, host.firmware, primary=primary):
        hint = "start the machine by UEFI, or choose another disk" if primary else "choose another disk"
        yield f"the disk {disk.label()} cannot be used: {fault}", hint


def disk_refusals(disk: Disk, host: Host, *, primary: bool) -> tuple[str, ...]:
    """Return why a disk cannot be the primary one, or one for guests, whatever the answers; none when it can."""
    faults = _disk_faults(disk, host, "disks.primary.0" if primary else "disks.guest.0")
    opening = f"the disk {disk.label()} "
    return tuple(message.removeprefix(opening).removeprefix("cannot be used: ") for message, _ in faults)


def _storage(answers: Answers, host: Host) -> Iterator[Problem]:
    """Yield what speaks against the guest-storage disks taken together."""
    disks = answers.disks
    found = [host.disk(name) for name in (disks.all if disks.storage_on_primary else disks.guest)]
    if fault := mixed_sectors(list(dict.fromkeys(disk for disk in found if disk))):
        yield _error(fault, answers.origin("disks.guest.0").where, "choose disks of one kind")
    if disks.storage_on_primary:
        return
    for index, name in enumerate(disks.guest):
        if name in disks.primary:
            message = f"{name} is the primary disk and is to store no guests, but is named as a guest disk too"
            yield _error(message, answers.origin(f"disks.guest.{index}").where, "one of the two has to go")


def _one_device(answers: Answers, host: Host) -> Iterator[Problem]:
    """Yield the error of a file system over several devices, or over none."""
    if answers.storage_type is not StorageType.EXT:
        return
    disks, where = answers.disks, answers.origin("storage_type").where
    paths = {disk.path if (disk := host.disk(name)) else name for name in disks.all}
    count = len(paths) - (0 if disks.storage_on_primary else len(disks.primary))
    if count > 1:
        message = f"the storage type ext is one file system on one device, but guests are to be stored on {count}"
        yield _error(message, where, "sr-type lvm spans several; or leave out the guest-disks, or gueststorage=no")
    elif count < 1:
        yield _warning("the storage type ext has no meaning: no disk is to store guests", where)


def _present(what: str, labels: Iterable[str]) -> str:
    listed = ", ".join(labels)
    return f"{what} present: {listed}" if listed else f"it has no {what}"
