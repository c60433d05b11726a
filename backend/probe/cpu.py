"""The processor: model, speed, and whether it can run hardware-assisted guests."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from backend.probe.hypervisor import Hypervisor, read_hypervisor
from backend.probe.msr import read_switched_off
from backend.probe.sysfs import read_attribute
from installer.model.host import Virtualization

CPUINFO = "/proc/cpuinfo"
FASTEST_KHZ = "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"
AMD = ("AuthenticAMD", "HygonGenuine")


@dataclass(frozen=True)
class Cpu:
    """`mhz` is the highest known speed of any core, 0 when unknown; see `Host` for `virtualization_off`."""

    virtualization: Virtualization
    model: str
    mhz: int
    virtualization_off: bool = False


def parse_cpu(cpuinfo: str, hypervisor: Hypervisor, fastest_khz: str = "") -> Cpu:
    """Return the facts from /proc/cpuinfo, the hypervisor and cpufreq's cpuinfo_max_freq.

    Xen hides vmx and svm from dom0, so there its own capabilities count.
    """
    rows = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in cpuinfo.splitlines())]
    first = dict(reversed(rows))
    flags = set(first.get("flags", "").split())
    vendor = first.get("vendor_id", "")
    if hypervisor.is_xen:
        virtualization = Virtualization.NONE
        if re.search(r"\bhvm-", hypervisor.capabilities):
            virtualization = Virtualization.AMD_V if vendor in AMD else Virtualization.INTEL_VT
    elif "vmx" in flags:
        virtualization = Virtualization.INTEL_VT
    else:
        virtualization = Virtualization.AMD_V if "svm" in flags else Virtualization.NONE
    speeds = [int(value.partition(".")[0]) for key, value in rows if key == "cpu MHz" and re.match(r"[0-9]+", value)]
    if re.fullmatch(r"[0-9]+", fastest_khz):
        speeds.append(int(fastest_khz) // 1000)
    return Cpu(virtualization, " ".join(first.get("model name", "").split()), max(speeds, default=0))


def read_cpu() -> Cpu:
    """Return the facts of this machine's processor; what the firmware has switched off cannot be used."""
    hypervisor = read_hypervisor()
    cpu = parse_cpu(read_attribute(CPUINFO), hypervisor, read_attribute(FASTEST_KHZ))
    if read_switched_off(hypervisor):  # older kernels leave the flag of AMD-V in /proc/cpuinfo
        return replace(cpu, virtualization=Virtualization.NONE, virtualization_off=True)
    return cpu
