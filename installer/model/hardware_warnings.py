"""What a Xen host will suffer from on a machine, without anything stopping an installation (spec R12, G 2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from installer.model.host import Host, Virtualization
from installer.model.problem import Problem, Severity
from installer.model.units import MIB

LEAST_MEMORY_BYTES = 924 * MIB  # of 1 GB; firmware keeps some (spec R12)
LEAST_MHZ = 1500
LEAST_MBIT = 100
ROUNDING_MHZ = 0.99  # a processor sold with 2.0 GHz may call itself 1995 MHz


def hardware_warnings(host: Host) -> tuple[Problem, ...]:
    """Return what a Xen host will suffer from; nothing of it stops an installation."""
    return tuple(Problem(Severity.WARNING, message, hint=hint) for message, hint in _warnings(host))


def _warnings(host: Host) -> Iterator[tuple[str, str]]:
    if host.virtualization is Virtualization.NONE:
        if host.virtualization_off:
            message = "Intel VT or AMD-V is disabled in this machine's BIOS: Windows virtual machines will not run"
            yield message, "switch it on in the firmware's settings, then off and on again with the power pulled"
        else:
            message = "this machine has no Intel VT or AMD-V, or it is disabled: Windows virtual machines will not run"
            yield message, "look for it in the firmware's settings"
    if host.memory_bytes < LEAST_MEMORY_BYTES:
        yield f"this machine has {host.memory_bytes // MIB} MiB of memory; a Xen host needs 1 GB or more", ""
    if 0 < host.cpu_mhz < LEAST_MHZ * ROUNDING_MHZ:
        yield f"the processor runs at {ghz(host.cpu_mhz)}; a Xen host needs {ghz(LEAST_MHZ)} or more", ""
    for nic in host.nics:
        if nic.speed_mbit is not None and nic.speed_mbit < LEAST_MBIT:
            message = f"the network interface {nic.name} runs at {nic.speed_mbit} Mbit/s; a Xen host needs {LEAST_MBIT}"
            yield f"{message} or more", "look at the cable and at the switch's port"


def ghz(mhz: int) -> str:
    """Return a speed as processors are sold by."""
    return f"{mhz / 1000:.1f} GHz"
