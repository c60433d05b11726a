"""Whether the firmware has switched off what the processor can do for hardware-assisted guests (Intel VT, AMD-V)."""

from __future__ import annotations

import os

from backend.probe.hypervisor import Hypervisor

CPUID = "/dev/cpu/0/cpuid"  # cpuid(4): the offset is the leaf, 16 bytes are eax, ebx, ecx, edx
MSR = "/dev/cpu/0/msr"  # msr(4): the offset is the register, 8 bytes
FEATURES, EXTENDED_FEATURES = 0x1, 0x80000001
VMX_BIT, SVM_BIT = 1 << 5, 1 << 2  # of ecx of these leaves
FEATURE_CONTROL = 0x3A  # IA32_FEATURE_CONTROL, Intel SDM volume 3, 24.7
LOCKED, VMX_OUTSIDE_SMX = 1 << 0, 1 << 2
VM_CR = 0xC0010114  # AMD APM volume 2, 15.30.1
SVM_DISABLED = 1 << 4


def parse_switched_off(features: int, extended: int, feature_control: int | None, vm_cr: int | None) -> bool:
    """Say whether the processor has VT or AMD-V, and a register says that the firmware has switched it off.

    `features` and `extended` are ecx of the two leaves of CPUID; a register that cannot be read (None) says nothing.
    """
    if features & VMX_BIT and feature_control is not None:
        return bool(feature_control & LOCKED) and not feature_control & VMX_OUTSIDE_SMX
    if extended & SVM_BIT and vm_cr is not None:
        return bool(vm_cr & SVM_DISABLED)
    return False


def read_switched_off(hypervisor: Hypervisor, cpuid: str = CPUID, msr: str = MSR) -> bool:
    """Ask this machine's first processor; False when it cannot be asked.

    Needs root and the drivers cpuid and msr. From dom0 the registers are Xen's inventions, so there nothing is said.
    """
    if hypervisor.is_xen:
        return False
    features = _read(cpuid, FEATURES, 16)
    extended = _read(cpuid, EXTENDED_FEATURES, 16)
    return parse_switched_off(_ecx(features), _ecx(extended), _register(msr, FEATURE_CONTROL), _register(msr, VM_CR))


def _ecx(registers: bytes) -> int:
    return int.from_bytes(registers[8:12], "little")


def _register(path: str, number: int) -> int | None:
    value = _read(path, number, 8)
    return int.from_bytes(value, "little") if len(value) == 8 else None


def _read(path: str, place: int, length: int) -> bytes:
    """Read at a place; a register that the processor has not got is an EIO."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, length, place)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
