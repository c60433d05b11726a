"""Which disks and which interfaces answers mean on a machine: rules and MAC addresses become names (spec R72)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from installer.model.answers import Answers, Origin
from installer.model.check import disk_refusals
from installer.model.disk_rule import DiskRule
from installer.model.host import Disk, Host
from installer.model.interface import Bond
from installer.model.problem import Problem, Severity


def choose_devices(answers: Answers, host: Host) -> tuple[Answers, tuple[Problem, ...]]:
    """Return the answers with the machine's names for whatever they describe, and what could not be found.

    Pure. A rule that several disks fit is a problem that lists them, except that disks the answers have chosen
    already stand back. Origins follow, so that later problems still name the line of the file.
    """
    choosing = _Choosing(answers, host)
    primary = (*answers.disks.primary, *choosing.disks("primary", answers.disks.primary_rules))
    choosing.chosen |= {disk.path for name in (*primary, *answers.disks.guest) if (disk := host.disk(name))}
    guest = (*answers.disks.guest, *choosing.disks("guest", answers.disks.guest_rules))
    disks = replace(answers.disks, primary=primary, guest=guest, primary_rules=(), guest_rules=())
    interface = replace(answers.interface, name=choosing.nic())
    bonds = tuple(choosing.bond(index, bond) for index, bond in enumerate(answers.bonds))
    origins = MappingProxyType(choosing.origins)
    chosen = replace(answers, disks=disks, interface=interface, bonds=bonds, origins=origins)
    return chosen, tuple(choosing.problems)


class _Choosing:
    """What has been chosen so far, and what was wrong."""

    def __init__(self, answers: Answers, host: Host) -> None:
        self._answers, self._host = answers, host
        self.chosen: set[str] = set()
        self.problems: list[Problem] = []
        self.origins: dict[str, Origin] = dict(answers.origins)

    def disks(self, role: str, rules: Sequence[DiskRule]) -> Iterator[str]:
        """Yield the name of the disk of each rule that one disk fits."""
        named = len(self._answers.disks.primary if role == "primary" else self._answers.disks.guest)
        for index, rule in enumerate(rules):
            origin = self._answers.origin(f"disks.{role}_rules.{index}")
            disk = self._disk(rule, origin.where, primary=role == "primary")
            if disk is None:
                continue
            self.origins[f"disks.{role}.{named}"] = origin
            named += 1
            self.chosen.add(disk.path)
            yield disk.name

    def _disk(self, rule: DiskRule, where: str, *, primary: bool) -> Disk | None:
        refusals = {
            disk: disk_refusals(disk, self._host, primary=primary) for disk in self._host.disks if rule.fits(disk)
        }
        fitting = tuple(refusals)
        usable = tuple(disk for disk in fitting if not refusals[disk])
        free = tuple(disk for disk in usable if disk.path not in self.chosen)
        picked = rule.picked(free or usable)
        if len(picked) == 1:
            return picked[0]
        if picked:
            message, listed = f"several disks fit {rule}", ", ".join(disk.label() for disk in picked)
        elif fitting:
            message = f"no disk that fits {rule} can be used"
            listed = ", ".join(f"{disk.label()}: {'; '.join(refusals[disk])}" for disk in fitting)
        else:
            message = f"no disk of this machine fits {rule}"
            listed = "disks present: " + ", ".join(f"{disk.label()} {disk.wwn}".rstrip() for disk in self._host.disks)
        self.problems.append(Problem(Severity.ERROR, message, where, listed))
        return None

    def nic(self) -> str | None:
        """Return the name of the management interface: the one with its address, where that is given."""
        interface = self._answers.interface
        if interface.mac is None:
            return interface.name
        where = self._answers.origin("interface").where
        nic = next((nic for nic in self._host.nics if nic.mac == interface.mac), None)
        present = ", ".join(f"{nic.name} {nic.mac}" for nic in self._host.nics)
        hint = f"network interfaces present: {present}" if present else "it has none"
        if nic is None:
            message = f"this machine has no network interface with the address {interface.mac}"
            self.problems.append(Problem(Severity.ERROR, message, where, hint))
            return interface.name
        if interface.name not in (None, nic.name):
            message = f"the network interface {interface.name} has not the address {interface.mac}"
            self.problems.append(Problem(Severity.ERROR, message, where, hint))
        return nic.name

    def bond(self, index: int, bond: Bond) -> Bond:
        """Return the bond with its members' names."""
        where = self._answers.origin(f"bonds.{index}").where
        present = ", ".join(f"{nic.name} {nic.mac}" for nic in self._host.nics) or "none"
        names: list[str] = []
        for member in bond.members:
            nic = next((nic for nic in self._host.nics if member in (nic.name, nic.mac)), None)
            if nic is None:
                message = f"this machine has no network interface {member} for {bond.name}"
                self.problems.append(Problem(Severity.ERROR, message, where, f"network interfaces present: {present}"))
            elif nic.name in names:
                message = f"{bond.name} names the network interface {nic.name} twice"
                self.problems.append(Problem(Severity.ERROR, message, where, "by its name and by its address"))
            else:
                names.append(nic.name)
        return replace(bond, members=tuple(names))
