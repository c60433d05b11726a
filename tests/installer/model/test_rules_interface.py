"""VLANs, bonds and IPv6 at the edges of what they may be."""

from __future__ import annotations

import pytest

from installer.model import rules
from installer.model.errors import InvalidAnswer


@pytest.mark.parametrize("text", ["1", "10", "4094"])
def test_numbers_of_vlans(text: str) -> None:
    assert rules.vlan(text) == int(text)


@pytest.mark.parametrize("text", ["0", "4095", "10000", "01", "1.0"])
def test_numbers_of_no_vlan(text: str) -> None:
    with pytest.raises(InvalidAnswer):
        rules.vlan(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("FD00::0:1", "fd00::1"),
        ("fe80::1", "fe80::1"),
        ("ntp.example.org", "ntp.example.org"),
    ],
)
def test_a_time_server_has_an_address_or_a_name(text: str, kept: str) -> None:
    assert rules.ntp_server(text) == kept


@pytest.mark.parametrize("text", ["224.0.1.1", "0.0.0.0", "ff02::101", "::", "fe80::1%eth0"])
def test_no_time_server_has_such_an_address(text: str) -> None:
    with pytest.raises(InvalidAnswer, match="cannot be the address of a time server"):
        rules.ntp_server(text)


@pytest.mark.parametrize("text", ["2001:db8::1/64", "2001:db8::1/0", "2001:db8::1/128", "fd00::1/7"])
def test_a_host_has_an_address_with_the_length_of_its_prefix(text: str) -> None:
    assert str(rules.ipv6_interface(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2001:db8::1", "is not an IPv6 address with its prefix length"),
        ("2001:db8::1/", "is not an IPv6 address with its prefix length"),
        ("2001:db8::1/129", "is not an IPv6 address with its prefix length"),
        ("2001:db8::1/0064", "is not an IPv6 address with its prefix length"),
        ("2001:db8::x/64", "is not an IPv6 address with its prefix length"),
        ("fe80::1%eth0/64", "is not an IPv6 address with its prefix length"),
        ("10.0.0.1/24", "is not an IPv6 address with its prefix length"),
        ("fe80::1/64", "is no address that a host can be reached at"),
        ("ff02::1/64", "is no address that a host can be reached at"),
        ("::1/128", "is no address that a host can be reached at"),
        ("::/64", "is no address that a host can be reached at"),
    ],
)
def test_why_a_host_cannot_have_an_address_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.ipv6_interface(text)


@pytest.mark.parametrize("text", ["fe80::1", "2001:db8::1"])
def test_a_router_may_be_known_on_the_link_alone(text: str) -> None:
    assert str(rules.ipv6_address(text)) == text


@pytest.mark.parametrize("text", ["fe80::1%eth0", "ff02::2", "::", "::1", "2001:db8::1/64", "10.0.0.1"])
def test_no_router_has_such_an_address(text: str) -> None:
    with pytest.raises(InvalidAnswer, match="is not the IPv6 address of a router"):
        rules.ipv6_address(text)


def test_a_bond_has_two_members_by_name_or_address() -> None:
    assert rules.bond_members("eth0,eth1") == ("eth0", "eth1")
    assert rules.bond_members("eth0, 00-16-3e-12-ab-cd;00:16:3E:12:AB:CE eth1")[2:] == ("00:16:3e:12:ab:ce", "eth1")


@pytest.mark.parametrize(
    ("text", "reason"), [("eth0", "two members at least"), ("eth0,eth0", "named twice"), ("", "two members at least")]
)
def test_a_bond_of_less_is_none(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.bond_members(text)


def test_words_of_a_list_are_parted_by_commas_semicolons_and_blanks() -> None:
    assert rules.split_list(" a,b;c\td\n,, ") == ("a", "b", "c", "d")
