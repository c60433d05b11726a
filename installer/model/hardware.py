"""What is worth saying of a machine before it becomes a Xen host: stops, warnings, what is below the recommended.

Pure functions of the facts; screens and unattended runs say the same (spec R12, G 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from installer.model.check import PRIMARY_DISK_BYTES, disk_refusals
from installer.model.hardware_warnings import LEAST_MEMORY_BYTES, LEAST_MHZ, ROUNDING_MHZ, ghz, hardware_warnings
from installer.model.host import Disk, Host
from installer.model.problem import Problem, Severity
from installer.model.units import GB, MIB, human_size

RECOMMENDED_MEMORY_BYTES = 2 * LEAST_MEMORY_BYTES  # of 2 GB
RECOMMENDED_MHZ = 2000
RECOMMENDED_DISK_BYTES = 60 * GB

POWER_CYCLE = (
    "Virtualization is switched on in the firmware's settings (BIOS), often under processor or security. After the"
    " change switch the machine off and pull its power for a moment: a restart is not enough for some machines."
)


@dataclass(frozen=True)
class NotOffered:
    """A disk that the control domain cannot go onto, and why."""

    disk: Disk
    reason: str


@dataclass(frozen=True)
class Hardware:
    """`stops` end the installation here, until something else is found; `warnings` and `note` are only said.

    `note` is one line or empty. `not_offered` are the disks that cannot be the primary one.
    """

    stops: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    note: str
    not_offered: tuple[NotOffered, ...]


def look_at(host: Host) -> Hardware:
    """Return everything worth saying of the machine, whatever the answers will be."""
    refused = ((disk, disk_refusals(disk, host, primary=True)) for disk in host.disks)
    not_offered = tuple(NotOffered(disk, "; ".join(reasons)) for disk, reasons in refused if reasons)
    return Hardware(tuple(_stops(host, not_offered)), hardware_warnings(host), _note(host, not_offered), not_offered)


def _stops(host: Host, not_offered: tuple[NotOffered, ...]) -> Iterator[Problem]:
    hint = "a driver may be missing: load a driver disk, and the machine is looked at again"
    if len(not_offered) == len(host.disks):
        message = f"this machine has no disk of {human_size(PRIMARY_DISK_BYTES)} or more that can be used"
        reasons = "; ".join(f"{refused.disk.label()}: {refused.reason}" for refused in not_offered)
        yield Problem(Severity.ERROR, f"{message} ({reasons})" if reasons else f"{message}: it has no disk", hint=hint)
    if not host.nics:
        yield Problem(Severity.ERROR, "this machine has no network interface that can be used", hint=hint)


def _note(host: Host, not_offered: tuple[NotOffered, ...]) -> str:
    """Return what is below the recommended, less what was warned of already."""
    below: list[str] = []
    if LEAST_MHZ * ROUNDING_MHZ <= host.cpu_mhz < RECOMMENDED_MHZ * ROUNDING_MHZ:
        below.append(f"a processor of {ghz(host.cpu_mhz)}")
    if LEAST_MEMORY_BYTES <= host.memory_bytes < RECOMMENDED_MEMORY_BYTES:
        below.append(f"{host.memory_bytes // MIB} MiB of memory")
    refused = {entry.disk for entry in not_offered}
    largest = max((disk.size_bytes for disk in host.disks if disk not in refused), default=RECOMMENDED_DISK_BYTES)
    if largest < RECOMMENDED_DISK_BYTES:
        below.append(f"a disk of {human_size(largest)}")
    if not below:
        return ""
    return f"Recommended are 2 GHz, 2 GB of memory and 60 GB of disk; this machine has {', '.join(below)}."
