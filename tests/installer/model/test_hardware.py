"""What is said of a machine before anything is asked: from recorded machines and at every limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.hardware import look_at
from installer.model.hardware_warnings import ghz
from installer.model.host import Disk, Firmware, Host, Nic, Virtualization
from installer.model.machine_file import default_host, load_host
from installer.model.units import GB, GIB, MIB

MACHINES = Path(__file__).parents[2] / "machines"
GOOD = Host(
    Firmware.BIOS,
    4 * GIB,
    Virtualization.INTEL_VT,
    (Disk("sda", "/dev/sda", 480 * GB, model="ST480", serial="S1"),),
    (Nic("eth0", "00:16:3e:00:00:01", speed_mbit=1000),),
    cpu_mhz=2400,
)


def recorded(name: str) -> Host:
    return load_host((MACHINES / f"{name}.json").read_bytes(), name)


def warned(host: Host) -> list[str]:
    return [problem.message for problem in look_at(host).warnings]


def with_disk(**facts: object) -> Host:
    return replace(GOOD, disks=(replace(GOOD.disks[0], **facts),))  # type: ignore[arg-type]  # the test names the fields


def test_nothing_is_said_of_a_good_machine() -> None:
    found = look_at(GOOD)
    assert (found.stops, found.warnings, found.note, found.not_offered) == ((), (), "", ())


def test_without_virtualization_windows_will_not_run() -> None:
    (message,) = warned(replace(GOOD, virtualization=Virtualization.NONE))
    assert "no Intel VT or AMD-V" in message and "Windows" in message


def test_switched_off_in_the_bios_is_worded_apart() -> None:
    (problem,) = look_at(replace(GOOD, virtualization=Virtualization.NONE, virtualization_off=True)).warnings
    assert "disabled in this machine's BIOS" in problem.message
    assert "power" in problem.hint


@pytest.mark.parametrize(("memory_bytes", "count"), [(923 * MIB, 1), (924 * MIB, 0)])
def test_less_memory_than_1_gb(memory_bytes: int, count: int) -> None:
    assert len(warned(replace(GOOD, memory_bytes=memory_bytes))) == count


@pytest.mark.parametrize(("mhz", "count"), [(1, 1), (1484, 1), (1485, 0), (1500, 0), (0, 0)])
def test_slow_processor_of_known_speed(mhz: int, count: int) -> None:
    assert len(warned(replace(GOOD, cpu_mhz=mhz))) == count


@pytest.mark.parametrize(("speed", "count"), [(10, 1), (99, 1), (100, 0), (None, 0)])
def test_slow_nic_of_known_speed(speed: int | None, count: int) -> None:
    messages = warned(replace(GOOD, nics=(*GOOD.nics, Nic("eth1", "00:16:3e:00:00:02", speed_mbit=speed))))
    assert len(messages) == count
    assert all("eth1" in message for message in messages)


def test_below_the_recommended_is_one_line_that_names_what() -> None:
    host = replace(with_disk(size_bytes=40 * GB), cpu_mhz=1800, memory_bytes=1536 * MIB)
    found = look_at(host)
    assert found.warnings == ()
    assert "a processor of 1.8 GHz, 1536 MiB of memory, a disk of 40 GB" in found.note
    assert "\n" not in found.note


def test_what_was_warned_of_is_not_noted_again() -> None:
    assert look_at(replace(GOOD, cpu_mhz=1000, memory_bytes=512 * MIB)).note == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"size_bytes": 16 * GB - 512}, "too small: the primary disk needs 16 GB"),
        ({"excluded": "is in use: / is on it"}, "is in use: / is on it"),
        ({"read_only": True}, "is read-only"),
    ],
)
def test_a_machine_without_a_disk_to_take_is_stopped_with_the_reason(facts: dict[str, object], reason: str) -> None:
    found = look_at(with_disk(**facts))
    (stop,) = found.stops
    assert "no disk of 16 GB" in stop.message and reason in stop.message
    assert "driver disk" in stop.hint
    (refused,) = found.not_offered
    assert refused.disk.name == "sda" and reason in refused.reason


def test_a_disk_of_exactly_16_gb_does() -> None:
    assert look_at(with_disk(size_bytes=16 * GB)).stops == ()


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        ("no_disk", "it has no disk"),
        ("no_nic", "no network interface"),
        ("small_disk", "too small"),
        ("mounted_disk", ""),
        ("twins", ""),
        ("many", ""),
        ("weak", ""),
    ],
)
def test_recorded_machines(name: str, stop: str) -> None:
    messages = [problem.message for problem in look_at(recorded(name)).stops]
    assert [message for message in messages if stop and stop in message] == messages
    assert bool(messages) == bool(stop)


def test_a_weak_machine_is_warned_of_all_at_once() -> None:
    messages = "\n".join(warned(recorded("weak")))
    for words in ("disabled in this machine's BIOS", "767 MiB of memory", "1.3 GHz", "eth0 runs at 10 Mbit/s"):
        assert words in messages


def test_many_disks_show_each_reason() -> None:
    reasons = {entry.disk.name: entry.reason for entry in look_at(recorded("many")).not_offered}
    assert reasons == {
        "sdc": "is too small: the primary disk needs 16 GB",
        "sde": "is in use: it holds the running system",
    }


def test_each_disk_not_offered_has_its_reason() -> None:
    host = recorded("mounted_disk")
    found = look_at(host)
    assert found.not_offered and all(entry.reason for entry in found.not_offered)
    assert {entry.disk.name for entry in found.not_offered} == {disk.name for disk in host.disks if disk.excluded}


def test_the_shipped_machine_can_be_installed() -> None:
    assert look_at(default_host()).stops == ()


@pytest.mark.parametrize(("mhz", "noted"), [(1485, True), (1490, True), (1979, True), (1980, False), (0, False)])
def test_the_recommended_processor_has_2_ghz_as_processors_are_sold(mhz: int, noted: bool) -> None:
    assert ("a processor of" in look_at(replace(GOOD, cpu_mhz=mhz)).note) is noted


def test_the_recommended_memory_is_twice_the_least() -> None:
    least = 924 * MIB
    assert f"{2 * least // MIB - 1} MiB of memory" in look_at(replace(GOOD, memory_bytes=2 * least - 1)).note
    assert f"{least // MIB} MiB of memory" in look_at(replace(GOOD, memory_bytes=least)).note
    assert look_at(replace(GOOD, memory_bytes=2 * least)).note == ""


@pytest.mark.parametrize(("size_gb", "noted"), [(59, True), (60, False)])
def test_the_recommended_disk_has_60_gb(size_gb: int, noted: bool) -> None:
    assert ("a disk of" in look_at(with_disk(size_bytes=size_gb * GB)).note) is noted


@pytest.mark.parametrize(("mhz", "text"), [(1949, "1.9 GHz"), (1951, "2.0 GHz"), (3000, "3.0 GHz")])
def test_speeds_are_rounded_as_processors_are_sold(mhz: int, text: str) -> None:
    assert ghz(mhz) == text
