"""Facts of the machine this runs on; `probe_host` reads them all, each module parses one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.probe.console import read_console
from backend.probe.cpu import read_cpu
from backend.probe.disks import read_disks
from backend.probe.firmware import read_firmware, read_secure_boot
from backend.probe.memory import read_memory
from backend.probe.nics import read_nics
from installer.model.host import Host

if TYPE_CHECKING:
    from backend.system import System


def probe_host(system: System | None = None, *, idle_holders: bool = True) -> Host:
    """Return the facts of this machine; nothing is written, activated or brought up.

    `system` runs the programs that look at the disks' contents; without one those stay empty. `idle_holders` False
    (in the installation image) offers disks that only carry unused md arrays, volume groups or multipath devices.
    """
    cpu = read_cpu()
    return Host(
        firmware=read_firmware(),
        memory_bytes=read_memory(),
        virtualization=cpu.virtualization,
        disks=read_disks(system, idle_holders=idle_holders),
        nics=read_nics(),
        cpu_model=cpu.model,
        cpu_mhz=cpu.mhz,
        virtualization_off=cpu.virtualization_off,
        console=read_console(),
        secure_boot=read_secure_boot(),
    )
