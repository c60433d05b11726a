"""Network interfaces as answers know them: addresses of both families, VLAN, bonds (spec R30, R71)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface


class Protocol(StrEnum):
    """How an interface gets its IPv4 address."""

    DHCP = "dhcp"
    STATIC = "static"
    NONE = "none"


class ProtocolV6(StrEnum):
    """How an interface gets its IPv6 address."""

    STATIC = "static"
    DHCP = "dhcp"
    AUTOCONF = "autoconf"
    NONE = "none"


@dataclass(frozen=True)
class StaticAddress:
    """A fixed IPv4 configuration (G C.2: all three are required together)."""

    interface: IPv4Interface
    gateway: IPv4Address


@dataclass(frozen=True)
class V6:
    """An IPv6 configuration: `address` only when static; `gateway` None means by router advertisement."""

    protocol: ProtocolV6
    address: IPv6Interface | None = None
    gateway: IPv6Address | None = None


@dataclass(frozen=True)
class AdminInterface:
    """A configured interface, above all the management one.

    Without `name` and `mac` the machine's only NIC is meant. `static` None means DHCP, or no IPv4 at all when
    `without_ipv4`. `vlan` is the tag of its packets, 1 to 4094; `ipv6` None means no IPv6.
    """

    name: str | None = None
    static: StaticAddress | None = None
    mac: str | None = None
    vlan: int | None = None
    ipv6: V6 | None = None
    without_ipv4: bool = False

    @property
    def protocol(self) -> Protocol:
        """DHCP, or static when an address is given, or none."""
        if self.without_ipv4:
            return Protocol.NONE
        return Protocol.STATIC if self.static else Protocol.DHCP


class BondMode(StrEnum):
    """How the NICs of a bond share the work."""

    ACTIVE_BACKUP = "active-backup"
    LACP = "lacp"


@dataclass(frozen=True)
class Bond:
    """NICs joined to one interface; `members` are names or MAC addresses, two at least."""

    name: str
    mode: BondMode
    members: tuple[str, ...]
