"""Who this machine is, read before its answers are: NICs, the vendor's serial number and product, the host's name."""

from __future__ import annotations

from collections.abc import Iterable

from backend.image_mark import in_installation_image
from backend.probe.nics import read_nics
from backend.probe.sysfs import read_attribute
from installer.model.identity import Identity

DMI = "/sys/class/dmi/id"  # Documentation/ABI/testing/sysfs-firmware-dmi-entries; the serial is for root alone
ROUTES = "/proc/net/route"  # proc(5)
HOSTNAME = "/proc/sys/kernel/hostname"
LEASES = "/run/network"  # as initrd/init/dhcp-event leaves them
ANYWHERE = "00000000"
UP = 1  # RTF_UP in linux/route.h


def parse_default_route(lines: Iterable[str]) -> str:
    """Return the interface of the default route with the lowest metric; empty without one."""
    found: list[tuple[int, str]] = []
    for line in lines:
        words = line.split()
        if len(words) >= 8 and words[1] == words[7] == ANYWHERE and int(words[3], 16) & UP:
            found.append((int(words[6]), words[0]))
    return min(found)[1] if found else ""


def read_identity() -> Identity:
    """Return who this machine is; what cannot be read is empty.

    In the installation image every host has the same name, so that only one that DHCP gave counts.
    """
    interface = parse_default_route(read_attribute(ROUTES).splitlines())
    leased = read_attribute(f"{LEASES}/{interface}.hostname") if interface else ""
    return Identity(
        nics=read_nics(),
        serial=read_attribute(f"{DMI}/product_serial"),
        product=read_attribute(f"{DMI}/product_name"),
        hostname=leased or ("" if in_installation_image() else read_attribute(HOSTNAME)),
        management=interface.partition(".")[0],  # of a VLAN the NIC below it
    )
