"""The management interface and the bonds of an old host, from its network scripts (ifcfg-*). Pure.

The other direction is `backend/steps/network.py`; hosts of 3.2 and 4.0 have the same files (a bridge xenbrN over every
ethN), without VLANs, bonds and IPv6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import TypeVar

from backend.probe.existing.assignments import plain
from installer.model import rules
from installer.model.errors import InvalidAnswer
from installer.model.interface import V6, AdminInterface, Bond, BondMode, ProtocolV6, StaticAddress

Scripts = Mapping[str, Mapping[str, str]]  # the assignments by the device's name
Value = TypeVar("Value")

# as a number or a word (Documentation/networking/bonding.rst)
MODES = {
    "active-backup": BondMode.ACTIVE_BACKUP,
    "1": BondMode.ACTIVE_BACKUP,
    "802.3ad": BondMode.LACP,
    "4": BondMode.LACP,
}
YES = ("yes", "YES", "y", "true", "1")

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_ETH = re.compile(r"eth[0-9]{1,4}")


@dataclass(frozen=True)
class OldNetwork:
    """`by_dhcp` says that nameservers come with the address; `unreadable` what is there but not understood."""

    interface: AdminInterface | None = None
    bonds: tuple[Bond, ...] = ()
    by_dhcp: bool = False
    addressed_by_dhcp: bool = False
    unreadable: tuple[str, ...] = ()
    nics: tuple[str, ...] = ()


def read_network(scripts: Scripts, management: str, gateway: str = "") -> OldNetwork:
    """Return what the scripts say; `management` is the interface that the inventory names, empty when it names none.

    `gateway` is that of /etc/sysconfig/network, for scripts without one. A device is known by its MAC address where its
    script has one: another kernel may give it another name.
    """
    reader = _Reader(scripts)
    bonds = tuple(bond for name in sorted(scripts) if (bond := reader.bond(name)))
    top = management if management in scripts else reader.configured()
    if not top:
        if management:
            reader.unreadable.append(f"there is no script of the management interface {plain(management, 40)}")
        return OldNetwork(bonds=bonds, unreadable=tuple(reader.unreadable), nics=_nics(scripts))
    interface = reader.interface(top, bonds, gateway)
    reader.left_out(top)
    dhcp = scripts[top].get("BOOTPROTO", "").lower() == "dhcp"
    by_dhcp = dhcp and scripts[top].get("PEERDNS", "yes") in YES
    return OldNetwork(interface, bonds, by_dhcp, dhcp, tuple(reader.unreadable), _nics(scripts))


def _nics(scripts: Scripts) -> tuple[str, ...]:
    """Return `MAC name` of every ethN that has a script with its address."""
    found = ((script.get("HWADDR", "").lower(), name) for name, script in sorted(scripts.items()))
    return tuple(f"{mac} {name}" for mac, name in found if _MAC.fullmatch(mac) and _ETH.fullmatch(name))


class _Reader:
    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self.unreadable: list[str] = []

    def _value(self, device: str, key: str, rule: Callable[[str], Value], text: str = "") -> Value | None:
        """Return what a rule makes of a value; None, and a word for the user, when it refuses it."""
        text = text or self._scripts[device].get(key, "")
        if not text:
            return None
        try:
            return rule(text)
        except InvalidAnswer as error:
            self.unreadable.append(f"{key} of {plain(device, 40)}: {error.what}")
            return None

    def left_out(self, top: str) -> None:
        """Tell of what only the management interface, or none, can have here."""
        others = sorted(name for name in self._with_address() if name != top)
        self.unreadable += [f"the address of {plain(name, 40)}" for name in others]
        keys = ("MTU", "ETHTOOL_OPTS", "IPADDR_START", "IPADDR2", "IPV6ADDR_SECONDARIES")
        for name, script in sorted(self._scripts.items()):
            self.unreadable += [f"{key} of {plain(name, 40)}" for key in keys if script.get(key)]

    def _with_address(self) -> list[str]:
        return [
            name
            for name, script in self._scripts.items()
            if name != "lo" and (script.get("BOOTPROTO", "").lower() == "dhcp" or script.get("IPADDR"))
        ]

    def configured(self) -> str:
        """Return the only interface that gets an address, nothing when there are several."""
        found = self._with_address()
        if len(found) > 1:
            self.unreadable.append(f"which of {plain(', '.join(sorted(found)))} is the management interface")
        return found[0] if len(found) == 1 else ""

    def bond(self, name: str) -> Bond | None:
        """Return the bond of a script, None for other scripts and for bonds that this product cannot make."""
        members = tuple(
            self._known(port) for port in sorted(self._scripts) if self._scripts[port].get("MASTER") == name
        )
        script = self._scripts[name]
        if not members and script.get("TYPE") != "Bond":
            return None
        options = re.search(r"(?:^|\s)mode=(\S+)", script.get("BONDING_OPTS", ""))
        mode = MODES.get(options[1] if options else "")
        if mode is None or len(set(members)) < 2 or not self._value(name, "DEVICE", rules.nic_name, name):
            self.unreadable.append(f"the bond {plain(name, 40)}")
            return None
        return Bond(name, mode, members)

    def _known(self, nic: str) -> str:
        """Return what a NIC is best known by."""
        return self._value(nic, "HWADDR", rules.mac) or nic

    def interface(self, top: str, bonds: tuple[Bond, ...], gateway: str) -> AdminInterface | None:
        """Return the interface that a bridge, or a device without one, carries; None when it cannot be told."""
        device, vlan = self._below(top)
        if not device:
            return None
        name = self._value(device, "DEVICE", rules.nic_name, device)
        in_script = self._scripts.get(device, {})
        if name is None or (in_script.get("TYPE") == "Bond" and all(bond.name != name for bond in bonds)):
            return None
        addressed = self._addressed(top, gateway)
        if addressed is None:
            return None
        mac = self._value(device, "HWADDR", rules.mac) if in_script else None
        return replace(addressed, name=None if mac else name, mac=mac, vlan=vlan, ipv6=self._v6(top))

    def _below(self, top: str) -> tuple[str, int | None]:
        """Return the NIC or bond below an interface, and the VLAN between them; nothing when it is not one of each."""
        ports = sorted(name for name, script in self._scripts.items() if script.get("BRIDGE") == top)
        if len(ports) > 1 or (not ports and self._scripts[top].get("TYPE") == "Bridge"):
            self.unreadable.append(f"what the bridge {plain(top, 40)} is over: {plain(', '.join(ports)) or 'nothing'}")
            return "", None
        port = ports[0] if ports else top
        script = self._scripts[port]
        base, _, tag = port.rpartition(".")
        if script.get("VLAN", "") not in YES and not (base in self._scripts and tag.isdecimal()):
            return port, None
        vlan = self._value(port, "VLAN", rules.vlan, tag or "?")
        return (script.get("PHYSDEV") or base, vlan) if vlan else ("", None)

    def _addressed(self, top: str, gateway: str) -> AdminInterface | None:
        script = self._scripts[top]
        if script.get("BOOTPROTO", "").lower() == "dhcp":
            return AdminInterface()
        if not script.get("IPADDR"):
            return AdminInterface(without_ipv4=True)
        address = self._value(top, "IPADDR", rules.ipv4_address)
        prefix = self._value(top, "PREFIX", _prefix) or self._value(top, "NETMASK", rules.netmask)
        router = self._value(top, "GATEWAY", rules.ipv4_address, script.get("GATEWAY") or gateway)
        if address is None or prefix is None or router is None:
            missing = [key for key, value in (("NETMASK", prefix), ("GATEWAY", router)) if value is None]
            if missing and address:
                self.unreadable.append(f"the address of {plain(top, 40)} is without {' and '.join(missing)}")
            return None
        static = self._static(top, address, prefix, router)
        return AdminInterface(static=static) if static else None

    def _static(self, top: str, address: IPv4Address, prefix: int, router: IPv4Address) -> StaticAddress | None:
        try:
            return rules.static_address(rules.interface_address(address, prefix), router)
        except InvalidAnswer as error:
            self.unreadable.append(f"the address of {plain(top, 40)}: {error.what}")
            return None

    def _v6(self, top: str) -> V6 | None:
        script = self._scripts[top]
        if script.get("IPV6INIT", "") not in YES:
            return None
        router = self._value(top, "IPV6_DEFAULTGW", rules.ipv6_address)
        if address := self._value(top, "IPV6ADDR", rules.ipv6_interface):
            return V6(ProtocolV6.STATIC, address, router)
        if script.get("DHCPV6C", "") in YES:
            return V6(ProtocolV6.DHCP, None, router)
        return V6(ProtocolV6.AUTOCONF, None, router) if script.get("IPV6_AUTOCONF", "yes") in YES else None


def _prefix(text: str) -> int:
    if not re.fullmatch(r"[1-9]|[12][0-9]|3[0-2]", text):
        raise InvalidAnswer(f"{plain(text, 40)!r} is not a prefix length")
    return int(text)
