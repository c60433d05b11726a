"""Names and addresses at the edges of what a network takes, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface

import pytest

from installer.model import rules
from installer.model.errors import InvalidAnswer


def refused(rule: Callable[..., object], *given: object) -> InvalidAnswer:
    """Return what a rule says against it."""
    with pytest.raises(InvalidAnswer) as caught:
        rule(*given)
    return caught.value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("a" * 254, "it has 254 characters, 253 are allowed"),
        ("a..b", "a part between its dots is empty"),
        ("a" * 64, "a part has 64 characters, 63 are allowed"),
        ("a-", "holds or ends in a character that is not allowed"),
        ("a.1", "its last part is a number"),
        ("a.b.1", "its last part is a number"),
    ],
)
def test_what_is_wrong_with_a_host_name_is_said(text: str, reason: str) -> None:
    assert reason in refused(rules.hostname, text).what


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10.0.0.1/24", "the prefix length is given by the subnet mask"),
        ("fd00::1", "IPv6 has fields of its own"),
        ("10.0.0", "four numbers from 0 to 255"),
    ],
)
def test_an_address_in_another_form_is_known_for_what_it_is(text: str, hint: str) -> None:
    assert hint in refused(rules.ipv4_address, text).hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0", "as in 255.255.255.0"),
        ("1", "write 128.0.0.0"),
        ("/31", "write 255.255.255.254"),
        ("32", "write 255.255.255.255"),
        ("33", "as in 255.255.255.0"),
    ],
)
def test_every_prefix_length_is_told_as_its_mask(text: str, hint: str) -> None:
    assert refused(rules.netmask, text).hint == hint


@pytest.mark.parametrize(
    ("address", "length", "reason"),
    [
        ("10.0.0.4", 30, "is the address of the network 10.0.0.4/30 itself"),
        ("10.0.0.7", 30, "is the broadcast address of 10.0.0.4/30"),
        ("0.128.0.1", 8, "is in a range that no host may have"),
        ("0.255.255.1", 8, "is in a range that no host may have"),
        ("240.0.0.1", 8, "is in a range that no host may have"),
        ("127.1.2.3", 8, "is a loopback address"),
    ],
)
def test_why_a_host_may_not_have_an_address_is_said(address: str, length: int, reason: str) -> None:
    assert reason in refused(rules.interface_address, IPv4Address(address), length).what


@pytest.mark.parametrize(
    ("address", "length"), [("1.0.0.1", 24), ("10.0.0.0", 31), ("10.0.0.1", 31), ("10.0.0.1", 32), ("10.0.0.5", 30)]
)
def test_a_host_may_have_every_other_address(address: str, length: int) -> None:
    """All of a network of two, and of one, are hosts (RFC 3021)."""
    assert rules.interface_address(IPv4Address(address), length) == IPv4Interface(f"{address}/{length}")


@pytest.mark.parametrize(
    ("interface", "gateway", "reason"),
    [
        ("10.0.0.5/30", "10.0.0.4", "is the network address of 10.0.0.4/30"),
        ("10.0.0.5/30", "10.0.0.7", "is the broadcast address of 10.0.0.4/30"),
        ("10.0.0.5/30", "10.0.0.5", "is the host's own address"),
        ("10.0.0.5/30", "10.0.0.8", "is outside the network of 10.0.0.5/30"),
    ],
)
def test_why_an_address_is_no_gateway_is_said(interface: str, gateway: str, reason: str) -> None:
    assert reason in refused(rules.static_address, IPv4Interface(interface), IPv4Address(gateway)).what


@pytest.mark.parametrize(
    ("interface", "gateway"), [("10.0.0.0/31", "10.0.0.1"), ("10.0.0.1/31", "10.0.0.0"), ("10.0.0.5/30", "10.0.0.6")]
)
def test_the_other_end_of_a_line_may_be_its_gateway(interface: str, gateway: str) -> None:
    assert rules.static_address(IPv4Interface(interface), IPv4Address(gateway)).gateway == IPv4Address(gateway)


@pytest.mark.parametrize("text", ["0.128.0.1", "0.255.0.1", "224.0.0.1", "240.0.0.1"])
def test_no_nameserver_has_such_an_address(text: str) -> None:
    assert "cannot be the address of a nameserver" in refused(rules.nameserver, text).what


@pytest.mark.parametrize("text", ["1.1.1.1", "127.0.0.53"])
def test_a_nameserver_may_be_anywhere_else(text: str) -> None:
    assert str(rules.nameserver(text)) == text


@pytest.mark.parametrize("text", ["02:00:00:00:00:01", "00:00:00:00:00:01", "fe:ff:ff:ff:ff:ff"])
def test_addresses_that_are_given_by_hand_are_those_of_one_interface(text: str) -> None:
    assert rules.mac(text) == text


@pytest.mark.parametrize("text", ["01:00:00:00:00:01", "03:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])
def test_addresses_of_groups_are_not(text: str) -> None:
    assert "of one interface" in refused(rules.mac, text).what


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("00:16:3e:12:ab:cd", 'write it as hwaddr="00:16:3e:12:ab:cd"'),
        ("eth0.100.7", 'write name="eth0" vlan="100.7"'),
        ("0eth.1", "the kernel's name, as in eth0"),
        ("a" * 16, "the kernel's name, as in eth0"),
    ],
)
def test_what_is_no_name_of_an_interface_is_told_apart(text: str, hint: str) -> None:
    assert hint in refused(rules.nic_name, text).hint


def test_a_name_of_fifteen_characters_is_one() -> None:
    assert rules.nic_name("a" * 15) == "a" * 15


@pytest.mark.parametrize("text", ["1", "a.1.b", "1.a", "a" * 63, ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])])
def test_host_names_at_their_limits(text: str) -> None:
    assert rules.hostname(text) == text


@pytest.mark.parametrize(("text", "length"), [("128.0.0.0", 1), ("255.255.254.0", 23), ("255.255.255.255", 32)])
def test_masks_are_lengths(text: str, length: int) -> None:
    assert rules.netmask(text) == length


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.0.0.0", "its one bits must come first"),
        ("0.0.0.1", "its one bits must come first"),
        ("255.0.255.0", "its one bits must come first"),
        ("255.255.255", "is not a subnet mask"),
        ("256.0.0.0", "is not a subnet mask"),
    ],
)
def test_masks_that_are_none_are_told(text: str, reason: str) -> None:
    assert reason in refused(rules.netmask, text).what
