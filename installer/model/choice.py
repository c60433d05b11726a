"""Which disks and which interfaces answers mean on a machine: rules and MAC addresses become names (spec R72)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from installer.model.answers import AdminInterface, Answers, DiskChoice, Draft, Origin, origin_of
from installer.model.check import disk_refusals
from installer.model.check_storage import is_one_of
from installer.model.disk_rule import DiskRule
from installer.model.host import Disk, Host
from installer.model.interface import Bond
from installer.model.problem import Problem, Severity


def choose_devices(answers: Answers, host: Host) -> tuple[Answers, tuple[Problem, ...]]:
    """Return the answers with the machine's names for whatever they describe, and what could not be found.

    Pure. A rule that several disks fit is a problem that lists them, also where all but one cannot be used: only `pick`
    chooses. Disks that the answers have chosen already stand back, and the paths to one disk count as one. Origins
    follow, so that later problems still name the line of the file.
    """
    choosing = _Choosing(answers.origins, host)
    disks = choosing.disks(answers.disks)
    interface = replace(answers.interface, name=choosing.nic(answers.interface))
    bonds = tuple(choosing.bond(index, bond) for index, bond in enumerate(answers.bonds))
    origins = MappingProxyType(choosing.origins)
    chosen = replace(answers, disks=disks, interface=interface, bonds=bonds, origins=origins)
    return chosen, tuple(choosing.problems)


def choose_for_draft(draft: Draft, host: Host) -> tuple[Draft, tuple[Problem, ...]]:
    """Return the draft with the machine's own names for whatever it describes, and what could not be found.

    Pure. Names stand in place of rules, paths and links as well. Where something was not found, the disks are no
    longer answered, and the interface keeps its address, but neither name nor MAC address.
    """
    disks, interface = draft.disks, draft.interface
    on_disks = _Choosing(draft.origins, host)
    if disks is not None:
        disks = on_disks.names(on_disks.disks(disks))
    on_nics = _Choosing(on_disks.origins, host)
    if interface is not None:
        name = on_nics.nic(interface)
        bonds = {bond.name for bond in draft.bonds}
        if name and name not in bonds and host.nic(name) is None:
            on_nics.absent("network interface", name, "interface", [nic.name for nic in host.nics])
        found = replace(interface, name=name)
        interface = replace(interface, name=None, mac=None) if on_nics.problems else found
    chosen = replace(draft, disks=disks, interface=interface, origins=MappingProxyType(on_disks.origins))
    return chosen, (*on_disks.problems, *on_nics.problems)


class _Choosing:
    """What has been chosen so far, and what was wrong."""

    def __init__(self, origins: Mapping[str, Origin], host: Host) -> None:
        self._host = host
        self._chosen: set[str] = set()
        self.problems: list[Problem] = []
        self.origins: dict[str, Origin] = dict(origins)

    def disks(self, choice: DiskChoice) -> DiskChoice:
        """Return the choice with names in place of its rules."""
        primary = (*choice.primary, *self._by_rules("primary", len(choice.primary), choice.primary_rules))
        self._chosen |= {disk.name for name in (*primary, *choice.guest) if (disk := self._host.disk(name))}
        guest = (*choice.guest, *self._by_rules("guest", len(choice.guest), choice.guest_rules))
        return replace(choice, primary=primary, guest=guest, primary_rules=(), guest_rules=())

    def names(self, choice: DiskChoice) -> DiskChoice | None:
        """Return the choice with the names of its disks in place of paths and links; None when one is not there."""
        for name in choice.all:
            if self._host.disk(name) is None:
                self.absent("disk", name, "disks", [disk.label() for disk in self._host.disks])
        if self.problems or not choice.primary:
            return None
        return replace(choice, primary=self._named(choice.primary), guest=self._named(choice.guest))

    def _named(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(disk.name for name in names if (disk := self._host.disk(name))))

    def absent(self, kind: str, name: str, field: str, present: Sequence[str]) -> None:
        """Note that the machine has no such thing."""
        where = origin_of(self.origins, field).where
        hint = f"present: {', '.join(present)}" if present else "it has none"
        self.problems.append(Problem(Severity.ERROR, f"this machine has no {kind} {name}", where, hint))

    def _by_rules(self, role: str, named: int, rules: Sequence[DiskRule]) -> Iterator[str]:
        """Yield the name of the disk of each rule that one disk fits; so many are named already."""
        for index, rule in enumerate(rules):
            origin = origin_of(self.origins, f"disks.{role}_rules.{index}")
            disk = self._disk(rule, origin.where, primary=role == "primary")
            if disk is None:
                continue
            self.origins[f"disks.{role}.{named}"] = origin
            named += 1
            self._chosen.add(disk.name)
            yield disk.name

    def _disk(self, rule: DiskRule, where: str, *, primary: bool) -> Disk | None:
        paths = tuple(disk for disk in self._host.disks if rule.fits(disk))
        refusals = {disk: "; ".join(disk_refusals(disk, self._host, primary=primary)) for disk in paths}
        fitting = self._one_path_each(sorted(paths, key=lambda disk: refusals[disk] != ""))
        usable = tuple(disk for disk in fitting if not refusals[disk])
        counted = usable if rule.pick else fitting
        free = tuple(disk for disk in counted if not is_one_of(disk.name, self._chosen, self._host))
        picked = rule.picked(free or counted)
        if len(picked) == 1 and picked[0] in usable:
            return picked[0]
        listed = ", ".join(f"{disk.label()}: {refusals[disk]}".removesuffix(": ") for disk in picked or fitting)
        if any(disk in usable for disk in picked):
            message = f"several disks fit {rule}"
        elif fitting:
            message = f"no disk that fits {rule} can be used"
        else:
            message = f"no disk of this machine fits {rule}"
            listed = "disks present: " + ", ".join(f"{disk.label()} {disk.wwn}".rstrip() for disk in self._host.disks)
        self.problems.append(Problem(Severity.ERROR, message, where, listed))
        return None

    def _one_path_each(self, disks: Sequence[Disk]) -> tuple[Disk, ...]:
        """Return the first of all paths to each disk, in the machine's order."""
        found: list[Disk] = []
        for disk in disks:
            if not is_one_of(disk.name, [other.name for other in found], self._host):
                found.append(disk)
        return tuple(disk for disk in self._host.disks if disk in found)

    def nic(self, interface: AdminInterface) -> str | None:
        """Return the name of the management interface: the one with its address, where that is given."""
        if interface.mac is None:
            return interface.name
        where = origin_of(self.origins, "interface").where
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
        where = origin_of(self.origins, f"bonds.{index}").where
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
