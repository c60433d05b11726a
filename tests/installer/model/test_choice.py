"""Disks by rule and interfaces by address become the machine's names, or an error that lists what there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.answers import AdminInterface, Answers, DiskChoice, Draft, Origin
from installer.model.check import check_answers
from installer.model.choice import choose_devices, choose_for_draft
from installer.model.disk_rule import DiskRule, Pick
from installer.model.host import Disk, Host, Nic
from installer.model.interface import Bond, BondMode
from installer.model.machine_file import load_host
from installer.model.problem import errors
from installer.model.units import GB
from tests.installer.test_check import ANSWERS, HOST

MULTIPATH = Path(__file__).parents[2] / "machines/multipath.json"
SSD = Disk("sda", "/dev/sda", 480 * GB, model="SAMSUNG MZ7LH480", serial="S1", wwn="0x5002538e00000001")
TWIN = Disk("sdb", "/dev/sdb", 480 * GB, model="SAMSUNG MZ7LH480", serial="S2", wwn="0x5002538e00000002")
LARGE = Disk("nvme0n1", "/dev/nvme0n1", 2000 * GB, model="WDC_WDS200T", serial="W1", wwn="eui.0011")
TINY = Disk("sdc", "/dev/sdc", 8 * GB, model="SD Card", serial="T1")
USED = Disk("sdd", "/dev/sdd", 90 * GB, model="SAMSUNG MZ7LH480", serial="U1", excluded="it is mounted on /")
MACHINE = replace(
    HOST,
    disks=(SSD, TWIN, LARGE, TINY, USED),
    nics=(Nic("eth0", "00:16:3e:00:00:01"), Nic("eth1", "00:16:3e:00:00:02")),
)
UNUSED = replace(MACHINE, disks=(SSD, TWIN, LARGE, TINY))


def by_rule(primary: DiskRule, *guest: DiskRule, named: tuple[str, ...] = ()) -> Answers:
    disks = DiskChoice((), named, primary_rules=(primary,), guest_rules=guest)
    origins = {
        "disks.primary_rules.0": Origin("answerfile", "a.xml:2:3"),
        "interface": Origin("answerfile", "a.xml:9:1"),
    }
    return replace(ANSWERS, disks=disks, interface=AdminInterface("eth0"), origins=origins)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (DiskRule(serial="S2"), "sdb"),
        (DiskRule(wwn="5002538E00000001"), "sda"),
        (DiskRule(model="wdc wds200t"), "nvme0n1"),
        (DiskRule(min_bytes=1000 * GB), "nvme0n1"),
        (DiskRule(max_bytes=480 * GB, serial="S1"), "sda"),
        (DiskRule(pick=Pick.LARGEST), "nvme0n1"),
    ],
)
def test_a_rule_that_one_disk_fits_names_it(rule: DiskRule, name: str) -> None:
    answers, problems = choose_devices(by_rule(rule), MACHINE)
    assert problems == ()
    assert answers.disks == DiskChoice((name,))
    assert answers.origin("disks.primary.0").where == "a.xml:2:3"
    assert not check_answers(answers, MACHINE)


def test_smallest_is_the_smallest_that_can_be_used() -> None:
    """Neither the card, too small for the control domain, nor the disk in use."""
    host = replace(MACHINE, disks=(SSD, LARGE, TINY, USED))
    assert choose_devices(by_rule(DiskRule(pick=Pick.SMALLEST)), host)[0].disks.primary == ("sda",)


@pytest.mark.parametrize("rule", [DiskRule(model="SAMSUNG MZ7LH480"), DiskRule(pick=Pick.SMALLEST)])
def test_an_ambiguous_rule_lists_the_matches(rule: DiskRule) -> None:
    _, (problem,) = choose_devices(by_rule(rule), UNUSED)
    assert problem.message == f"several disks fit {rule}" and problem.where == "a.xml:2:3"
    assert SSD.label() in problem.hint and TWIN.label() in problem.hint and "sdd" not in problem.hint


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [(USED, "it is mounted on /"), (replace(TWIN, size_bytes=8 * GB), "is too small: the primary disk needs")],
)
def test_a_disk_that_cannot_be_used_makes_a_rule_without_pick_ambiguous_all_the_same(
    unusable: Disk, reason: str
) -> None:
    """Else the wrong one of two like disks is erased, because the right one is in use."""
    host = replace(MACHINE, disks=(SSD, unusable))
    answers, (problem,) = choose_devices(by_rule(DiskRule(model="SAMSUNG MZ7LH480")), host)
    assert answers.disks.primary == ()
    assert problem.message == 'several disks fit model="SAMSUNG MZ7LH480"'
    assert f"{SSD.label()}, {unusable.label()}: {reason}" in problem.hint


def test_a_guest_rule_does_not_fall_back_on_the_primary_disk_when_the_other_is_in_use() -> None:
    host = replace(MACHINE, disks=(SSD, USED))
    rule = DiskRule(model="SAMSUNG MZ7LH480")
    answers, (problem,) = choose_devices(by_rule(DiskRule(serial="S1"), rule), host)
    assert answers.disks.guest == () and "it is mounted on /" in problem.hint


@pytest.mark.parametrize("attribute", ["serial", "wwn"])
def test_the_paths_to_one_disk_count_as_one(attribute: str) -> None:
    host = load_host(MULTIPATH.read_bytes(), MULTIPATH.name)
    first, *others = host.disks
    assert any(getattr(other, attribute) == getattr(first, attribute) for other in others)
    rule = DiskRule(**{attribute: getattr(first, attribute)})
    answers, problems = choose_devices(by_rule(rule), host)
    assert problems == () and answers.disks.primary == (first.name,)
    assert not errors(check_answers(answers, host))


def test_a_path_in_use_stands_back_for_one_that_can_be_used() -> None:
    used, other = replace(SSD, excluded="it is held"), replace(SSD, name="sdz", path="/dev/sdz")
    answers, problems = choose_devices(by_rule(DiskRule(serial="S1")), replace(MACHINE, disks=(used, other)))
    assert problems == () and answers.disks.primary == ("sdz",)


def test_another_path_to_a_chosen_disk_stands_back_too() -> None:
    host = replace(MACHINE, disks=(SSD, replace(SSD, name="sdz", path="/dev/sdz"), TWIN))
    answers, problems = choose_devices(by_rule(DiskRule(serial="S1"), DiskRule(model=SSD.model)), host)
    assert problems == () and answers.disks.all == ("sda", "sdb")


def test_a_rule_that_only_unusable_disks_fit_says_why() -> None:
    _, (problem,) = choose_devices(by_rule(DiskRule(serial="U1")), MACHINE)
    assert 'serial="U1" can be used' in problem.message and "it is mounted on /" in problem.hint


def test_a_rule_that_no_disk_fits_lists_the_disks() -> None:
    _, (problem,) = choose_devices(by_rule(DiskRule(serial="X")), MACHINE)
    assert "no disk of this machine fits" in problem.message and "eui.0011" in problem.hint


def test_guest_rules_leave_alone_what_is_chosen_already() -> None:
    samsung = DiskRule(model="SAMSUNG MZ7LH480")
    answers, problems = choose_devices(by_rule(DiskRule(serial="S1"), samsung), UNUSED)
    assert not problems and answers.disks.guest == ("sdb",)
    answers, problems = choose_devices(by_rule(DiskRule(pick=Pick.LARGEST), samsung, named=("/dev/sda",)), UNUSED)
    assert not problems and answers.disks.guest == ("/dev/sda", "sdb")


def test_a_guest_rule_may_mean_the_primary_disk_again() -> None:
    """As real files do by name."""
    alone: Host = replace(MACHINE, disks=(SSD,))
    answers, problems = choose_devices(by_rule(DiskRule(serial="S1"), DiskRule(pick=Pick.LARGEST)), alone)
    assert not problems and answers.disks.all == ("sda",)


def test_an_interface_by_address_gets_its_name() -> None:
    answers = replace(ANSWERS, interface=AdminInterface(mac="00:16:3e:00:00:02"))
    chosen, problems = choose_devices(answers, MACHINE)
    assert not problems and chosen.interface.name == "eth1"
    assert not check_answers(chosen, MACHINE)


def test_an_address_that_no_interface_has_lists_those_present() -> None:
    answers = replace(ANSWERS, interface=AdminInterface(mac="00:16:3e:00:00:03"))
    _, (problem,) = choose_devices(answers, MACHINE)
    assert "00:16:3e:00:00:03" in problem.message and "eth1 00:16:3e:00:00:02" in problem.hint


@pytest.mark.parametrize(
    ("nics", "present"), [(MACHINE.nics, "eth0 00:16:3e:00:00:01, eth1 00:16:3e:00:00:02"), ((), "none")]
)
def test_a_member_of_a_bond_that_is_not_there_lists_those_present(nics: tuple[Nic, ...], present: str) -> None:
    answers = replace(ANSWERS, bonds=(Bond("bond0", BondMode.LACP, ("eth8", "eth9")),))
    _, problems = choose_devices(answers, replace(MACHINE, nics=nics))
    hints = {problem.message: problem.hint for problem in problems}
    assert hints["this machine has no network interface eth8 for bond0"] == f"network interfaces present: {present}"


def test_name_and_address_of_two_interfaces_do_not_go_together() -> None:
    answers = replace(ANSWERS, interface=AdminInterface("eth0", mac="00:16:3e:00:00:02"))
    _, (problem,) = choose_devices(answers, MACHINE)
    assert problem.message == "the network interface eth0 has not the address 00:16:3e:00:00:02"


def test_disks_that_fit_are_listed_with_their_reasons_where_none_can_be_picked() -> None:
    """Nothing is picked of disks in use alone: those that fit are listed in its place."""
    used = tuple(replace(USED, name=f"sd{letter}", serial=letter) for letter in "xy")
    _, problems = choose_devices(by_rule(DiskRule(pick=Pick.LARGEST)), replace(MACHINE, disks=used))
    assert "sdx" in problems[0].hint and "sdy" in problems[0].hint and "it is mounted on /" in problems[0].hint


def test_disks_of_a_draft_get_their_names() -> None:
    draft = Draft(disks=DiskChoice(("/dev/sda",), ("sdb", "/dev/sdb")))
    chosen, problems = choose_for_draft(draft, MACHINE)
    assert not problems and chosen.disks == DiskChoice(("sda",), ("sdb",))


def test_a_draft_with_a_disk_that_is_not_there_has_no_disks() -> None:
    chosen, problems = choose_for_draft(Draft(disks=DiskChoice(("sda",), ("sdz",))), MACHINE)
    assert problems[0].hint == f"present: {', '.join(disk.label() for disk in MACHINE.disks)}"
    assert chosen.disks is None and len(problems) == 1 and "no disk sdz" in problems[0].message


def test_the_interface_of_a_draft_gets_its_name_or_loses_what_is_not_there() -> None:
    by_address = AdminInterface(mac=MACHINE.nics[1].mac)
    chosen, problems = choose_for_draft(Draft(interface=by_address), MACHINE)
    assert not problems and chosen.interface == replace(by_address, name="eth1")
    chosen, problems = choose_for_draft(Draft(interface=AdminInterface("eth7", vlan=7)), MACHINE)
    assert len(problems) == 1 and chosen.interface == AdminInterface(vlan=7)


def test_a_rule_that_fits_nothing_does_not_keep_the_next_one_from_its_disk() -> None:
    """Each disk keeps the place of its own rule."""
    answers = by_rule(DiskRule(serial="S1"), DiskRule(serial="X"), DiskRule(serial="S2"), DiskRule(serial="W1"))
    origins = {f"disks.guest_rules.{number}": Origin("answerfile", f"a.xml:{number}:1") for number in range(3)}
    chosen, (problem,) = choose_devices(replace(answers, origins=origins), UNUSED)
    assert chosen.disks.guest == ("sdb", "nvme0n1") and problem.where == "a.xml:0:1"
    assert [chosen.origin(f"disks.guest.{number}").where for number in (0, 1)] == ["a.xml:1:1", "a.xml:2:1"]


@pytest.mark.parametrize("least", [480 * GB, 480 * GB - 1])
def test_a_disk_of_the_least_size_fits(least: int) -> None:
    assert DiskRule(min_bytes=least).fits(SSD) and not DiskRule(min_bytes=480 * GB + 1).fits(SSD)
