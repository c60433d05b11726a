"""The settings of the host that is installed over take the place of the answers that nobody gave (spec R13, R35)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType

from installer.model.answers import Answers, Kept
from installer.model.existing import InstalledHost
from installer.model.host import Disk, Host
from installer.model.origin import Origin
from installer.model.problem import Problem, Severity
from installer.model.wishes import Mode, StorageType, TimeMethod

GIVE = {  # what to say in the answerfile when a setting cannot be read
    Kept.INTERFACE: "<admin-interface>",
    Kept.TIMEZONE: "<timezone>",
    Kept.KEYMAP: "<keymap>",
}


@dataclass(frozen=True)
class Preserved:
    """The answers with the host's own settings in them, and that host; None in a fresh installation."""

    answers: Answers
    installed: InstalledHost | None = None
    problems: tuple[Problem, ...] = ()


def keep_settings(answers: Answers, host: Host) -> Preserved:
    """Return the answers completed by what the existing host is set to.

    Pure. Problems: the disk is not there, has no host on it, has one that cannot be installed over, or has a setting
    that cannot be read and without which the host would not be found again.
    """
    if not answers.preserves:
        return Preserved(answers)
    if answers.existing is None or answers.existing.disk is None:
        what = f"the mode {answers.mode} keeps a host, but none is named"
        return Preserved(answers, None, (Problem(Severity.ERROR, what, hint=_present(host)),))
    where = answers.origin("existing.disk").where
    disk = host.disk(answers.existing.disk)
    if disk is None:
        what = f"this machine has no disk {answers.existing.disk}"
        return Preserved(answers, None, (Problem(Severity.ERROR, what, where, _present(host)),))
    installed = disk.installed
    if installed is None:
        what = f"there is no installed host on the disk {disk.label()} ({disk.contents or 'unknown contents'})"
        return Preserved(answers, None, (Problem(Severity.ERROR, what, where, _present(host)),))
    if installed.refused:
        what = f"{installed.title} on {disk.name} cannot be installed over: {installed.refused}"
        return Preserved(answers, None, (Problem(Severity.ERROR, what, where, installed.hint),))
    filled = _filled(answers, installed, _origin(disk, installed))
    return Preserved(filled, installed, tuple(_problems(answers, installed, where)))


def with_old_names(host: Host, installed: InstalledHost | None) -> Host:
    """Return the machine with its NICs called as the host that is kept calls them; new ones get the free numbers.

    Its database speaks of eth0 and xenbr0: under other names virtual machines would come up on another network.
    """
    old = dict(text.split() for text in installed.settings.nics) if installed else {}
    names = {nic.mac: old[nic.mac] for nic in host.nics if nic.mac in old}
    if not names or len(set(names.values())) != len(names):
        return host
    free = (name for number in count() if (name := f"eth{number}") not in names.values())
    nics = sorted((replace(nic, name=names.get(nic.mac) or next(free)) for nic in host.nics), key=lambda nic: nic.name)
    return replace(host, nics=tuple(nics))


def _origin(disk: Disk, installed: InstalledHost) -> Origin:
    return Origin("existing", f"{installed.title} on {disk.name}")


def _filled(answers: Answers, installed: InstalledHost, origin: Origin) -> Answers:
    kept, settings = answers.kept, installed.settings
    clock, naming, storage = answers.clock, answers.naming, installed.storage
    if Kept.TIMEZONE in kept and settings.timezone:
        clock = replace(clock, timezone=settings.timezone)
    if Kept.TIME in kept:
        method = TimeMethod.MANUAL if settings.clock_by_hand else TimeMethod.NTP
        clock = replace(clock, ntp_servers=settings.ntp_servers, method=method)
    if Kept.HOSTNAME in kept:
        naming = replace(naming, hostname=settings.hostname)
    if Kept.NAMESERVERS in kept:
        naming = replace(naming, nameservers=settings.nameservers)
    filled = replace(
        answers,
        keymap=settings.keymap if Kept.KEYMAP in kept and settings.keymap else answers.keymap,
        clock=clock,
        naming=naming,
        disks=replace(answers.disks, storage_on_primary=storage is not None),
        storage_type=storage.type if storage else StorageType.LVM,
        access=replace(answers.access, ssh=settings.ssh) if Kept.SSH in kept else answers.access,
        origins=_origins(answers, origin),
    )
    if Kept.INTERFACE in kept and settings.interface:
        return replace(filled, interface=settings.interface, bonds=settings.bonds)
    return filled


def _origins(answers: Answers, origin: Origin) -> Mapping[str, Origin]:
    fields = {
        Kept.KEYMAP: ("keymap",),
        Kept.INTERFACE: ("interface", "bonds"),
        Kept.TIMEZONE: ("clock.timezone",),
        Kept.TIME: ("ntp_servers", "time_method"),
        Kept.HOSTNAME: ("naming.hostname",),
        Kept.NAMESERVERS: ("naming.nameservers",),
        Kept.SSH: ("access.ssh",),
        Kept.PASSWORD: ("root_password",),
    }
    return MappingProxyType({**answers.origins, **{name: origin for kept in answers.kept for name in fields[kept]}})


def _problems(answers: Answers, installed: InstalledHost, where: str) -> Iterator[Problem]:
    settings = installed.settings
    read = {
        Kept.INTERFACE: settings.interface is not None,
        Kept.TIMEZONE: settings.timezone is not None,
        Kept.KEYMAP: settings.keymap is not None,
    }
    for kept, found in read.items():
        if kept not in answers.kept or found:
            continue
        what = f"the {kept} of the existing host cannot be read"
        if kept is Kept.KEYMAP:
            yield Problem(Severity.WARNING, f"{what}: {answers.keymap} is taken", where)
        else:
            yield Problem(Severity.ERROR, what, where, f"say it by {GIVE[kept]}")
    if installed.unfinished:
        what = f"an installation over {installed.title} was broken off ({installed.step})"
        yield Problem(Severity.WARNING, f"{what}: this one brings it to its end", where)
    for guest in installed.active_guests:
        what = f"the virtual machine {guest.name or guest.uuid} is recorded as {guest.power}"
        yield Problem(Severity.WARNING, f"{what}: it should be shut down first, by the old host", where)
    if installed.mode is Mode.UPGRADE and answers.existing and not answers.existing.backup:
        what = f"what {installed.title} knows of its virtual machines is in its control domain alone"
        yield Problem(Severity.ERROR, f"{what}, and lost without a backup", where, 'leave out backup="no"')
    for text in settings.unreadable:
        yield Problem(Severity.WARNING, f"not understood of the existing host, and not kept: {text}", where)


def _present(host: Host) -> str:
    found = [f"{disk.name} ({disk.installed.title})" for disk in host.disks if disk.installed]
    return f"installed hosts: {', '.join(found)}" if found else "no disk of this machine has one; mode fresh installs"
