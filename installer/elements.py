"""The answerfile's elements: one row each, from which it is read, written, documented and put into a schema."""

from __future__ import annotations

from installer import answerfile_values as values
from installer.element_row import AttributeRow, ElementRow, Text
from installer.elements_access import CA_CERTIFICATE, REPORT, REPOSITORY_KEY, SSH, SSH_KEY
from installer.elements_disks import (
    BACKUP_DISK,
    ERASE_SHARED_STORAGE,
    EXISTING_INSTALLATION,
    GUEST_DISK,
    PRIMARY_DISK,
    YES_NO,
)
from installer.elements_network import ADMIN_INTERFACE, BOND, HOSTNAME, INTERFACE, NAMESERVER
from installer.elements_source import DRIVER_SOURCE, POST_INSTALL_SCRIPT, SCRIPT, SKIP_PACKAGE, SOURCE
from installer.model.answers import PasswordKind
from installer.model.wishes import Mode, StorageType

__all__ = ("RESTORE", "ROOT", "ROOTS")

_HASH = "!!|[$](1[$].{24,31}|2[abxy][$].{56}|5[$].{45,80}|6[$].{88,123}|(g?y|7)[$].{46,150})"  # crypt(5), by length
_KEYMAP = ElementRow(
    "keymap",
    "The keymap of the console; us when left out.",
    "<keymap>us</keymap>",
    read=values.read_keymap,
    write=values.write_keymap,
    pattern=r"[A-Za-z0-9][A-Za-z0-9_.+\-]{0,63}",
)
_ROOT_PASSWORD = ElementRow(
    "root-password",
    "The root password of the host, in clear or as a crypt(5) hash; for the hash !! it is asked at the first boot.",
    '<root-password type="plaintext">a good password</root-password>',
    required_in=(Mode.FRESH,),
    attributes=(AttributeRow("type", "how it is given", values=tuple(PasswordKind), default=PasswordKind.PLAINTEXT),),
    read=values.read_root_password,
    write=values.write_root_password,
    patterns=((PasswordKind.PLAINTEXT, ".+"), (PasswordKind.HASH, _HASH)),
)
_TIMEZONE = ElementRow(
    "timezone",
    "The time zone by its TZ name.",
    "<timezone>Europe/London</timezone>",
    required_in=(Mode.FRESH,),
    read=values.read_timezone,
    write=values.write_timezone,
    pattern=r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*",
)
_TIME_METHOD = ElementRow(
    "time-config-method",
    "ntp: the time comes from the ntp-servers, or from those that DHCP names; manual: the hardware clock is kept as it"
    " is.",
    "<time-config-method>ntp</time-config-method>",
    read=values.read_time_method,
    write=values.write_time_method,
    pattern="[Nn][Tt][Pp]|[Mm][Aa][Nn][Uu][Aa][Ll]",
)
_NTP_SERVER = ElementRow(
    "ntp-server",
    "The name or address of a time server, or several, parted by commas or blanks; when left out, they come by DHCP.",
    "<ntp-server>ntp.example.com</ntp-server>",
    repeatable=True,
    read=values.read_ntp_server,
    write=values.write_ntp_server,
    aliases=("ntp-servers",),
    pattern=r"[A-Za-z0-9.:\-,; ]+",
)

ROOT = ElementRow(
    "installation",
    "All of one unattended installation.",
    '<installation mode="fresh">…</installation>',
    text=Text.NONE,
    attributes=(
        AttributeRow(
            "mode",
            "what to do with the machine: fresh erases the disks; reinstall and upgrade keep the virtual machines"
            " and the settings of the host that is there, of whichever version",
            values=(Mode.FRESH, Mode.REINSTALL, Mode.UPGRADE),
            default=Mode.FRESH,
        ),
        AttributeRow(
            "sr-type",
            "what virtual machines are stored on: an LVM volume group, or an ext3 file system on one device",
            values=tuple(StorageType),
            default=StorageType.LVM,
            modes=(Mode.FRESH,),
            aliases=("srtype",),
        ),
        AttributeRow(
            "backup",
            "with reinstall and upgrade: whether the control domain is backed up first",
            form="yes or no",
            default="yes",
            modes=(Mode.REINSTALL, Mode.UPGRADE),
            pattern=YES_NO,
        ),
    ),
    children=(
        EXISTING_INSTALLATION,
        PRIMARY_DISK,
        GUEST_DISK,
        ERASE_SHARED_STORAGE,
        _KEYMAP,
        _ROOT_PASSWORD,
        SOURCE,
        DRIVER_SOURCE,
        SKIP_PACKAGE,
        POST_INSTALL_SCRIPT,
        SCRIPT,
        ADMIN_INTERFACE,
        INTERFACE,
        BOND,
        _TIMEZONE,
        _TIME_METHOD,
        _NTP_SERVER,
        NAMESERVER,
        HOSTNAME,
        SSH,
        SSH_KEY,
        CA_CERTIFICATE,
        REPOSITORY_KEY,
        REPORT,
    ),
)

RESTORE = ElementRow(
    "restore",
    "The root element of a file that restores the backup of a control domain, from partition 2 of its disk.",
    "<restore>…</restore>",
    text=Text.NONE,
    children=(BACKUP_DISK, REPORT),
)

ROOTS = (ROOT, RESTORE)
