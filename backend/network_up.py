"""Brings the network up in the installation image, by the image's own program; ended at once by a cancel."""

from __future__ import annotations

from backend.probe.sysfs import read_attribute
from backend.process import Argv, Child
from installer.model.errors import Cancelled, DeviceError, UsageError
from installer.model.host import Host, Nic
from installer.model.interface import AdminInterface
from installer.model.ports import Cancel, NetworkWish

PROGRAM = "/usr/lib/installer/network"  # initrd/init/network
ROUTES = "/proc/net/route"
LOOK_S = 0.1


def network_argv(host: Host, wish: NetworkWish, program: str = PROGRAM) -> Argv:
    """Return the command for a wish: IPv4 is enough to install by.

    Raises UsageError when the host has not got the NIC, and when there is to be no IPv4.
    """
    nic = _nic(host, wish.interface)
    static = wish.interface.static
    if wish.interface.without_ipv4:
        raise UsageError("IPv6 alone cannot be used while installing", hint="choose DHCP or a static IPv4 address")
    name = f"{nic.name}.{wish.interface.vlan}" if wish.interface.vlan else nic.name
    if static is None:
        return (program, name)
    return (program, name, "static", static.interface.with_prefixlen, str(static.gateway), *wish.nameservers)


def _nic(host: Host, interface: AdminInterface) -> Nic:
    """Return the NIC meant by name or MAC address, or the host's first."""
    wanted = interface.name or interface.mac
    if nic := next((nic for nic in host.nics if wanted in (None, nic.name, nic.mac)), None):
        return nic
    present = ", ".join(nic.name for nic in host.nics) or "none"
    raise UsageError(f"this machine has no network interface {wanted}", hint=f"network interfaces present: {present}")


def bring_up(host: Host, wish: NetworkWish, cancel: Cancel, program: str = PROGRAM) -> None:
    """Have a NIC up with an address, by DHCP or static. Raises DeviceError with the program's words, Cancelled."""
    _run(network_argv(host, wish, program), cancel)


def bring_up_any(cancel: Cancel, program: str = PROGRAM, routes: str = ROUTES) -> None:
    """Have whichever NICs there are up by DHCP, unless a network is up already. Raises as `bring_up` does."""
    if len(read_attribute(routes).splitlines()) <= 1:  # proc_net(5): the first line is a heading
        _run((program, "all"), cancel)


def _run(argv: Argv, cancel: Cancel) -> None:
    output = b""
    with Child(argv, b"") as child:
        while (data := child.read(LOOK_S)) != b"":
            if cancel.is_set():
                raise Cancelled("broken off by the user")
            output += data or b""
        status = child.status()
    if status:
        lines = output.decode(errors="replace").strip().splitlines()
        what = "; ".join(lines) or f"the network could not be brought up (exit status {status})"
        raise DeviceError(what, hint="look at the cable, at the switch's port and at the VLAN")
