"""Answers against the machine they are for."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from installer.model.answers import (
    AdminInterface,
    Answers,
    Clock,
    DiskChoice,
    Naming,
    Origin,
    PasswordKind,
    RootPassword,
    StaticAddress,
)
from installer.model.check import check_answers
from installer.model.choice import choose_devices
from installer.model.disk_rule import DiskRule
from installer.model.hardware import look_at
from installer.model.host import Disk, Firmware, Host, Nic, Virtualization
from installer.model.problem import Problem, Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.storage import Holder, HolderKind, Part, Signature
from installer.model.unbuilt import NOT_BUILT
from installer.model.units import GB, GIB, MIB
from installer.model.wishes import StorageType

BY_ID = "/dev/disk/by-id/ata-ST480_S1"
SDA = Disk("sda", "/dev/sda", 480 * GB, model="ST480", serial="S1", by_id=(BY_ID,))
SDB = Disk("sdb", "/dev/sdb", 480 * GB, model="ST480", serial="S2")
ETH0 = Nic("eth0", "00:16:3e:00:00:01")
ETH1 = Nic("eth1", "00:16:3e:00:00:02")
HOST = Host(Firmware.BIOS, 4 * GIB, Virtualization.INTEL_VT, (SDA, SDB), (ETH0,))
ANSWERS = Answers(
    keymap="us",
    disks=DiskChoice(("sda",)),
    root_password=RootPassword(PasswordKind.PLAINTEXT, Secret("mypassword")),
    sources=(Location(LocationKind.LOCAL),),
    interface=AdminInterface(),
    clock=Clock("UTC"),
    naming=Naming(),
)


def of_disks(*guest: str, primary: str = "sda", storage_on_primary: bool = True) -> Answers:
    return replace(ANSWERS, disks=DiskChoice((primary,), guest, storage_on_primary))


def with_primary(**facts: object) -> Host:
    return replace(HOST, disks=(replace(SDA, **facts), SDB))  # type: ignore[arg-type]  # the test names the fields


def only(answers: Answers, host: Host) -> Problem:
    """Return the one problem there is."""
    (problem,) = check_answers(answers, host)
    return problem


@pytest.mark.parametrize("name", ["sda", "/dev/sda", BY_ID])
def test_a_fitting_machine_has_no_problems(name: str) -> None:
    assert check_answers(of_disks("sdb", primary=name), HOST) == ()


@pytest.mark.parametrize("name", ["sdc", "/dev/sdc", "/dev/disk/by-id/ata-ST480_S3"])
def test_a_disk_that_is_not_there_gets_the_list_of_those_that_are(name: str) -> None:
    problem = only(of_disks(primary=name), HOST)
    assert name in problem.message
    assert problem.hint == "disks present: sda 480 GB ST480 S1, sdb 480 GB ST480 S2"


def test_one_disk_by_two_names_holds_one_file_system() -> None:
    answers = replace(of_disks(BY_ID, "/dev/sda"), storage_type=StorageType.EXT)
    assert not [problem for problem in check_answers(answers, HOST) if "storage type ext" in problem.message]


def test_a_machine_without_disks_is_said_to_have_none() -> None:
    assert only(ANSWERS, replace(HOST, disks=())).hint == "it has no disks"


def test_every_missing_disk_is_named() -> None:
    problems = check_answers(of_disks("sdy", "sdz", primary="sdx"), HOST)
    assert [problem.message.split()[-1] for problem in problems] == ["sdx", "sdy", "sdz"]


def test_an_excluded_disk_is_refused_with_its_reason() -> None:
    assert "mounted at /srv" in only(ANSWERS, with_primary(excluded="mounted at /srv")).message


def test_a_read_only_disk_is_refused() -> None:
    assert "read-only" in only(ANSWERS, with_primary(read_only=True)).message


def test_a_disk_of_16_gb_is_large_enough() -> None:
    assert check_answers(ANSWERS, with_primary(size_bytes=16_000_000_000)) == ()


def test_a_disk_below_16_gb_is_too_small() -> None:
    problem = only(ANSWERS, with_primary(size_bytes=15_999_999_999))
    assert "too small" in problem.message and problem.hint == "it has 15,999,999,999 bytes of 16,000,000,000"


def test_a_small_guest_disk_is_taken() -> None:
    assert check_answers(of_disks("sda", primary="sdb"), with_primary(size_bytes=8 * GB)) == ()


def test_the_primary_disk_may_be_named_again_as_guest_disk() -> None:
    assert check_answers(of_disks("sda"), HOST) == ()


@pytest.mark.parametrize("guests", [("/dev/sda",), (BY_ID,), ("sdb", "/dev/sdb")])
def test_one_disk_under_two_names_is_refused(guests: tuple[str, ...]) -> None:
    assert "is the same disk as" in only(of_disks(*guests), HOST).message


def test_a_primary_disk_without_guests_cannot_be_a_guest_disk() -> None:
    assert "to store no guests" in only(of_disks("sda", storage_on_primary=False), HOST).message


def test_a_bios_takes_a_primary_disk_of_2_tib() -> None:
    assert check_answers(ANSWERS, with_primary(size_bytes=2 * 1024 * GIB)) == ()


def test_a_bios_takes_a_primary_disk_above_2_tib() -> None:
    assert check_answers(ANSWERS, with_primary(size_bytes=2 * 1024 * GIB + 512)) == ()


def test_a_guest_disk_may_be_above_2_tib() -> None:
    assert check_answers(of_disks("sda", primary="sdb"), with_primary(size_bytes=3000 * GIB)) == ()


def test_a_bios_takes_no_primary_disk_with_large_sectors() -> None:
    problem = only(ANSWERS, with_primary(sector_bytes=4096))
    assert "sectors of 4 KiB, from which a BIOS cannot start" in problem.message and "UEFI" in problem.hint


def test_uefi_takes_a_primary_disk_with_large_sectors() -> None:
    assert check_answers(ANSWERS, replace(with_primary(sector_bytes=4096), firmware=Firmware.UEFI)) == ()


@pytest.mark.parametrize("firmware", Firmware)
def test_sectors_neither_512_bytes_nor_4_kib_are_refused(firmware: Firmware) -> None:
    host = replace(with_primary(sector_bytes=8192), firmware=firmware)
    assert "sectors of 8 KiB" in only(of_disks("sda", primary="sdb", storage_on_primary=False), host).message


def test_disks_with_different_sectors_do_not_store_guests_together() -> None:
    """LVM would refuse the volume group, when the disks are erased already."""
    problem = only(of_disks("sda", primary="sdb"), with_primary(sector_bytes=4096))
    assert problem.severity is Severity.ERROR and "sda of 4 KiB" in problem.message
    assert (
        check_answers(of_disks("sda", primary="sdb", storage_on_primary=False), with_primary(sector_bytes=4096)) == ()
    )


def test_a_machine_without_nic_is_refused() -> None:
    assert "no network interface" in only(ANSWERS, replace(HOST, nics=())).message


def test_with_several_nics_one_must_be_named() -> None:
    problem = only(ANSWERS, replace(HOST, nics=(ETH0, ETH1)))
    assert "eth0 00:16:3e:00:00:01, eth1 00:16:3e:00:00:02" in problem.hint


def test_a_named_nic_is_enough() -> None:
    answers = replace(ANSWERS, interface=AdminInterface("eth1"))
    assert check_answers(answers, replace(HOST, nics=(ETH0, ETH1))) == ()


def test_a_nic_that_is_not_there_gets_the_list_of_those_that_are() -> None:
    problem = only(replace(ANSWERS, interface=AdminInterface("eth7")), HOST)
    assert (problem.message.split()[-1], problem.hint) == ("eth7", "network interfaces present: eth0 00:16:3e:00:00:01")


def test_a_static_address_needs_a_nic_no_less() -> None:
    static = StaticAddress(IPv4Interface("10.0.0.7/24"), IPv4Address("10.0.0.1"))
    problem = only(replace(ANSWERS, interface=AdminInterface(None, static)), replace(HOST, nics=(ETH0, ETH1)))
    assert "several" in problem.message


@pytest.mark.parametrize(("memory_bytes", "warned"), [(924 * MIB, False), (924 * MIB - 1, True)])
def test_little_memory_is_a_warning(memory_bytes: int, warned: bool) -> None:
    problems = check_answers(ANSWERS, replace(HOST, memory_bytes=memory_bytes))
    assert [problem.severity for problem in problems] == [Severity.WARNING] * warned


def test_no_hardware_virtualization_is_a_warning() -> None:
    problem = only(ANSWERS, replace(HOST, virtualization=Virtualization.NONE))
    assert problem.severity is Severity.WARNING and "Windows" in problem.message


def test_a_host_name_longer_than_the_kernel_holds_is_a_warning() -> None:
    problem = only(replace(ANSWERS, naming=Naming("a" * 32 + "." + "b" * 32)), HOST)
    assert problem.severity is Severity.WARNING and "65" in problem.message


def test_a_problem_says_where_its_answer_stands() -> None:
    origins = {
        "disks.primary.0": Origin("answerfile", "a.xml:3:17"),
        "disks.guest.1": Origin("answerfile", "a.xml:5:15"),
        "interface": Origin("answerfile", "a.xml:9:26"),
    }
    answers = replace(of_disks("sdb", "sdz", primary="sdx"), interface=AdminInterface("eth7"), origins=origins)
    assert [problem.where for problem in check_answers(answers, HOST)] == ["a.xml:3:17", "a.xml:5:15", "a.xml:9:26"]


def test_a_default_has_no_place() -> None:
    assert only(of_disks(primary="sdx"), HOST).where == ""


def test_ext_storage_takes_one_device() -> None:
    """Decision 0010."""
    ext = replace(of_disks("sdb"), storage_type=StorageType.EXT)
    problem = only(ext, HOST)
    assert problem.severity is Severity.ERROR and "one device" in problem.message and "on 2" in problem.message
    assert check_answers(replace(of_disks("sda"), storage_type=StorageType.EXT), HOST) == ()
    one_guest = of_disks("sdb", storage_on_primary=False)
    assert check_answers(replace(one_guest, storage_type=StorageType.EXT), HOST) == ()


def test_ext_storage_without_a_device_is_told() -> None:
    problem = only(replace(of_disks(storage_on_primary=False), storage_type=StorageType.EXT), HOST)
    assert problem.severity is Severity.WARNING


def test_what_is_not_built_is_an_error_whoever_answered_it() -> None:
    problem = only(replace(ANSWERS, other_interfaces=(AdminInterface("eth1"),)), HOST)
    assert problem.severity is Severity.ERROR and NOT_BUILT in problem.message


@pytest.mark.parametrize(
    "disks",
    [
        DiskChoice(("sda", "sdb")),
        DiskChoice(("sda",), primary_rules=(DiskRule(serial="S2"),)),
        DiskChoice((), primary_rules=(DiskRule(serial="S1"), DiskRule(serial="S2"))),
    ],
)
def test_a_second_primary_disk_is_an_error_and_never_guest_storage(disks: DiskChoice) -> None:
    found = check_answers(replace(ANSWERS, disks=disks), HOST)
    assert [problem.severity for problem in found] == [Severity.ERROR]
    assert f"several primary disks is {NOT_BUILT}" in found[0].message


def test_the_model_carries_several_primary_disks_to_the_check() -> None:
    """The shape that a mirrored control domain needs: a tuple, filled by names and by rules alike."""
    disks = DiskChoice(("sda",), primary_rules=(DiskRule(serial="S2"),))
    chosen, problems = choose_devices(replace(ANSWERS, disks=disks), HOST)
    assert problems == () and chosen.disks.primary == ("sda", "sdb")
    assert NOT_BUILT in only(chosen, HOST).message


LUKS, BITLOCKER = (Part(1, MIB, MIB, "", (Signature(kind),)) for kind in ("crypto_LUKS", "BitLocker"))
OPENED = Holder("dm-0", "vault", HolderKind.CRYPT, ("sda",))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"transport": "iscsi"}, "reached over iSCSI"),
        ({"transport": "fcoe"}, "reached over FCoE"),
        ({"parts": (LUKS,)}, "encrypted"),
        ({"parts": (Part(2, MIB, MIB), BITLOCKER)}, "encrypted"),
        ({"holders": (OPENED,)}, "encrypted"),
    ],
)
def test_disks_of_the_network_and_encrypted_ones_are_listed_as_not_offered(
    facts: dict[str, object], reason: str
) -> None:
    """For the control domain and for guests alike."""
    host = with_primary(**facts)
    (entry,) = look_at(host).not_offered
    assert entry.disk.name == "sda" and f"it is {reason}" in entry.reason and NOT_BUILT in entry.reason
    for answers in (ANSWERS, of_disks("sda", primary="sdb")):
        problem = only(answers, host)
        assert problem.severity is Severity.ERROR and problem.hint
        assert problem.message == f"the disk {SDA.label()} cannot be used: {entry.reason}"


@pytest.mark.parametrize("transport", ["fc", "sas", "sata", "nvme", "virtio", "usb", ""])
def test_disks_of_other_transports_are_offered(transport: str) -> None:
    assert look_at(with_primary(transport=transport)).not_offered == ()
