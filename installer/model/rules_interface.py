"""The rules of VLANs, bonds, IPv6 and time servers: text in, value out, or InvalidAnswer (spec R31, R71)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Interface, NetmaskValueError

from installer.model.errors import InvalidAnswer
from installer.model.rules_network import hostname, is_mac, mac, nic_name
from installer.model.wording import quoted, refuse_template_mark

_LIST = re.compile(r"[\s,;]+")


def vlan(text: str) -> int:
    """Return the number of a VLAN, 1 to 4094 (IEEE 802.1Q 9.6: 0 and 4095 are reserved). Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text) or int(text) > 4094:
        raise InvalidAnswer(f"{quoted(text)} is not the number of a VLAN", hint="a number from 1 to 4094")
    return int(text)


def ntp_server(text: str) -> str:
    """Return the name or the IPv4 or IPv6 address of a time server. Raises InvalidAnswer."""
    refuse_template_mark(text)
    for kind in (IPv4Address, IPv6Address):
        try:
            address = kind(text)
        except AddressValueError:
            continue
        if address.is_multicast or address.is_unspecified or "%" in text:
            raise InvalidAnswer(f"{quoted(text)} cannot be the address of a time server")
        return str(address)
    return hostname(text)


def split_list(text: str) -> tuple[str, ...]:
    """Return the words of a list parted by commas, semicolons or white space. Raises InvalidAnswer for a mark."""
    refuse_template_mark(text)
    return tuple(word for word in _LIST.split(text) if word)


def ipv6_interface(text: str) -> IPv6Interface:
    """Return the address and prefix length of a host, as in 2001:db8::10/64 (RFC 4291 2.3). Raises InvalidAnswer."""
    refuse_template_mark(text)
    hint = "address and prefix length, as in 2001:db8::10/64"
    try:
        interface = IPv6Interface(text) if "/" in text and "%" not in text else None
    except (AddressValueError, NetmaskValueError):
        interface = None
    if interface is None or not re.fullmatch(r"[0-9]{1,3}", text.partition("/")[2]):
        raise InvalidAnswer(f"{quoted(text)} is not an IPv6 address with its prefix length", hint=hint)
    address = interface.ip
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
        raise InvalidAnswer(f"{quoted(text)} is no address that a host can be reached at", hint=hint)
    return interface


def ipv6_address(text: str) -> IPv6Address:
    """Return the IPv6 address of a router; it may be link-local (RFC 4861 4.2). Raises InvalidAnswer."""
    refuse_template_mark(text)
    try:
        address = IPv6Address(text)
    except AddressValueError:
        address = None
    if address is None or "%" in text or address.is_multicast or address.is_unspecified or address.is_loopback:
        raise InvalidAnswer(f"{quoted(text)} is not the IPv6 address of a router", hint="as in 2001:db8::1 or fe80::1")
    return address


def bond_members(text: str) -> tuple[str, ...]:
    """Return the names or MAC addresses of a bond's NICs, two at least. Raises InvalidAnswer."""
    members = tuple(mac(word) if ":" in word or is_mac(word) else nic_name(word) for word in split_list(text))
    if len(set(members)) < len(members):
        raise InvalidAnswer("a network interface is named twice among the members of the bond")
    if len(members) < 2:
        raise InvalidAnswer("a bond needs two members at least", hint='as in members="eth0,eth1"')
    return members
