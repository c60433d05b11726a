"""IPv6 of the management interface: asked when it is ticked, checked by the model's rules, shown and kept."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface

import pytest

from installer.model.answers import AdminInterface
from installer.model.interface import V6, ProtocolV6
from tests.screens.reach import at
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session
from tests.screens.test_ask_missing import change, draft

ADDRESS, ROUTER = IPv6Interface("2001:db8::10/64"), IPv6Address("fe80::1")
STATIC = V6(ProtocolV6.STATIC, ADDRESS, ROUTER)


def _v6(shown: Session) -> V6 | None:
    interface = shown.road.state.draft.interface
    return interface.ipv6 if interface else None


def _static(shown: Session, address: str, gateway: str) -> None:
    shown.focus("kind")
    shown.press("down", "down", "space")
    for name, text in (("address", address), ("gateway", gateway)):
        shown.focus(name)
        shown.press("end", "ctrl u")
        shown.type(text)
    shown.press("f12")


@pytest.mark.parametrize(
    ("keys", "v6", "words"),
    [
        ((), V6(ProtocolV6.AUTOCONF), "IPv6      by router advertisement"),
        (("down", "space"), V6(ProtocolV6.DHCP), "IPv6      by DHCPv6"),
    ],
)
def test_address_that_the_network_gives_stands_in_the_answers_and_on_the_confirm_screen(
    keys: tuple[str, ...], v6: V6, words: str
) -> None:
    with at("management-ipv6") as shown:
        shown.press(*keys, "f12")
        assert _v6(shown) == v6
        shown.go_to("confirm")
        assert words in shown.text, shown.text


@pytest.mark.parametrize(
    ("gateway", "v6", "words"),
    [
        ("fe80::1", STATIC, "IPv6      static 2001:db8::10/64 via fe80::1"),
        ("", replace(STATIC, gateway=None), "IPv6      static 2001:db8::10/64 via the advertised router"),
    ],
)
def test_static_address_stands_in_the_answers_and_on_the_confirm_screen(gateway: str, v6: V6, words: str) -> None:
    with at("management-ipv6") as shown:
        _static(shown, "2001:db8::10/64", gateway)
        assert _v6(shown) == v6
        shown.go_to("confirm")
        assert words in shown.text, shown.text


@pytest.mark.parametrize(
    ("address", "gateway", "field", "words"),
    [
        ("", "fe80::1", "address", "type the address with the length of its prefix"),
        ("2001:db8::10", "", "address", "is not an IPv6 address with its prefix length"),
        ("2001:db8::10/129", "", "address", "is not an IPv6 address with its prefix length"),
        ("10.1.2.3/24", "", "address", "is not an IPv6 address with its prefix length"),
        ("fe80::10/64", "", "address", "is no address that a host can be reached at"),
        ("ff02::1/64", "", "address", "is no address that a host can be reached at"),
        ("2001:db8::10/64", "::", "gateway", "is not the IPv6 address of a router"),
        ("2001:db8::10/64", "2001:db8::1/64", "gateway", "is not the IPv6 address of a router"),
        ("2001:db8::10/64", "fe80::1%eth0", "gateway", "is not the IPv6 address of a router"),
        ("2001:db8::10/64", "10.1.2.1", "gateway", "is not the IPv6 address of a router"),
    ],
)
def test_addresses_at_their_limits(address: str, gateway: str, field: str, words: str) -> None:
    with at("management-ipv6") as shown:
        _static(shown, address, gateway)
        assert shown.name == "management-ipv6" and words in " ".join(shown.text.split()), shown.text
        form = shown.app._layers[-1].form
        assert form.focused is form.field(field) and _v6(shown) is None


def test_is_asked_only_when_ticked_and_again_when_ticked_again() -> None:
    with at("management-network") as shown:
        shown.press("f12")
        assert shown.name == "ntp" and _v6(shown) is None
        shown.press("esc")
        shown.focus("ipv6")
        shown.press("space", "f12")
        assert shown.name == "management-ipv6"
        shown.press("f12")
        shown.go_to("confirm")
        for ticked, comes in ((False, "confirm"), (True, "management-ipv6")):
            change(shown, "network")
            shown.focus("ipv6")
            shown.press("space", "f12")
            assert shown.name == comes, shown.text
            assert _v6(shown) is None
            if not ticked:
                assert "IPv6" not in shown.text


def test_what_was_typed_outlasts_a_way_back_to_the_network_screen() -> None:
    with at("management-ipv6") as shown:
        shown.press("down", "down", "space", "tab")
        shown.type("2001:db8::1")
        shown.press("esc")
        assert shown.name == "management-network" and "[x] IPv6 too" in shown.text
        shown.press("f12")
        assert shown.name == "management-ipv6" and "(*) static" in shown.text and "[2001:db8::1 " in shown.text


def test_before_a_source_on_the_network_it_is_asked_once() -> None:
    with at("ipv6") as shown:
        shown.press("f12")
        assert shown.name == "address"
        seen = set()
        while shown.name != "confirm":
            shown.answer()
            seen.add(shown.name)
        assert "management-ipv6" not in seen and _v6(shown) == V6(ProtocolV6.AUTOCONF)
        assert "IPv6      by router advertisement" in shown.text


def test_change_to_a_source_on_the_network_brings_what_was_answered() -> None:
    with at("management-ipv6") as shown:
        _static(shown, "2001:db8::10/64", "fe80::1")
        change(shown, "installation source")
        shown.press("down", "space", "f12")
        shown.remote = True
        shown.go_to("network")
        assert "[x] IPv6 too" in shown.text
        shown.press("f12")
        assert shown.name == "ipv6" and "[2001:db8::10/64 " in shown.text and "[fe80::1 " in shown.text
        shown.go_to("confirm")
        assert _v6(shown) == STATIC


def test_answers_given_beforehand_are_shown_listed_and_kept() -> None:
    interface = AdminInterface("eth0", ipv6=STATIC)
    with session(RecordedMachine(host("many")), draft=draft(interface=interface)) as shown:
        assert shown.name == "password"
        change(shown, "")
        assert "static 2001:db8::10/64 via fe80::1" in shown.text, shown.text
        shown.type("network:")
        shown.press("enter")
        assert shown.name == "ipv6" and "(*) static" in shown.text and "[2001:db8::10/64 " in shown.text
        shown.press("f12")
        assert shown.name == "confirm" and _v6(shown) == STATIC
        change(shown, "network")
        assert shown.name == "network" and "[x] IPv6 too" in shown.text
        shown.press("f12")
        assert shown.name == "confirm" and shown.road.state.draft.interface == interface


def test_ipv6_alone_in_an_answerfile_stays_so_and_one_of_both_must_be() -> None:
    interface = AdminInterface("eth0", ipv6=V6(ProtocolV6.DHCP), without_ipv4=True)
    with session(RecordedMachine(host("many")), draft=draft(interface=interface)) as shown:
        change(shown, "network")
        assert "(*) not at all: IPv6 alone" in shown.text
        shown.press("f12")
        assert shown.name == "confirm" and shown.road.state.draft.interface == interface
        assert "without IPv4" in shown.text and "IPv6      by DHCPv6" in shown.text, shown.text
        change(shown, "network")
        box = shown.focus("ipv6")
        shown.press("space", "f12")
        assert shown.name == "network" and "the host gets no address" in shown.text
        assert shown.app._layers[-1].form.focused is box


@pytest.mark.parametrize("size", [(80, 24), (70, 20)])
def test_network_screen_has_room_for_all_with_an_error(size: tuple[int, int]) -> None:
    with at("network", size) as shown:
        shown.press("down", "space", "f12")
        for words in ("How does eth0", "IP address", "Nameserver", "VLAN", "IPv6 too", "! type the address", "< Ok >"):
            assert words in shown.text, shown.text
