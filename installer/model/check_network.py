"""What speaks against the network that answers describe on a machine: interfaces, bonds, names."""

from __future__ import annotations

from collections.abc import Iterator

from installer.model.answers import Answers
from installer.model.host import Host
from installer.model.problem import Problem, Severity

KERNEL_HOSTNAME_LENGTH = 64  # __NEW_UTS_LEN of linux/utsname.h
LONGEST_DEVICE = 15  # IFNAMSIZ of linux/if.h, without the final NUL
LONGEST_BRIDGED = LONGEST_DEVICE - len("xenbr")  # the bridge over it has a name made from its own


def network_problems(answers: Answers, host: Host) -> Iterator[Problem]:
    """Yield what does not fit; the names are those of the machine already (`choose_devices`)."""
    yield from _management(answers, host)
    yield from _bonds(answers, host)
    hostname = answers.naming.hostname
    if hostname and len(hostname) > KERNEL_HOSTNAME_LENGTH:
        message = f"the host name has {len(hostname)} characters; Linux holds {KERNEL_HOSTNAME_LENGTH} at most"
        yield Problem(Severity.WARNING, message, answers.origin("naming.hostname").where)


def _management(answers: Answers, host: Host) -> Iterator[Problem]:
    where, name = answers.origin("interface").where, answers.interface.name
    labels = ", ".join((*(f"{nic.name} {nic.mac}" for nic in host.nics), *(bond.name for bond in answers.bonds)))
    present = f"network interfaces present: {labels}" if labels else "it has no network interfaces"
    bond_of = {member: bond.name for bond in answers.bonds for member in bond.members}
    bonds = {bond.name for bond in answers.bonds}
    if not host.nics:
        message = "this machine has no network interface that can be used"
        yield Problem(Severity.ERROR, message, where, "it may need a driver")
    elif name is None and answers.interface.mac is None and (len(host.nics) > 1 or bonds):
        message = "this machine has several network interfaces and none is named as the management interface"
        example = min(bonds, default=host.nics[0].name)
        hint = f'{present}; name one, as in <admin-interface name="{example}" … />'
        yield Problem(Severity.ERROR, message, where, hint)
    elif name in bond_of:
        message = f"the network interface {name} is a member of {bond_of[name]} and can have no address of its own"
        yield Problem(Severity.ERROR, message, where, f'write <admin-interface name="{bond_of[name]}" … />')
    elif name is not None and name not in bonds and host.nic(name) is None:
        yield Problem(Severity.ERROR, f"this machine has no network interface {name}", where, present)
    elif name and answers.interface.vlan and len(tagged := f"{name}.{answers.interface.vlan}") > LONGEST_BRIDGED:
        message = f"the name {tagged} is too long for a network interface with a bridge over it"
        yield Problem(Severity.ERROR, message, where, f"Linux takes {LONGEST_BRIDGED} characters here")


def _bonds(answers: Answers, host: Host) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for index, bond in enumerate(answers.bonds):
        where = answers.origin(f"bonds.{index}").where
        if host.nic(bond.name):
            yield Problem(Severity.ERROR, f"the bond {bond.name} has the name of a network interface", where, "bond0")
        if len(bond.name) > LONGEST_BRIDGED:
            message = f"the name {bond.name} is too long for a bond with a bridge over it"
            yield Problem(Severity.ERROR, message, where, f"Linux takes {LONGEST_BRIDGED} characters here")
        for member in bond.members:
            if member in owner:
                message = f"the network interface {member} is a member of {owner[member]} and of {bond.name}"
                yield Problem(Severity.ERROR, message, where, "it can serve one bond")
            owner.setdefault(member, bond.name)
