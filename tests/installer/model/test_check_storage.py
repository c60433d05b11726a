"""What chosen disks share with others: groups, running devices, paths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.answers import DiskChoice
from installer.model.check_storage import check_storage, is_one_of, shared_groups
from installer.model.host import Disk, Host
from installer.model.origin import Origin
from installer.model.problem import Severity
from installer.model.storage import Holder, HolderKind, Part, Signature
from installer.model.units import GB
from tests.installer.test_check import ANSWERS, HOST, SDA, SDB, of_disks

DATA = Signature("LVM2_member", "", "p1", "data", "g1", 2)
BARE = Signature("LVM2_member", "", "p2")
GIVEN_UP = replace(ANSWERS, disks=replace(ANSWERS.disks, erase_shared=True))


def carrying(signature: Signature, *disks: Disk) -> Host:
    """Return a host with a signature on the second partition of each disk."""
    parts = (Part(2, 1, 1, "", (signature,)),)
    return replace(HOST, disks=tuple(replace(disk, parts=parts) for disk in disks))


def running(kind: HolderKind, *names: str, **facts: str) -> Host:
    """Return a host with a device that runs on some of its disks."""
    holder = Holder(facts.get("device", "dm-0"), facts.get("name", "x"), kind, names, facts.get("group", ""))
    holding = (replace(disk, holders=(holder,) if disk.name in names else ()) for disk in HOST.disks)
    return replace(HOST, disks=tuple(holding))


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("LVM2_member", "volume group data"),
        ("linux_raid_member", "array data"),
        ("isw_raid_member", "array data"),
        ("zfs_member", "ZFS pool data"),
        ("btrfs", "btrfs file system data"),
    ],
)
def test_storage_on_a_disk_that_was_not_chosen_stops_the_installation(kind: str, title: str) -> None:
    (problem,) = check_storage(ANSWERS, carrying(replace(DATA, type=kind), SDA, SDB))
    assert problem.severity is Severity.ERROR
    assert problem.message == f"the {title} is on sda and sdb, and sdb was not chosen: erasing sda destroys it"
    assert "<erase-shared-storage>yes" in problem.hint and "sdb would not be written" in problem.hint


def test_with_consent_it_is_a_warning() -> None:
    (problem,) = check_storage(GIVEN_UP, carrying(DATA, SDA, SDB))
    assert problem.severity is Severity.WARNING
    assert problem.message == "the volume group data on sda and sdb is destroyed with sda; sdb is not written"


def test_storage_wholly_on_chosen_or_other_disks_or_with_devices_that_are_not_here_is_no_problem() -> None:
    assert check_storage(of_disks("sdb"), carrying(DATA, SDA, SDB)) == ()
    assert check_storage(ANSWERS, carrying(DATA, SDA)) == ()
    sdc = replace(SDB, name="sdc", path="/dev/sdc")
    others = carrying(DATA, SDB, sdc)
    assert check_storage(ANSWERS, replace(others, disks=(SDA, *others.disks))) == ()


def test_two_groups_of_one_name_are_two() -> None:
    first, second = carrying(DATA, SDA), carrying(replace(DATA, group_uuid="g2"), SDB)
    assert check_storage(ANSWERS, replace(HOST, disks=first.disks + second.disks)) == ()


def test_a_physical_volume_that_no_group_names_shares_nothing() -> None:
    assert check_storage(ANSWERS, carrying(Signature("LVM2_member", uuid="p"), SDA, SDB)) == ()


@pytest.mark.parametrize("chosen", ["sda", "sdb"])
def test_a_physical_volume_without_metadata_is_in_the_group_that_names_it(chosen: str) -> None:
    naming, bare = carrying(replace(DATA, member_uuids=("p1", "p2")), SDA), carrying(BARE, SDB)
    host = replace(HOST, disks=naming.disks + bare.disks)
    (problem,) = check_storage(of_disks(primary=chosen), host)
    assert "the volume group data is on sda and sdb" in problem.message and f"erasing {chosen}" in problem.message


PATH = replace(SDA, name="sdb", path="/dev/sdb", wwn="0x5", by_id=())
TWO_PATHS = replace(HOST, disks=(replace(SDA, wwn="0x5"), PATH))


def test_another_path_to_the_same_disk_is_no_other_disk() -> None:
    assert shared_groups(carrying(DATA, *TWO_PATHS.disks), (TWO_PATHS.disks[0],)) == ()


def test_two_paths_to_one_disk_cannot_both_be_chosen() -> None:
    (problem,) = check_storage(of_disks("sdb"), TWO_PATHS)
    assert problem.message.startswith("sdb and sda are two paths to one disk (sdb 480 GB ST480 S1)")


def test_disks_that_multipath_has_put_together_are_one() -> None:
    host = running(HolderKind.MULTIPATH, "sda", "sdb", name="mpatha")
    assert check_storage(ANSWERS, host) == ()
    assert "two paths" in check_storage(of_disks("sdb"), host)[0].message


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (HolderKind.LVM, "`vgchange --activate n vg0`"),
        (HolderKind.ARRAY, "`mdadm --stop /dev/md127`"),
        (HolderKind.CRYPT, "`dmsetup remove x`"),
    ],
)
def test_what_runs_on_other_disks_too_is_left_to_the_user_even_with_consent(kind: HolderKind, command: str) -> None:
    host = running(kind, "sda", "sdb", device="md127", group="vg0")
    (problem,) = check_storage(GIVEN_UP, host)
    assert problem.message == "x runs on sda and sdb, and sdb was not chosen"
    assert command in problem.hint


def test_what_runs_on_chosen_disks_only_is_no_problem() -> None:
    assert check_storage(of_disks("sdb"), running(HolderKind.ARRAY, "sda", "sdb")) == ()


def test_what_cannot_be_stopped_is_refused() -> None:
    (problem,) = check_storage(ANSWERS, running(HolderKind.OTHER, "sda", device="bcache0"))
    assert problem.message == "bcache0 runs on sda, and this installer cannot stop it"


def test_a_disk_in_use_is_told_by_its_reason_alone() -> None:
    host = running(HolderKind.OTHER, "sda")
    used = replace(host, disks=tuple(replace(disk, excluded="holds swap") for disk in host.disks))
    assert check_storage(ANSWERS, used) == ()


def test_three_disks_are_listed_as_a_person_does() -> None:
    sdc = Disk("sdc", "/dev/sdc", 480 * GB)
    (problem,) = check_storage(ANSWERS, carrying(DATA, SDA, SDB, sdc))
    assert "is on sda, sdb and sdc, and sdb and sdc were not chosen" in problem.message


@pytest.mark.parametrize(("role", "where"), [("primary", "a.xml:3:1"), ("guest", "a.xml:4:1")])
def test_the_problem_stands_where_the_disk_was_chosen(role: str, where: str) -> None:
    origins = {"disks.primary.0": Origin("answerfile", "a.xml:3:1"), "disks.guest.0": Origin("answerfile", "a.xml:4:1")}
    disks = ("sda",) if role == "primary" else ("sdz", "sda")  # the second is told elsewhere: it is not there
    chosen = DiskChoice(disks[:1], disks[1:])
    (problem,) = check_storage(replace(ANSWERS, disks=chosen, origins=origins), carrying(DATA, SDA, SDB))
    assert problem.where == where


def test_a_disk_that_is_not_there_is_no_path_to_another() -> None:
    host = replace(HOST, disks=(replace(SDA, wwn="0x1"),))
    assert not is_one_of("sdz", ["sda"], host) and not is_one_of("sda", ["sdz"], host)
    assert is_one_of("sdz", ["sdz"], HOST) and not is_one_of("sda", [], HOST)


def test_every_group_that_is_given_up_is_told_where_its_first_disk_was_chosen() -> None:
    """The first one chosen of two disks of three, and a second group on one of them."""
    sdc = replace(SDB, name="sdc", path="/dev/sdc", serial="S3")
    members = [Part(2, 1, 1, "", (replace(DATA, members=3),))]
    other = Part(3, 2, 1, "", (replace(DATA, uuid="p3", group="more", group_uuid="g2"),))
    disks = (
        replace(SDA, parts=(*members, other)),
        replace(SDB, parts=(*members,)),
        replace(sdc, parts=(*members, other)),
    )
    origins = {"disks.primary.0": Origin("answerfile", "a.xml:1:1"), "disks.guest.0": Origin("answerfile", "a.xml:2:1")}
    choice = replace(GIVEN_UP.disks, guest=("sdb",))
    found = check_storage(replace(GIVEN_UP, disks=choice, origins=origins), replace(HOST, disks=disks))
    assert [(problem.severity, problem.where) for problem in found] == [(Severity.WARNING, "a.xml:1:1")] * 2
    assert ["more" in problem.message for problem in found] == [False, True]
