"""The rows of the element table for network interfaces and names."""

from __future__ import annotations

from installer import answerfile_network as network
from installer.element_row import AttributeRow, ElementRow, Text
from installer.model.interface import BondMode, Protocol, ProtocolV6

IPV4 = r"[0-9]{1,3}(\.[0-9]{1,3}){3}"
_IPV6 = "[0-9A-Fa-f]{0,4}:[0-9A-Fa-f.:]{1,40}"
_NIC = "[A-Za-z][A-Za-z0-9_\\-]{0,14}"
_MAC = "[0-9A-Fa-f]{2}([:\\-][0-9A-Fa-f]{2}){5}"

_INTERFACE_ATTRIBUTES = (
    AttributeRow("name", "the interface; when left out, the only one there is", form="eth0", pattern=_NIC),
    AttributeRow("hwaddr", "the interface by its MAC address instead", form="00:16:3e:12:ab:cd", pattern=_MAC),
    AttributeRow("proto", "how it gets its IPv4 address", values=tuple(Protocol), required=True),
    AttributeRow("vlan", "the VLAN of its packets", form="1 to 4094", pattern="[1-9][0-9]{0,3}"),
    AttributeRow("protov6", "how it gets its IPv6 address; when left out, it has none", values=tuple(ProtocolV6)),
)
_STATIC = ("proto", Protocol.STATIC)
_STATIC_V6 = ("protov6", ProtocolV6.STATIC)
_ADDRESSES = (
    ElementRow(
        "ip",
        "The address of the host.",
        "<ip>192.168.1.10</ip>",
        aliases=("ipaddr",),
        goes_with=_STATIC,
        needed=True,
        pattern=IPV4,
    ),
    ElementRow(
        "subnet-mask",
        "The mask of its network.",
        "<subnet-mask>255.255.255.0</subnet-mask>",
        aliases=("subnet",),
        goes_with=_STATIC,
        needed=True,
        pattern=IPV4,
    ),
    ElementRow(
        "gateway",
        "The router of its network.",
        "<gateway>192.168.1.1</gateway>",
        goes_with=_STATIC,
        needed=True,
        pattern=IPV4,
    ),
    ElementRow(
        "ipv6",
        "IPv6 address and prefix length.",
        "<ipv6>2001:db8::10/64</ipv6>",
        goes_with=_STATIC_V6,
        needed=True,
        pattern=f"{_IPV6}/[0-9]{{1,3}}",
    ),
    ElementRow("gatewayv6", "The IPv6 router.", "<gatewayv6>fe80::1</gatewayv6>", goes_with=_STATIC_V6, pattern=_IPV6),
)

ADMIN_INTERFACE = ElementRow(
    "admin-interface",
    "The management interface; when left out, the only one there is, by DHCP. With proto static, ip, subnet-mask and"
    " gateway stand in it, all three.",
    '<admin-interface name="eth0" proto="dhcp" />',
    text=Text.NONE,
    attributes=_INTERFACE_ATTRIBUTES,
    children=_ADDRESSES,
    read=network.read_admin_interface,
    write=network.write_admin_interface,
)
INTERFACE = ElementRow(
    "interface",
    "Another interface with an address of its own. Not built in this version yet.",
    '<interface name="eth1" proto="dhcp" />',
    repeatable=True,
    text=Text.NONE,
    attributes=_INTERFACE_ATTRIBUTES,
    children=_ADDRESSES,
    read=network.read_other_interface,
    write=network.write_other_interface,
)
BOND = ElementRow(
    "bond",
    "Several interfaces as one, which admin-interface names: one takes over when another fails, or all work at once.",
    '<bond name="bond0" mode="lacp" members="eth0,eth1" />',
    repeatable=True,
    text=Text.NONE,
    attributes=(
        AttributeRow("name", "what it is called", form="bond0", required=True, pattern=_NIC),
        AttributeRow("mode", "how its members share the work", values=tuple(BondMode), required=True),
        AttributeRow("members", "names or MAC addresses", form="eth0,eth1", required=True, pattern=".+"),
    ),
    read=network.read_bond,
    write=network.write_bond,
    aliases=("bonding",),
)
NAMESERVER = ElementRow(
    "nameserver",
    "The address of a nameserver.",
    "<nameserver>192.168.1.1</nameserver>",
    repeatable=True,
    read=network.read_nameserver,
    write=network.write_nameserver,
    aliases=("name-server",),
    pattern=IPV4,
)
HOSTNAME = ElementRow(
    "hostname",
    "The name of the host; when left out, by DHCP, else made up.",
    "<hostname>host1.example.com</hostname>",
    read=network.read_hostname,
    write=network.write_hostname,
    pattern=r"[A-Za-z0-9.\-]{1,253}",
)
