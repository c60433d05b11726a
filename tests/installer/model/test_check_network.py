"""The network of answers against the interfaces of a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.answers import AdminInterface, Naming
from installer.model.check import check_answers
from installer.model.choice import choose_devices
from installer.model.interface import Bond, BondMode
from installer.model.problem import errors
from tests.backend.sample import ANSWERS, HOST

PAIR = Bond("bond0", BondMode.ACTIVE_BACKUP, ("eth0", "eth1"))
BONDED = replace(ANSWERS, bonds=(PAIR,), interface=AdminInterface("bond0"))


def test_a_bond_of_two_interfaces_that_is_the_management_interface_fits() -> None:
    assert not errors(check_answers(BONDED, HOST))


def test_members_by_address_get_their_names() -> None:
    by_address = replace(PAIR, members=(HOST.nics[1].mac, "eth0"))
    chosen, problems = choose_devices(replace(BONDED, bonds=(by_address,)), HOST)
    assert not problems and chosen.bonds[0].members == ("eth1", "eth0")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (("eth0", "eth7"), "no network interface eth7 for bond0"),
        (("eth0", "52:54:00:00:00:99"), "no network interface 52:54:00:00:00:99"),
        (("eth0", HOST.nics[0].mac), "names the network interface eth0 twice"),
    ],
)
def test_member_that_is_not_there_or_there_twice_is_told(members: tuple[str, ...], said: str) -> None:
    _, problems = choose_devices(replace(BONDED, bonds=(replace(PAIR, members=members),)), HOST)
    assert len(problems) == 1 and said in problems[0].message


@pytest.mark.parametrize(
    ("interface", "bonds", "said", "hint"),
    [
        (AdminInterface("eth0"), (PAIR,), "eth0 is a member of bond0", 'name="bond0"'),
        (AdminInterface(), (), "none is named as the management interface", 'name="eth0"'),
        (AdminInterface(), (PAIR,), "none is named as the management interface", 'name="bond0"'),
        (AdminInterface("bond1"), (PAIR,), "no network interface bond1", "bond0"),
        (AdminInterface("bond0"), (PAIR, replace(PAIR, name="bond1")), "eth0 is a member of bond0 and of bond1", ""),
        (AdminInterface("eth1"), (replace(PAIR, name="eth1"),), "has the name of a network interface", ""),
        (AdminInterface("management0"), (replace(PAIR, name="management0"),), "management0 is too long", "10"),
        (AdminInterface("manage0", vlan=100), (replace(PAIR, name="manage0"),), "manage0.100 is too long", "10"),
    ],
)
def test_what_does_not_fit_is_told_with_a_way_out(
    interface: AdminInterface, bonds: tuple[Bond, ...], said: str, hint: str
) -> None:
    found = errors(check_answers(replace(ANSWERS, bonds=bonds, interface=interface), HOST))
    assert any(said in problem.message and hint in problem.hint for problem in found), found


def test_names_of_the_greatest_length_fit() -> None:
    """Over manage.100 and bond567890 there is room for a bridge; one character more is told above."""
    for name, vlan in (("bond567890", None), ("manage", 100)):
        answers = replace(ANSWERS, bonds=(replace(PAIR, name=name),), interface=AdminInterface(name, vlan=vlan))
        assert not errors(check_answers(answers, HOST))


@pytest.mark.parametrize(("length", "count"), [(64, 0), (65, 1)])
def test_the_kernel_holds_64_characters_of_a_host_name(length: int, count: int) -> None:
    name = ".".join(["a" * 31, "b" * 31, "c"]) if length > 64 else "a" * 32 + "." + "b" * 31
    assert len(name) == length
    problems = check_answers(replace(ANSWERS, naming=Naming(name)), HOST)
    assert len([problem for problem in problems if "host name" in problem.message]) == count
