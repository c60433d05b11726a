"""Every rule of an answer, once: text to value or InvalidAnswer; screens and answerfile call the same function."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from installer.model.errors import InvalidAnswer
from installer.model.rules_access import ssh_key
from installer.model.rules_disk import disk_mark, disk_rule, disk_size, disk_wwn
from installer.model.rules_interface import (
    bond_members,
    ipv6_address,
    ipv6_interface,
    ntp_server,
    split_list,
    vlan,
)
from installer.model.rules_location import location, nfs_location, report_location
from installer.model.rules_network import (
    hostname,
    interface_address,
    ipv4_address,
    mac,
    nameserver,
    netmask,
    nic_name,
    static_address,
)
from installer.model.rules_password import (
    SHORT_PASSWORD,
    is_short,
    looks_like_hash,
    root_password,
    root_password_hash,
)
from installer.model.wishes import TimeMethod
from installer.model.wording import nearest, quoted, refuse_template_mark

__all__ = (
    "SHORT_PASSWORD",
    "bond_members",
    "disk_mark",
    "disk_name",
    "disk_rule",
    "disk_size",
    "disk_wwn",
    "hostname",
    "interface_address",
    "ipv4_address",
    "ipv6_address",
    "ipv6_interface",
    "is_short",
    "keymap",
    "location",
    "looks_like_hash",
    "mac",
    "nameserver",
    "netmask",
    "nfs_location",
    "nic_name",
    "ntp_server",
    "on_off",
    "package_name",
    "report_location",
    "root_password",
    "root_password_hash",
    "split_list",
    "ssh_key",
    "static_address",
    "time_method",
    "timezone",
    "vlan",
    "yes_no",
)

BY_ID = "/dev/disk/by-id/"
_KEYMAP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_KEYMAP_FILE = re.compile(r"\.k?map(\.gz)?$")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}")
_KERNEL_DISK = re.compile(r"[a-z][a-z0-9]{0,31}")  # DISK_NAME_LEN of linux/blkdev.h
_KERNEL_PARTITION = re.compile(r"(?:[shv]|xv)d[a-z]+[0-9]+|(?:nvme[0-9]+n|mmcblk|loop|md)[0-9]+p[0-9]+")
_BY_ID_NAME = re.compile(r"[A-Za-z0-9#+.:=@_\\-]{1,255}")  # what udev leaves in a link's name, and its \x escapes
_WORDS = {"yes": True, "true": True, "no": False, "false": False}
_SWITCH = _WORDS | {"on": True, "off": False}


def yes_no(text: str) -> bool:
    """Return True for yes or true, False for no or false, in any case. Raises InvalidAnswer."""
    refuse_template_mark(text)
    value = _WORDS.get(text.lower())
    if value is None:
        raise InvalidAnswer(f"{quoted(text)} is neither yes nor no")
    return value


def on_off(text: str) -> bool:
    """Return True for on, False for off; yes, no, true and false do as well, in any case. Raises InvalidAnswer."""
    refuse_template_mark(text)
    value = _SWITCH.get(text.lower())
    if value is None:
        raise InvalidAnswer(f"{quoted(text)} is neither on nor off")
    return value


def time_method(text: str) -> TimeMethod:
    """Return where the time comes from: ntp or manual, in any case. Raises InvalidAnswer."""
    refuse_template_mark(text)
    if text.lower() not in tuple(TimeMethod):
        raise InvalidAnswer(f"{quoted(text)} is no way to set the time", hint="it is ntp or manual")
    return TimeMethod(text.lower())


def keymap(text: str) -> str:
    """Return the name of a console keymap, as loadkeys(1) takes it without path and ending. Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not _KEYMAP.fullmatch(text) or ".." in text or _KEYMAP_FILE.search(text):
        raise InvalidAnswer(
            f"{quoted(text)} is not the name of a keymap", hint="a name without path and ending, as in us or de-latin1"
        )
    return text


@cache
def _timezones() -> frozenset[str]:
    # the distribution's own files between the zones, which name no place
    return frozenset(available_timezones() - {"Factory", "localtime", "posixrules"})


def timezone(text: str) -> str:
    """Return the TZ name when the time-zone database of this machine has it, in exactly this case.

    Raises InvalidAnswer with the name that was probably meant.
    """
    refuse_template_mark(text)
    known = _timezones()
    if text in known:
        return text
    if not known:
        raise InvalidAnswer("this machine has no time-zone database", hint="install its package tzdata")
    meant = nearest(text, known) or next((name for name in sorted(known) if _is_city(text, name)), None)
    hint = f"did you mean {meant}?" if meant else "area and city, as in Europe/London"
    raise InvalidAnswer(f"there is no time zone {quoted(text)}", hint=hint)


def _is_city(text: str, name: str) -> bool:
    return name.rpartition("/")[2].lower() == text.strip().replace(" ", "_").lower()


def disk_name(text: str) -> str:
    """Return the name of a whole disk as given: sda, /dev/sda or /dev/disk/by-id/…

    Whether the machine has it is asked elsewhere (check.py). Raises InvalidAnswer.
    """
    refuse_template_mark(text)
    hint = "as in sda, /dev/sda or /dev/disk/by-id/…"
    if text.startswith(BY_ID):
        name = text.removeprefix(BY_ID)
        if _BY_ID_NAME.fullmatch(name) and ".." not in name and name != ".":
            if re.search(r"-part[0-9]+$", name):
                raise InvalidAnswer(f"{quoted(text)} is a partition, not a disk", hint="leave out the -part ending")
            return text
    elif _KERNEL_DISK.fullmatch(text.removeprefix("/dev/")):
        if _KERNEL_PARTITION.fullmatch(text.removeprefix("/dev/")):
            raise InvalidAnswer(f"{quoted(text)} is a partition, not a disk", hint=hint)
        return text
    elif text.startswith("/dev/"):
        hint = "below /dev only a disk itself or a link in disk/by-id is taken, as in /dev/sda"
    elif _KERNEL_DISK.fullmatch(text.lower()):
        hint = f"did you mean {text.lower()}?"
    raise InvalidAnswer(f"{quoted(text)} is not the name of a disk", hint=hint)


def package_name(text: str) -> str:
    """Return the name of a package as XS-PACKAGES gives it (G C.3.3). Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not _PACKAGE.fullmatch(text) or ".." in text:
        raise InvalidAnswer(f"{quoted(text)} is not the name of a package", hint="as in docs or dom0-extras")
    return text
