"""The words of the kernel's command line about NICs: which to use, with what address and what name (spec R3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from installer.model.errors import InvalidAnswer
from installer.model.rules_interface import vlan
from installer.model.rules_network import (
    interface_address,
    ipv4_address,
    mac,
    nameserver,
    netmask,
    nic_name,
    static_address,
)
from installer.model.wording import quoted

ALL = "all"
DHCP = "dhcp"
STATIC = "static"
STATIC_FORM = "static:ip=10.0.0.7;netmask=255.255.255.0;gateway=10.0.0.1;dns=10.0.0.1;vlan=7"
# without credentials: it is shown
NOTICE = re.compile(r"http://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?")
STATIC_NEEDED = ("ip", "netmask", "gateway")
PARTS = {DHCP: ("vlan",), STATIC: (*STATIC_NEEDED, "dns", "vlan")}
_ETH = re.compile(r"eth(?:0|[1-9][0-9]{0,2})")


def network_device(text: str) -> str:
    """Return the NIC meant: ethN, a MAC address in lower case, or `all`. Raises InvalidAnswer."""
    if text == ALL:
        return text
    return mac(text) if ":" in text or "-" in text else nic_name(text)


def network_arguments(device: str, config: str) -> tuple[str, ...]:
    """Return the arguments of the image's network program (initrd/init/network) for a NIC and its network_config=.

    Raises InvalidAnswer.
    """
    kind, mark, rest = config.partition(":")
    if kind not in PARTS:
        raise InvalidAnswer(
            f"{quoted(kind)} is neither {DHCP} nor {STATIC}", hint=f"as in dhcp:vlan=7 or {STATIC_FORM}"
        )
    parts = _parts(rest, PARTS[kind]) if mark else {}
    name = f"{device}.{vlan(parts['vlan'])}" if "vlan" in parts else device
    return (name,) if kind == DHCP else (name, STATIC, *_static(parts))


def _parts(text: str, known: Sequence[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        if name not in known:
            raise InvalidAnswer(f"{quoted(name)} is unknown here", hint=f"known are {', '.join(known)}")
        if name in parts or not value:
            raise InvalidAnswer(f"{name} is given {'more than once' if value else 'no value'}", hint=f"as in {name}=…")
        parts[name] = value
    return parts


def _static(parts: Mapping[str, str]) -> tuple[str, ...]:
    if missing := [name for name in STATIC_NEEDED if name not in parts]:
        raise InvalidAnswer(
            f"{' and '.join(missing)} missing", hint=f"as in {STATIC_FORM}; a boot loader may want quotes"
        )
    interface = interface_address(ipv4_address(parts["ip"]), netmask(parts["netmask"]))
    static = static_address(interface, ipv4_address(parts["gateway"]))
    servers = tuple(str(nameserver(server)) for server in parts.get("dns", "").split(",") if server)
    return (interface.with_prefixlen, str(static.gateway), *servers)


def nic_names(words: Sequence[str]) -> tuple[str, ...]:
    """Return `ethN:MAC` for each map_netdev= in the form of the image's program name-nics. Raises InvalidAnswer."""
    names: dict[str, str] = {}
    for word in words:
        name, _, address = word.partition(":")
        if not _ETH.fullmatch(name):
            raise InvalidAnswer(
                f"{quoted(name)} is not a name that a NIC can be given", hint="as in eth0:00:16:3e:12:ab:cd"
            )
        address = mac(address)
        if names.setdefault(name, address) != address:
            raise InvalidAnswer(f"{name} is given to two NICs")
    if len(set(names.values())) < len(names):
        raise InvalidAnswer("one NIC is given two names")
    return tuple(f"{name}:{address}" for name, address in names.items())


def _is_notice(text: str) -> bool:
    if not NOTICE.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number of a port
        return False


def notice_address(text: str, *, unattended: bool) -> str:
    """Return whom to tell of a finished installation, empty for nobody. Raises InvalidAnswer, which quotes nothing."""
    if text and not _is_notice(text):
        raise InvalidAnswer("this is no address that can be told", hint="http://SERVER/PATH, without user and password")
    if text and not unattended:
        raise InvalidAnswer(
            "nobody is told without the word `install`", hint="leave it out, or add answers and `install`"
        )
    return text
