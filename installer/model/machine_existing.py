"""Installed hosts and backups in machine files: what `Disk.installed` and `Disk.backup` are as JSON."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TypeVar

from installer.model.existing import Backup, BackupMaker, GuestRecord, InstalledHost, KeptSettings, LocalStorage, Power
from installer.model.interface import V6, AdminInterface, Bond, BondMode, ProtocolV6, StaticAddress
from installer.model.json_object import JsonObject
from installer.model.wishes import Mode, StorageType

Value = TypeVar("Value")


def read_installed(reader: JsonObject) -> InstalledHost:
    """Return the installed host of a disk. Raises UsageError."""
    return InstalledHost(
        product=reader.filled("product"),
        version=reader.text("version"),
        build=reader.text("build", default=""),
        installer_version=reader.text("installer_version", default=""),
        installation_uuid=reader.text("installation_uuid", default=""),
        control_domain_uuid=reader.text("control_domain_uuid", default=""),
        root_label=reader.text("root_label", default=""),
        storage=reader.item("storage", _storage),
        settings=reader.item("settings", _settings) or KeptSettings(),
        guests=reader.items("guests", _guest, required=False),
        iqn=reader.text("iqn", default=""),
        refused=reader.text("refused", default=""),
        hint=reader.text("hint", default=""),
        unfinished=reader.flag("unfinished"),
        step=reader.text("step", default=""),
        mode=reader.choice("mode", Mode),
    )


def read_backup(reader: JsonObject) -> Backup:
    """Return the backup on a disk. Raises UsageError."""
    return Backup(
        maker=reader.choice("maker", BackupMaker),
        product=reader.filled("product"),
        version=reader.text("version"),
        build=reader.text("build", default=""),
        installation_uuid=reader.text("installation_uuid", default=""),
        hostname=reader.text("hostname", default=""),
        root_label=reader.text("root_label", default=""),
        made_at=reader.text("made_at", default=""),
        refused=reader.text("refused", default=""),
        hint=reader.text("hint", default=""),
    )


def _storage(reader: JsonObject) -> LocalStorage:
    return LocalStorage(
        sr_uuid=reader.filled("sr_uuid"), type=reader.choice("type", StorageType), devices=reader.texts("devices")
    )


def _guest(reader: JsonObject) -> GuestRecord:
    return GuestRecord(
        uuid=reader.filled("uuid"),
        name=reader.text("name"),
        power=reader.choice("power", Power),
        volumes=reader.texts("volumes"),
    )


def _settings(reader: JsonObject) -> KeptSettings:
    return KeptSettings(
        keymap=reader.text_or_none("keymap"),
        timezone=reader.text_or_none("timezone"),
        ntp_servers=reader.texts("ntp_servers"),
        clock_by_hand=reader.flag("clock_by_hand"),
        hostname=reader.text_or_none("hostname"),
        nameservers=tuple(_made(reader, "nameservers", text, IPv4Address) for text in reader.texts("nameservers")),
        interface=reader.item("interface", _interface),
        bonds=reader.items("bonds", _bond, required=False),
        ssh=reader.flag_or_none("ssh"),
        unreadable=reader.texts("unreadable"),
        fallback_hostname=reader.text_or_none("fallback_hostname"),
        nics=reader.texts("nics"),
    )


def _interface(reader: JsonObject) -> AdminInterface:
    return AdminInterface(
        name=reader.text_or_none("name"),
        static=reader.item("static", _static),
        mac=reader.text_or_none("mac"),
        vlan=reader.number_or_none("vlan", 1, 4094),
        ipv6=reader.item("ipv6", _v6),
        without_ipv4=reader.flag("without_ipv4"),
    )


def _static(reader: JsonObject) -> StaticAddress:
    return StaticAddress(
        interface=_made(reader, "interface", reader.text("interface"), IPv4Interface),
        gateway=_made(reader, "gateway", reader.text("gateway"), IPv4Address),
    )


def _v6(reader: JsonObject) -> V6:
    address, gateway = reader.text_or_none("address"), reader.text_or_none("gateway")
    return V6(
        protocol=reader.choice("protocol", ProtocolV6),
        address=None if address is None else _made(reader, "address", address, IPv6Interface),
        gateway=None if gateway is None else _made(reader, "gateway", gateway, IPv6Address),
    )


def _bond(reader: JsonObject) -> Bond:
    return Bond(name=reader.filled("name"), mode=reader.choice("mode", BondMode), members=reader.texts("members"))


def _made(reader: JsonObject, field: str, text: str, kind: Callable[[str], Value]) -> Value:
    try:
        return kind(text)
    except ValueError:
        raise reader.error(field, f"holds {text!a}, which is no address") from None
