"""The processor, seen by Linux alone and from dom0."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.probe.cpu import Cpu, parse_cpu, read_cpu
from backend.probe.hypervisor import Hypervisor, read_hypervisor
from installer.model.host import Virtualization

RECORDED = Path(__file__).parents[2] / "commands" / "probe"
BARE = Hypervisor()
HVM = "xen-3.0-x86_64 xen-3.0-x86_32p hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64"


def recorded(name: str) -> str:
    return (RECORDED / f"cpuinfo_{name}").read_text()


@pytest.mark.parametrize(
    ("name", "hypervisor", "expected"),
    [
        ("intel", BARE, Virtualization.INTEL_VT),
        ("amd", BARE, Virtualization.AMD_V),
        ("qemu", BARE, Virtualization.NONE),
        ("intel", Hypervisor(True, HVM), Virtualization.INTEL_VT),
        ("amd", Hypervisor(True, HVM), Virtualization.AMD_V),
        ("intel", Hypervisor(True, "xen-3.0-x86_64 xen-3.0-x86_32p"), Virtualization.NONE),
        ("qemu", Hypervisor(True, ""), Virtualization.NONE),
    ],
)
def test_hardware_assisted_guests(name: str, hypervisor: Hypervisor, expected: Virtualization) -> None:
    assert parse_cpu(recorded(name), hypervisor).virtualization is expected


def test_model_and_the_highest_speed_of_any_core() -> None:
    cpu = parse_cpu(recorded("intel"), BARE)
    assert (cpu.model, cpu.mhz) == ("Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz", 1899)
    assert parse_cpu(recorded("intel"), BARE, "3200000").mhz == 3200


def test_a_file_that_says_nothing() -> None:
    assert parse_cpu("", BARE) == Cpu(Virtualization.NONE, "", 0)


def test_reads_the_hypervisor(tmp_path: Path) -> None:
    assert read_hypervisor(str(tmp_path)) == BARE
    (tmp_path / "properties").mkdir()
    (tmp_path / "properties" / "capabilities").write_text(HVM + "\n")
    (tmp_path / "type").write_text("xen\n")
    assert read_hypervisor(str(tmp_path)) == Hypervisor(True, HVM)


def test_this_machine_has_a_processor() -> None:
    assert read_cpu().mhz >= 0
