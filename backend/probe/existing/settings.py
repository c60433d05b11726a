"""What an old host is set to: names, time, keyboard, network, ssh; read from its files, as far as they can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import TypeVar

from backend.probe.existing.assignments import parse_assignments, plain
from backend.probe.existing.ext import UnreadableFilesystem
from backend.probe.existing.network import OldNetwork, read_network
from backend.probe.existing.tree import Tree, text_of
from installer.model import rules
from installer.model.errors import InvalidAnswer
from installer.model.existing import KeptSettings

Value = TypeVar("Value")

SCRIPTS = "/etc/sysconfig/network-scripts"
ZONES = "/usr/share/zoneinfo/"
UNITS = "/etc/systemd/system"
SSH_UNIT = f"{UNITS}/ssh.service"
SSH_STARTED = (
    *(f"{UNITS}/multi-user.target.wants/{unit}" for unit in ("ssh.service", "sshd.service")),
    f"{UNITS}/sockets.target.wants/ssh.socket",
)
SSH_SERVERS = tuple(
    f"{above}/lib/systemd/system/{unit}" for above in ("", "/usr") for unit in ("ssh.service", "sshd.service")
)
TIME_UNIT = f"{UNITS}/systemd-timesyncd.service"
MASK = "/dev/null"  # systemd.unit(5)
MOST_SCRIPTS = 256
_SCRIPT = re.compile(r"ifcfg-[A-Za-z0-9._-]{1,32}")
_NO_SCRIPT = re.compile(r"(?:\.(bak|old|orig|rpmsave|rpmnew|rpmorig)|~)$")
# the network scripts of a new host have neither (initrd/payload); an alias is ifcfg-eth0:1
_NO_PLACE = {"route": "routes", "route6": "routes", "rule": "rules of routing", "rule6": "rules of routing"}
STATIC_ROUTES = "/etc/sysconfig/static-routes"
_IQN = re.compile(r"(?:iqn|eui|naa)\.[A-Za-z0-9.:_-]{1,220}")


def read_settings(tree: Tree, management: str) -> KeptSettings:
    """Return the settings; `management` is the interface that the inventory names. Raises nothing."""
    reader = _Reader(tree)
    network = reader.network(management)
    return KeptSettings(
        keymap=reader.ruled("the keymap", reader.values("/etc/sysconfig/keyboard").get("KEYTABLE", ""), rules.keymap),
        timezone=reader.timezone(),
        ntp_servers=reader.ntp_servers(),
        clock_by_hand=reader.link(TIME_UNIT) == MASK,
        hostname=reader.hostname(by_dhcp=network.addressed_by_dhcp),
        nameservers=() if network.by_dhcp else reader.nameservers(),
        interface=network.interface,
        bonds=network.bonds,
        ssh=reader.ssh(),
        fallback_hostname=reader.fallback_hostname() if network.addressed_by_dhcp else None,
        nics=network.nics,
        unreadable=tuple(dict.fromkeys((*reader.unreadable, *network.unreadable))),
    )


def read_iqn(tree: Tree) -> str:
    """Return the iSCSI name of the host, empty when there is none or it cannot be read."""
    try:
        text = text_of(tree, "/etc/iscsi/initiatorname.iscsi") or ""
    except UnreadableFilesystem:
        return ""
    found = (re.fullmatch(r"InitiatorName[ \t]*=[ \t]*(\S+)[ \t\r]*", line) for line in text.split("\n"))
    name = next((match[1] for match in found if match), "")
    return name if _IQN.fullmatch(name) else ""


class _Reader:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.unreadable: list[str] = []

    def text(self, path: str) -> str:
        """Return a file's text, empty when there is none."""
        try:
            return text_of(self._tree, path) or ""
        except UnreadableFilesystem as error:
            self.unreadable.append(f"{path}: {error.what}")
            return ""

    def link(self, path: str) -> str:
        """Return where a link points to, empty when there is none."""
        try:
            return self._tree.link(path) or ""
        except UnreadableFilesystem as error:
            self.unreadable.append(f"{path}: {error.what}")
            return ""

    def values(self, path: str) -> dict[str, str]:
        """Return a file's assignments."""
        return parse_assignments(self.text(path))

    def ruled(self, what: str, text: str, rule: Callable[[str], Value]) -> Value | None:
        """Return what a rule makes of a text; None, and a word for the user, when it refuses it."""
        if not text:
            return None
        try:
            return rule(text)
        except InvalidAnswer as error:
            self.unreadable.append(f"{what}: {error.what}")
            return None

    def network(self, management: str) -> OldNetwork:
        """Return the management interface and the bonds."""
        try:
            names = self._tree.names(SCRIPTS)
        except UnreadableFilesystem as error:
            self.unreadable.append(f"{SCRIPTS}: {error.what}")
            names = ()
        names = tuple(name for name in names if not _NO_SCRIPT.search(name))
        self._without_place(names)
        names = tuple(name for name in names if _SCRIPT.fullmatch(name))
        scripts: dict[str, dict[str, str]] = {}
        for name in names[:MOST_SCRIPTS]:
            values = self.values(f"{SCRIPTS}/{name}")
            scripts[values.get("DEVICE") or name.removeprefix("ifcfg-")] = values
        return read_network(scripts, management, self.values("/etc/sysconfig/network").get("GATEWAY", ""))

    def _without_place(self, names: Sequence[str]) -> None:
        """Tell of files beside the scripts, and scripts, that say something which a new host has no place for."""
        for name in names[:MOST_SCRIPTS]:
            kind, dash, _ = name.partition("-")
            if dash and kind in _NO_PLACE and self._says(f"{SCRIPTS}/{name}"):
                self.unreadable.append(f"the {_NO_PLACE[kind]} in {plain(f'{SCRIPTS}/{name}')}")
            elif dash and kind == "ifcfg" and not _SCRIPT.fullmatch(name) and self._says(f"{SCRIPTS}/{name}"):
                self.unreadable.append(f"the network script {plain(f'{SCRIPTS}/{name}')}")
        if self._says(STATIC_ROUTES):
            self.unreadable.append(f"the routes in {STATIC_ROUTES}")

    def _says(self, path: str) -> bool:
        """Whether a file has more than blank lines and comments."""
        return any(line.strip() and not line.lstrip().startswith("#") for line in self.text(path).split("\n"))

    def timezone(self) -> str | None:
        """Return the time zone: of 4.0's file, of Debian's, or the one that the link names."""
        text = self.values("/etc/sysconfig/clock").get("ZONE", "") or self.text("/etc/timezone").strip()
        return self.ruled("the time zone", text or self.link("/etc/localtime").partition(ZONES)[2], rules.timezone)

    def ntp_servers(self) -> tuple[str, ...]:
        """Return the servers of ntp.conf; those that DHCP added, and the local clock, are nobody's choice."""
        found = []
        for line in self.text("/etc/ntp.conf").split("\n"):
            words = line.partition("#")[0].split()
            if len(words) < 2 or words[0] not in ("server", "pool") or "dhclient" in line:
                continue
            if not words[1].startswith("127.127."):  # a reference clock (ntp.conf(5))
                found.append(self.ruled("a time server", words[1], rules.ntp_server))
        return tuple(dict.fromkeys(server for server in found if server))

    def hostname(self, *, by_dhcp: bool) -> str | None:
        """Return the host's name; localhost is none."""
        network = self.values("/etc/sysconfig/network")
        # without HOSTNAME a host takes its name by DHCP: what /etc/hostname has was made up until one comes
        by_dhcp = by_dhcp and bool(network)
        name = network.get("HOSTNAME", "") or ("" if by_dhcp else self.text("/etc/hostname").strip())
        if name.partition(".")[0].lower() == "localhost":
            return None
        return self.ruled("the host name", name, rules.hostname)

    def nameservers(self) -> tuple[IPv4Address, ...]:
        """Return the nameservers that were given."""
        lines = (line.split() for line in self.text("/etc/resolv.conf").split("\n"))
        texts = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
        found = (self.ruled("a nameserver", plain(text, 60), rules.nameserver) for text in texts)
        return tuple(dict.fromkeys(server for server in found if server))

    def fallback_hostname(self) -> str | None:
        """Return the name that a host has until one comes by DHCP."""
        name = self.text("/etc/hostname").strip()
        return None if name.partition(".")[0].lower() in ("", "localhost") else self.ruled("", name, rules.hostname)

    def ssh(self) -> bool | None:
        """Return whether somebody switched the ssh server on or off; None: it is as the packages have it."""
        if self.link(SSH_UNIT) == MASK:
            return False
        if any(self.link(path) for path in SSH_STARTED):
            return True
        # a unit that is there and that nothing starts was switched off: systemctl disable
        return False if any(self.text(path) for path in SSH_SERVERS) else None
