"""Virtualization that the firmware has switched off, by the registers of Intel and AMD."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from backend.probe.hypervisor import Hypervisor
from backend.probe.msr import parse_switched_off, read_switched_off

VMX, SVM = 1 << 5, 1 << 2
INTEL_LOCKED_OFF, INTEL_LOCKED_ON, INTEL_OPEN = 0x1, 0x5, 0x0


@pytest.mark.parametrize(
    ("features", "extended", "feature_control", "vm_cr", "off"),
    [
        (VMX, 0, INTEL_LOCKED_OFF, None, True),
        (VMX, 0, INTEL_LOCKED_ON, None, False),
        (VMX, 0, INTEL_OPEN, None, False),  # the kernel switches it on itself
        (VMX, 0, None, None, False),
        (0, 0, INTEL_LOCKED_OFF, None, False),  # there is nothing to be switched off
        (0, SVM, None, 0x18, True),
        (0, SVM, None, 0x0, False),
        (0, SVM, None, None, False),
    ],
)
def test_registers(features: int, extended: int, feature_control: int | None, vm_cr: int | None, off: bool) -> None:
    assert parse_switched_off(features, extended, feature_control, vm_cr) is off


def _devices(directory: Path, *, feature_control: int) -> tuple[str, str]:
    """Write files that read as cpuid(4) and msr(4) do for an Intel processor with VT; they are sparse."""
    cpuid, msr = directory / "cpuid", directory / "msr"
    with cpuid.open("wb") as stream:
        stream.seek(1)
        stream.write(struct.pack("<4I", 0, 0, VMX, 0))
        stream.seek(0x80000001)
        stream.write(bytes(16))
    with msr.open("wb") as stream:
        stream.seek(0x3A)
        stream.write(struct.pack("<Q", feature_control))
    return str(cpuid), str(msr)


def test_reads_the_processor(tmp_path: Path) -> None:
    assert read_switched_off(Hypervisor(), *_devices(tmp_path, feature_control=INTEL_LOCKED_OFF))
    assert not read_switched_off(Hypervisor(), *_devices(tmp_path, feature_control=INTEL_LOCKED_ON))


def test_nothing_is_said_from_dom0(tmp_path: Path) -> None:
    assert not read_switched_off(Hypervisor(is_xen=True), *_devices(tmp_path, feature_control=INTEL_LOCKED_OFF))


def test_a_machine_that_cannot_be_asked_says_nothing(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    assert not read_switched_off(Hypervisor(), missing, missing)
