"""Whether the installer itself runs on Xen, whose view of the machine is not dom0's."""

from __future__ import annotations

from dataclasses import dataclass

from backend.probe.sysfs import read_attribute

SYSFS_HYPERVISOR = "/sys/hypervisor"  # Documentation/ABI/stable/sysfs-hypervisor-xen


@dataclass(frozen=True)
class Hypervisor:
    """`capabilities` is what guests Xen can run: `xen-3.0-x86_64 hvm-3.0-x86_64 ...`."""

    is_xen: bool = False
    capabilities: str = ""


def read_hypervisor(directory: str = SYSFS_HYPERVISOR) -> Hypervisor:
    """Return what the kernel says of the hypervisor below it."""
    if read_attribute(f"{directory}/type") != "xen":
        return Hypervisor()
    return Hypervisor(is_xen=True, capabilities=read_attribute(f"{directory}/properties/capabilities"))
