"""The rules of names and addresses on the network: text in, value out, or InvalidAnswer."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Interface

from installer.model.answers import StaticAddress
from installer.model.errors import InvalidAnswer
from installer.model.wording import quoted, refuse_template_mark

HOSTNAME_LENGTH = 253  # RFC 1035 2.3.4: 255 octets on the wire
LABEL_LENGTH = 63  # RFC 1035 2.3.4
NIC_NAME_LENGTH = 15  # IFNAMSIZ of linux/if.h, less the closing NUL

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_PREFIX = re.compile(r"/?(?:[0-9]|[12][0-9]|3[0-2])")
_NIC = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})")


def hostname(text: str) -> str:
    """Return a host name: one label or a fully qualified name (RFC 1123 2.1, RFC 1035 2.3.4).

    Raises InvalidAnswer.
    """
    refuse_template_mark(text)
    reason = _hostname_fault(text)
    if reason:
        raise InvalidAnswer(
            f"{quoted(text)} is not a host name: {reason}",
            hint="letters, digits and hyphens, in parts joined by dots, as in host1 or host1.example.com",
        )
    return text


def _hostname_fault(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text) > HOSTNAME_LENGTH:
        return f"it has {len(text)} characters, {HOSTNAME_LENGTH} are allowed"
    labels = text.split(".")
    for label in labels:
        if not label:
            return "a part between its dots is empty"
        if len(label) > LABEL_LENGTH:
            return f"a part has {len(label)} characters, {LABEL_LENGTH} are allowed"
        if not _LABEL.fullmatch(label):
            return f"the part {quoted(label)} holds or ends in a character that is not allowed"
    if len(labels) > 1 and re.fullmatch(r"[0-9]+", labels[-1]):
        return "its last part is a number, as in an address"
    return ""


def ipv4_address(text: str) -> IPv4Address:
    """Return the IPv4 address of four decimal numbers without leading zeros (RFC 6943 3.1.1 on why). InvalidAnswer."""
    refuse_template_mark(text)
    try:
        return IPv4Address(text)
    except AddressValueError:
        pass
    hint = "four numbers from 0 to 255 without leading zeros, as in 192.168.1.10"
    if re.fullmatch(r"[0-9.]+/[0-9]{1,2}", text):
        hint = "the prefix length is given by the subnet mask"
    elif re.fullmatch(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*", text):
        hint = "IPv6 has fields of its own; in an answerfile they are <ipv6> and <gatewayv6>"
    raise InvalidAnswer(f"{quoted(text)} is not an IPv4 address", hint=hint)


def netmask(text: str) -> int:
    """Return the prefix length, 1 to 32 bits, of a contiguous mask such as 255.255.255.0. Raises InvalidAnswer."""
    refuse_template_mark(text)
    hint = "as in 255.255.255.0"
    if _PREFIX.fullmatch(text):
        raise InvalidAnswer(f"{quoted(text)} is a prefix length, not a subnet mask", hint=_mask_of(text) or hint)
    if not _DOTTED.fullmatch(text):
        raise InvalidAnswer(f"{quoted(text)} is not a subnet mask", hint=hint)
    try:
        bits = int(IPv4Address(text))
    except AddressValueError:
        raise InvalidAnswer(f"{quoted(text)} is not a subnet mask", hint=hint) from None
    length = bin(bits).count("1")
    if bits == 0 or bits != _mask_bits(length):
        raise InvalidAnswer(f"{quoted(text)} is not a subnet mask: its one bits must come first, together", hint=hint)
    return length


def _mask_bits(length: int) -> int:
    return 0xFFFFFFFF ^ (0xFFFFFFFF >> length)


def _mask_of(prefix: str) -> str:
    length = int(prefix.lstrip("/"))
    return f"write {IPv4Address(_mask_bits(length))}" if length else ""


def interface_address(address: IPv4Address, prefix_length: int) -> IPv4Interface:
    """Return the address with its network when a host may have it (RFC 1122 3.2.1.3, RFC 3021 for /31).

    Raises InvalidAnswer for network, broadcast, loopback, multicast and reserved addresses.
    """
    interface = IPv4Interface((address, prefix_length))
    network = interface.network
    reason = ""
    if address.is_loopback:
        reason = "is a loopback address"
    elif address.is_multicast or address.is_reserved or int(address) >> 24 == 0:
        reason = "is in a range that no host may have"
    elif prefix_length < 31 and address == network.network_address:
        reason = f"is the address of the network {network} itself"
    elif prefix_length < 31 and address == network.broadcast_address:
        reason = f"is the broadcast address of {network}"
    if reason:
        raise InvalidAnswer(f"{address} {reason}", hint="give the address that this host shall have")
    return interface


def static_address(interface: IPv4Interface, gateway: IPv4Address) -> StaticAddress:
    """Return the fixed configuration when the gateway is another host of the same network. Raises InvalidAnswer."""
    network = interface.network
    if gateway not in network:
        span = f"{network} reaches from {network.network_address} to {network.broadcast_address}"
        raise InvalidAnswer(f"the gateway {gateway} is outside the network of {interface}", hint=span)
    if gateway == interface.ip:
        raise InvalidAnswer(f"the gateway {gateway} is the host's own address")
    if network.prefixlen < 31 and gateway in (network.network_address, network.broadcast_address):
        kind = "network" if gateway == network.network_address else "broadcast"
        raise InvalidAnswer(f"the gateway {gateway} is the {kind} address of {network}")
    return StaticAddress(interface=interface, gateway=gateway)


def nameserver(text: str) -> IPv4Address:
    """Return the address of a nameserver (resolv.conf(5) takes addresses, no names). Raises InvalidAnswer."""
    address = ipv4_address(text)
    if address.is_multicast or address.is_reserved or int(address) >> 24 == 0:
        raise InvalidAnswer(f"{address} cannot be the address of a nameserver")
    return address


def is_mac(text: str) -> bool:
    """Say whether a text has the form of an Ethernet address, with colons or hyphens."""
    return bool(_MAC.fullmatch(text))


def mac(text: str) -> str:
    """Return an Ethernet address in lower case with colons; hyphens are read too. Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not is_mac(text):
        raise InvalidAnswer(
            f"{quoted(text)} is not a MAC address", hint="six pairs of hexadecimal digits, as in 00:16:3e:12:ab:cd"
        )
    value = text.lower().replace("-", ":")
    if int(value[:2], 16) & 1 or value == "00:00:00:00:00:00":  # IEEE 802 8.2: the group bit
        raise InvalidAnswer(f"{quoted(text)} is not the MAC address of one interface")
    return value


def nic_name(text: str) -> str:
    """Return the kernel's name of a network interface, as in eth0 or ens3. Raises InvalidAnswer."""
    refuse_template_mark(text)
    hint = "the kernel's name, as in eth0"
    if is_mac(text):
        hint = f'this is a MAC address: write it as hwaddr="{text}"'
    elif "." in text and _NIC.fullmatch(text.partition(".")[0]):
        hint = f'write name="{text.partition(".")[0]}" vlan="{text.partition(".")[2]}"'
    if text == "lo" or len(text) > NIC_NAME_LENGTH or not _NIC.fullmatch(text):
        raise InvalidAnswer(f"{quoted(text)} is not the name of a network interface", hint=hint)
    return text
