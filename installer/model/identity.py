"""Who the machine is, for a server that makes answerfiles: marks in their address, headers of the request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from installer.model.errors import InvalidAnswer, UsageError
from installer.model.host import Nic
from installer.model.rules_location import location_or_file
from installer.model.source import Location

# a brace that belongs to another template's mark ({{ x }}, {% x %}, ${x}) is left for the rule of addresses to refuse
_MARK = re.compile(r"(?<![{$])\{([^{}%]*)\}(?!\})")
# what vendors leave in the tables of SMBIOS (DSP0134) in place of a serial number: the same on very many machines
_NO_SERIAL = re.compile(
    r"none|default string|not (specified|applicable|available)|n/a|system serial number|0?123456789|x+|0+|[.-]+"
    r"|to be filled by o\.?e\.?m\.?",
    re.IGNORECASE,
)
NO_NAMES = ("localhost", "localhost.localdomain", "(none)")  # what a host has that was given no name
HEADER = "X-Installer-"


@dataclass(frozen=True)
class Identity:
    """What tells this machine from others; a text that is not known is empty.

    `management` names the NIC over which the machine reaches the network; empty or unknown, the first one is meant.
    """

    nics: tuple[Nic, ...] = ()
    serial: str = ""
    product: str = ""
    hostname: str = ""
    management: str = ""

    @property
    def mac(self) -> str:
        """The MAC address of the management NIC, lower case with colons."""
        first = next((nic for nic in self.nics if nic.name == self.management), next(iter(self.nics), None))
        return first.mac if first else ""

    @property
    def own_serial(self) -> str:
        """The serial number, empty where the vendor has not given one."""
        known = self.serial.strip()
        return "" if _NO_SERIAL.fullmatch(known) else known

    @property
    def own_hostname(self) -> str:
        """The name of the host, empty where it was given none."""
        return "" if self.hostname in NO_NAMES else self.hostname

    def headers(self) -> dict[str, str]:
        """Return the headers that go with a request for an answerfile: what is not known has none."""
        macs = {f"MAC-{number}": f"{nic.name} {nic.mac}" for number, nic in enumerate(self.nics)}
        texts = {**macs, "Serial": self.own_serial, "Product": self.product, "Hostname": self.own_hostname}
        # RFC 9110 5.5: visible ASCII; the tables of SMBIOS may hold anything
        clean = {name: re.sub(r"[^ -~]", "?", text.strip()) for name, text in texts.items()}
        return {f"{HEADER}{name}": text for name, text in clean.items() if text}


EXAMPLE = Identity((Nic("eth0", "00:16:3e:12:ab:cd"),), serial="S1", hostname="host")


def has_marks(address: str) -> bool:
    """Say whether an address holds marks that are filled in, or that look like it."""
    return bool(_MARK.search(address))


def filled(address: str, identity: Identity) -> str:
    """Return the address with {mac}, {serial} and {hostname} replaced by what this machine has.

    In a URL they are percent-encoded, except for colons, which a path and a query may hold (RFC 3986 3.3).
    Raises InvalidAnswer, which never quotes the address, for another mark and for what this machine does not have.
    """
    values = {"mac": identity.mac, "serial": identity.own_serial, "hostname": identity.own_hostname}

    def value(mark: re.Match[str]) -> str:
        text = _value(mark[1], values)
        return quote(text, safe=":") if "://" in address else text

    return _MARK.sub(value, address)


def answerfile_location(text: str, identity: Identity) -> Location:
    """Return the place that --answerfile names, its marks filled in. Raises UsageError, which never quotes it."""
    try:
        return location_or_file(filled(text, identity))
    except InvalidAnswer as error:
        raise UsageError(error.what, where="--answerfile", hint=error.hint) from None


def _value(name: str, values: Mapping[str, str]) -> str:
    marks = ", ".join(f"{{{known}}}" for known in values)
    if name not in values:
        raise InvalidAnswer("the address holds an unknown mark in braces", hint=f"the marks are {marks}")
    text, others = values[name], f"use another one of the marks {marks}"
    if not text:
        raise InvalidAnswer(f"this machine has nothing to put in the place of {{{name}}} in the address", hint=others)
    if "/" in text or text in (".", "..") or not text.isprintable():
        raise InvalidAnswer(f"what this machine has for {{{name}}} in the address holds a / or the like", hint=others)
    return text
