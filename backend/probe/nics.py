"""Wired network interfaces of the machine: name, MAC, driver and link."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import netifaces
import pyudev

from backend.probe.sysfs import names, natural, read_attribute
from installer.model.host import Nic

SYSFS_NET = "/sys/class/net"
ETHERNET = "1"  # ARPHRD_ETHER in linux/if_arp.h
MAC = r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"
ATTRIBUTES = ("type", "carrier", "speed", "address")  # Documentation/ABI/testing/sysfs-class-net


@dataclass(frozen=True)
class RawNic:
    """What sysfs says of an interface: `driver` of the device behind it, empty for a virtual interface."""

    name: str
    driver: str
    wireless: bool
    attributes: Mapping[str, str]
    mac: str = ""


def parse_nic(raw: RawNic) -> Nic | None:
    """Return the facts of an interface, None for one that is no wired NIC.

    Carrier and speed are None where unknown: the kernel tells them only of an interface that is up.
    """
    mac = (raw.mac or raw.attributes.get("address", "")).lower()
    if not raw.driver or raw.wireless or raw.attributes.get("type") != ETHERNET or not re.fullmatch(MAC, mac):
        return None
    carrier = {"1": True, "0": False}.get(raw.attributes.get("carrier", ""))
    speed = raw.attributes.get("speed", "")
    return Nic(
        name=raw.name,
        mac=mac,
        driver=raw.driver,
        carrier=carrier,
        speed_mbit=int(speed) if re.fullmatch(r"[1-9][0-9]{0,8}", speed) and speed != UNKNOWN_SPEED else None,
    )


UNKNOWN_SPEED = str(2**32 - 1)  # SPEED_UNKNOWN as older kernels print it


def read_nics() -> tuple[Nic, ...]:
    """Return the wired interfaces of this machine, sorted by name."""
    nics = (parse_nic(_read(name)) for name in sorted(_enumerate(), key=natural))
    return tuple(nic for nic in nics if nic is not None)


def _enumerate() -> tuple[str, ...]:
    """Ask udev for the interfaces; libudev lists those of sysfs also where no udevd runs."""
    try:
        return tuple(device.sys_name for device in pyudev.Context().list_devices(subsystem="net"))
    except ImportError:  # libudev itself is not there
        return names(SYSFS_NET)


def _read(name: str) -> RawNic:
    directory = f"{SYSFS_NET}/{name}"
    driver = os.path.realpath(f"{directory}/device/driver")
    return RawNic(
        name=name,
        driver=os.path.basename(driver) if os.path.isdir(driver) else "",
        wireless=os.path.exists(f"{directory}/wireless") or os.path.exists(f"{directory}/phy80211"),
        attributes={attribute: read_attribute(f"{directory}/{attribute}") for attribute in ATTRIBUTES},
        mac=_mac(name),
    )


def _mac(name: str) -> str:
    try:
        addresses = netifaces.ifaddresses(name).get(netifaces.AF_LINK, ())
    except ValueError:  # gone since it was listed
        return ""
    return next((str(address["addr"]) for address in addresses if "addr" in address), "")
