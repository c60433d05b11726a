"""The table of what a host keeps when it is installed over: every file, what it is, and where that is known from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Carry(StrEnum):
    """How it comes over: the file as it is, or what it says becomes an answer and the file is written anew."""

    FILE = "file"
    ANSWER = "answer"
    RECORD = "record"  # goes into the documented file of what was found, never to its old place


@dataclass(frozen=True)
class Carried:
    """A row: absolute `path` on the host (a directory: all below it; `*` as in fnmatch(3) in the last part)."""

    path: str
    what: str
    how: Carry
    source: str


CARRIED: tuple[Carried, ...] = (
    Carried("/etc/xensource-inventory", "who the host is", Carry.ANSWER, "xapi's inventory; peers of 4.0"),
    Carried("/etc/xensource/ptoken", "the pool's secret", Carry.FILE, "the installer of 4.0"),
    Carried("/etc/xensource/pool.conf", "master or slave of which pool", Carry.FILE, "the installer of 4.0"),
    Carried("/etc/xensource/xapi.conf", "xapi's settings", Carry.FILE, "the installer of 4.0"),
    Carried("/etc/xensource/license", "the licence", Carry.FILE, "guide, B.1"),
    Carried("/var/xapi/state.db", "the database of virtual machines and storage", Carry.FILE, "the installer of 4.0"),
    Carried("/etc/xensource/kept-virtual-machines", "virtual machines of an older host", Carry.FILE, "this installer"),
    Carried("/etc/ssh/ssh_host_*_key*", "the ssh host keys", Carry.FILE, "sshd(8), FILES"),
    Carried("/root/.ssh/authorized_keys", "who may log in by key", Carry.FILE, "sshd(8), AUTHORIZED_KEYS"),
    Carried("/etc/iscsi/initiatorname.iscsi", "the iSCSI name", Carry.FILE, "iscsid(8), FILES"),
    Carried("/etc/shadow", "the hash of the root password", Carry.ANSWER, "shadow(5)"),
    Carried("/etc/sysconfig/network-scripts/ifcfg-*", "the network", Carry.ANSWER, "guide, 3.1"),
    Carried("/etc/sysconfig/network", "the host name", Carry.ANSWER, "guide, 3.1"),
    Carried("/etc/hostname", "the host name", Carry.ANSWER, "hostname(5)"),
    Carried("/etc/resolv.conf", "nameservers", Carry.ANSWER, "resolv.conf(5)"),
    Carried("/etc/ntp.conf", "time servers", Carry.ANSWER, "guide, 3.1"),
    Carried("/etc/sysconfig/clock", "the time zone", Carry.ANSWER, "guide, 3.1"),
    Carried("/etc/sysconfig/keyboard", "the keymap", Carry.ANSWER, "guide, 3.1"),
)
