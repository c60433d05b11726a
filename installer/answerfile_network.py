"""How network interfaces, bonds and names are read and written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from installer.answerfile_lines import add, append, written
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.model import rules
from installer.model.answers import AdminInterface, Draft, Protocol, StaticAddress
from installer.model.interface import V6, Bond, BondMode, ProtocolV6

STATIC_CHILDREN = ("ip", "subnet-mask", "gateway")
V6_CHILDREN = ("ipv6", "gatewayv6")
RESOLVER_SERVERS = 3  # MAXNS of resolv.h


def read_admin_interface(reading: Reading, element: Element) -> None:
    """Take the management interface; without a name or address the only NIC is meant."""
    reading.found.interface = _interface(reading, element, "interface")


def read_other_interface(reading: Reading, element: Element) -> None:
    """Add an interface that is not the management one."""
    known = reading.found.other_interfaces
    if element.attribute("name") is None and element.attribute("hwaddr") is None:
        reading.error(element.position, f"<{element.name}> names no interface", 'add name="eth1" or hwaddr="…"')
        return
    interface = _interface(reading, element, f"other_interfaces.{len(known)}")
    if interface:
        known.append(interface)


def _interface(reading: Reading, element: Element, field: str) -> AdminInterface | None:
    before = reading.error_count
    name, mac, tag = (element.attribute(key) for key in ("name", "hwaddr", "vlan"))
    nic = reading.value(rules.nic_name, element.get("name"), name.position) if name else None
    address = reading.value(rules.mac, element.get("hwaddr"), mac.position) if mac else None
    vlan = reading.value(rules.vlan, element.get("vlan"), tag.position) if tag else None
    proto = element.get("proto")
    static = _static_address(reading, element) if proto == Protocol.STATIC else None
    if proto in (Protocol.DHCP, Protocol.NONE):
        _refuse_children(reading, element, STATIC_CHILDREN, f'proto="{proto}"', 'write proto="static"')
    v6 = _v6(reading, element, f"{field}.ipv6")
    if proto == Protocol.NONE and v6 is None and field == "interface" and reading.error_count == before:
        message = f'<{element.name}> has proto="none" and no IPv6: the host gets no address'
        reading.error(element.position, message, 'write proto="dhcp", or protov6 too')
    if reading.error_count > before or (static is None and proto not in (Protocol.DHCP, Protocol.NONE)):
        return None
    reading.origin(field, next((item.position for item in (name, mac) if item), element.position))
    if tag:
        reading.origin(f"{field}.vlan", tag.position)
    return AdminInterface(nic, static, address, vlan, v6, without_ipv4=proto == Protocol.NONE)


def _refuse_children(reading: Reading, element: Element, names: tuple[str, ...], why: str, instead: str) -> None:
    for child in element.children:
        if child.name in names:
            hint = f"{instead} to set the address, or remove it"
            reading.error(child.position, f"<{child.name}> has no meaning with {why}", hint)


def _static_address(reading: Reading, element: Element) -> StaticAddress | None:
    """Return the fixed address when all of it is there and fits together; each fault is noted where it stands."""
    parts = {name: element.child(name) for name in STATIC_CHILDREN}
    for name, child in parts.items():
        if child is None and name not in reading.excused:
            message = f"<{name}> is missing in the static <{element.name}>"
            reading.error(element.position, message, "it needs <ip>, <subnet-mask> and <gateway>")
    ip, mask, gateway = parts["ip"], parts["subnet-mask"], parts["gateway"]
    address = reading.text(rules.ipv4_address, ip, "interface.static") if ip else None
    length = reading.text(rules.netmask, mask, "interface.static.netmask") if mask else None
    router = reading.text(rules.ipv4_address, gateway, "interface.static.gateway") if gateway else None
    if ip is None or address is None or length is None:
        return None
    interface = reading.checked(partial(rules.interface_address, address, length), ip.text_position)
    if interface is None or gateway is None or router is None:
        return None
    return reading.checked(partial(rules.static_address, interface, router), gateway.text_position)


def _v6(reading: Reading, element: Element, field: str) -> V6 | None:
    """Return the IPv6 configuration; without @protov6, or with none, there is none and its children are refused."""
    attribute, protocol = element.attribute("protov6"), element.get("protov6", ProtocolV6.NONE)
    if protocol != ProtocolV6.STATIC and protocol in tuple(ProtocolV6):
        why = f'protov6="{protocol}"' if attribute else "no protov6"
        _refuse_children(reading, element, V6_CHILDREN, why, 'write protov6="static"')
    if attribute is None or protocol not in (ProtocolV6.DHCP, ProtocolV6.AUTOCONF, ProtocolV6.STATIC):
        return None
    reading.origin(field, attribute.position)
    if protocol != ProtocolV6.STATIC:
        return V6(ProtocolV6(protocol))
    address, gateway = element.child("ipv6"), element.child("gatewayv6")
    if address is None:
        reading.error(element.position, f"<ipv6> is missing in the static <{element.name}>", "it holds address/prefix")
        return None
    own = reading.text(rules.ipv6_interface, address, f"{field}.address")
    router = reading.text(rules.ipv6_address, gateway, f"{field}.gateway") if gateway else None
    return V6(ProtocolV6.STATIC, own, router) if own else None


def write_admin_interface(draft: Draft) -> Iterator[str]:
    """Give the management interface, with its children when an address is static."""
    if draft.interface:
        yield from _written_interface("admin-interface", draft.interface)


def write_other_interface(draft: Draft) -> Iterator[str]:
    """Give every other interface."""
    for interface in draft.other_interfaces:
        yield from _written_interface("interface", interface)


def _written_interface(element: str, interface: AdminInterface) -> Iterator[str]:
    pairs = (
        ("name", interface.name),
        ("hwaddr", interface.mac),
        ("proto", interface.protocol.value),
        ("vlan", None if interface.vlan is None else str(interface.vlan)),
        ("protov6", interface.ipv6.protocol.value if interface.ipv6 else None),
    )
    head = written(element, **{name: value for name, value in pairs if value is not None})
    children = list(_written_addresses(interface))
    if not children:
        yield head
        return
    yield head.removesuffix(" />") + ">"
    yield from (f"  {child}" for child in children)
    yield f"</{element}>"


def _written_addresses(interface: AdminInterface) -> Iterator[str]:
    if interface.static:
        yield written("ip", str(interface.static.interface.ip))
        yield written("subnet-mask", str(interface.static.interface.netmask))
        yield written("gateway", str(interface.static.gateway))
    if interface.ipv6 and interface.ipv6.address:
        yield written("ipv6", str(interface.ipv6.address))
    if interface.ipv6 and interface.ipv6.gateway:
        yield written("gatewayv6", str(interface.ipv6.gateway))


def read_bond(reading: Reading, element: Element) -> None:
    """Add a bond; its name is that of the interface that stands for all its members."""
    known = reading.found.bonds
    name, members, mode = element.attribute("name"), element.attribute("members"), element.get("mode")
    if name is None or members is None or mode not in tuple(BondMode):
        return  # the table says what is missing
    nic = reading.value(rules.nic_name, element.get("name"), name.position)
    nics = reading.value(rules.bond_members, element.get("members"), members.position)
    if nic is None or nics is None:
        return
    if any(bond.name == nic for bond in known):
        reading.error(name.position, f"there is a bond {nic} already", "give it another name")
        return
    add(reading, Bond(nic, BondMode(mode), nics), known, "bonds", name.position)


def write_bond(draft: Draft) -> Iterator[str]:
    """Give one line per bond."""
    for bond in draft.bonds:
        yield written("bond", name=bond.name, mode=bond.mode.value, members=",".join(bond.members))


def read_nameserver(reading: Reading, element: Element) -> None:
    """Add a nameserver, and warn of the first one that is never asked."""
    servers = reading.found.nameservers
    before = len(servers)
    append(reading, element, rules.nameserver, servers, "naming.nameservers")
    if before == RESOLVER_SERVERS and len(servers) > before:
        message = f"only the first {RESOLVER_SERVERS} nameservers are ever asked"
        reading.warn(element.text_position, message, "resolv.conf(5)")


def write_nameserver(draft: Draft) -> Iterator[str]:
    """Give one line per nameserver."""
    for server in draft.naming.nameservers if draft.naming else ():
        yield written("nameserver", str(server))


def read_hostname(reading: Reading, element: Element) -> None:
    """Take the host name."""
    reading.found.hostname = reading.text(rules.hostname, element, "naming.hostname")


def write_hostname(draft: Draft) -> Iterator[str]:
    """Give the host name."""
    if draft.naming and draft.naming.hostname is not None:
        yield written("hostname", draft.naming.hostname)
