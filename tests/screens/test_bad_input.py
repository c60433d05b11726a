"""Bad input in every field: a message on the same screen, the focus on the field, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from screens.widgets.field import Field
from tests.screens.reach import at
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session

LONG = "a" * 2000
PASTED = b"\x1b[200~first.line\rsecond.line\x1b[201~"
NUL = b"\x1b[200~ab\x00cd\x1b[201~"
BAD = {
    "too long": LONG.encode(),
    "non-ASCII": "ünïcödé".encode(),
    "several lines": PASTED,
    "NUL": NUL,
    "right to left": "שלום".encode(),
    "turning mark": "\u202eabc".encode(),
    "emoji": "👩‍👩‍👧".encode(),
}
FIELDS = {
    "address": ("url",),
    "management-network": ("ip", "mask", "gateway", "vlan"),
    "network": ("ip", "mask", "gateway", "vlan", "nameserver"),
    "management-ipv6": ("address", "gateway"),
    "naming": ("hostname", "primary", "second", "third"),
    "ntp-servers": ("first", "second", "third"),
    "other-source": ("url",),
    "set-time": ("date", "time"),
    "password": ("first",),
}
GOOD = {
    "address": "2001:db8::10/64",
    "ip": "10.1.2.3",
    "mask": "255.255.255.0",
    "gateway": "10.1.2.1",
    "hostname": "xen07",
    "primary": "10.1.2.53",
    "first": "10.1.2.123",
}
BY_HAND = {
    "management-network": ["down", "space"],
    "network": ["down", "space"],
    "management-ipv6": ["down", "down", "space"],
    "ntp-servers": ["down", "space"],
    "naming": ["down", "space", "tab", "tab", "down", "space"],
}
CASES = [(screen, field, bad) for screen, fields in FIELDS.items() for field in fields for bad in BAD]


def _focus(shown: Session, name: str) -> Field:
    field = shown.focus(name)
    assert isinstance(field, Field)
    return field


def _prepare(shown: Session, screen: str, field: str) -> Field:
    for key in BY_HAND.get(screen, []):
        shown.press(key)
    for name, text in GOOD.items():
        if name != field and shown.app._layers[-1].form.field(name):
            _focus(shown, name)
            shown.type(text)
    return _focus(shown, field)


@pytest.mark.parametrize(("screen", "name", "bad"), [case for case in CASES if case[0] != "password"])
def test_bad_text_is_refused_where_it_stands(screen: str, name: str, bad: str) -> None:
    with at(screen) as shown:
        field = _prepare(shown, screen, name)
        shown.send(BAD[bad])
        typed = field.text
        shown.press("f12")
        assert shown.name == screen, shown.text
        assert shown.app._layers[-1].message[0] == "error", shown.text
        assert shown.app._layers[-1].form.focused is field
        assert field.text == typed and typed
        assert all(len(line) <= 80 for line in shown.lines)


@pytest.mark.parametrize("name", ["first", "again"])
@pytest.mark.parametrize("bad", ["too long", "NUL"])
def test_bad_password_is_refused_and_never_shown(bad: str, name: str) -> None:
    with at("password") as shown:
        if name == "again":
            shown.type("marked-secret-1")
        _focus(shown, name)
        shown.send(BAD[bad])
        shown.press("f12")
        assert shown.name == "password"
        assert shown.app._layers[-1].form.focused is shown.app._layers[-1].form.field(name)
        assert "aaaa" not in shown.text and "abcd" not in shown.text


@pytest.mark.parametrize(
    ("screen", "name"),
    [
        ("address", "url"),
        ("management-network", "ip"),
        ("management-ipv6", "address"),
        ("naming", "primary"),
        ("password", "first"),
    ],
)
def test_empty_field_is_asked_for(screen: str, name: str) -> None:
    with at(screen) as shown:
        field = _prepare(shown, screen, name)
        shown.press("ctrl u", "f12")
        assert shown.name == screen and shown.app._layers[-1].message[0] == "error"
        assert shown.app._layers[-1].form.focused is field


@pytest.mark.parametrize(
    ("first", "again", "words"),
    [("short", "short", "6 characters"), ("marked-secret-1", "marked-secret-2", "differ"), ("", "", "empty")],
)
def test_password_too_short_or_typed_differently(first: str, again: str, words: str) -> None:
    with at("password") as shown:
        shown.type(first)
        shown.press("tab")
        shown.type(again)
        shown.press("f12")
        assert shown.name == "password" and words in shown.text
        assert "marked-secret" not in shown.text


def test_vlan_stands_on_the_confirm_screen() -> None:
    with at("management-network") as shown:
        _focus(shown, "vlan")
        shown.type("4095")
        shown.press("f12")
        assert shown.name == "management-network" and "1 to 4094" in shown.text
        shown.press("backspace")
        shown.go_to("confirm")
        assert "by DHCP, VLAN 409" in shown.text


LIMITS: Sequence[tuple[dict[str, str], str, str]] = (
    ({"ip": "256.1.1.1"}, "ip", "is not an IPv4 address"),
    ({"ip": "10.1.2.0"}, "ip", "network"),
    ({"ip": "127.0.0.1"}, "ip", "loopback"),
    ({"mask": "255.0.255.0"}, "mask", "one bits"),
    ({"mask": "/24"}, "mask", "255.255.255.0"),
    ({"gateway": "10.9.9.9"}, "gateway", "outside the network"),
    ({"gateway": "10.1.2.3"}, "gateway", "own address"),
)


@pytest.mark.parametrize(("texts", "name", "words"), LIMITS)
def test_addresses_at_their_limits(texts: dict[str, str], name: str, words: str) -> None:
    with at("management-network") as shown:
        shown.press("down", "space")
        for field, text in {"ip": "10.1.2.3", "mask": "255.255.255.0", "gateway": "10.1.2.1", **texts}.items():
            _focus(shown, field)
            shown.type(text)
        shown.press("f12")
        assert shown.name == "management-network" and words in " ".join(shown.text.split()), shown.text
        assert shown.app._layers[-1].form.focused is shown.app._layers[-1].form.field(name)


def test_wrong_address_says_what_is_wrong_and_keeps_the_text() -> None:
    with at("address") as shown:
        shown.type("http://nowhere.example/")
        shown.press("f12")
        assert shown.name == "address" and "there is no server of that name" in shown.text
        assert "http://nowhere.example/" in shown.text


def test_source_that_never_answers_can_be_broken_off_and_keeps_the_text() -> None:
    with at("address") as shown:
        shown.type("http://slow.example/")
        shown.press("f12")
        assert "Looking for packages at http://slow.example/" in shown.text and "Break off" in shown.text
        shown.press("esc")
        assert shown.name == "address" and "broken off" in shown.text and "http://slow.example/" in shown.text


def test_credentials_in_an_address_are_not_shown_while_it_is_tried() -> None:
    with at("address") as shown:
        shown.type("http://slow.example/?marked-secret")
        shown.press("f12")
        assert "Looking for packages" in shown.text and "marked-secret" not in shown.text
        shown.press("esc")


def test_faulty_package_is_named_in_a_sentence() -> None:
    with session(RecordedMachine(host("many"), faulty=("kernel",))) as shown:
        shown.go_to("verify")
        shown.press("f12")
        assert shown.name == "verify"
        assert "1 package is faulty: kernel (its MD5 sum is another)" in shown.text and "dom0fs" not in shown.text


def test_disk_that_disappears_is_told_on_the_confirm_screen() -> None:
    machine = RecordedMachine(host("twins"))
    with session(machine) as shown:
        shown.go_to("naming")
        machine.facts = replace(machine.facts, disks=machine.facts.disks[1:])
        shown.press("f12")
        assert shown.name == "confirm" and "this machine has no disk sda" in shown.text
        shown.press("f12")
        assert shown.app._installing is None and "Install" not in shown.lines[-3]
        shown.press("esc")
        assert shown.name == "naming"


def test_disk_with_data_needs_one_more_act() -> None:
    with session(RecordedMachine(host("many"))) as shown:
        shown.go_to("primary-disk")
        shown.press("down", "f12")
        shown.go_to("confirm")
        assert "NOT BLANK" in shown.text and "[ ] Yes, erase sdb" in shown.text
        shown.press("f12", "enter")
        assert shown.app._installing is None and "not blank" in shown.text
        shown.press("space", "f12", "enter")
        assert shown.app._installing is not None


def test_storage_that_reaches_to_another_disk_needs_consent_which_a_new_choice_of_disks_takes_back() -> None:
    with at("shared-storage") as shown:
        assert "ZFS pool" in shown.text or "pool" in shown.text
        shown.press("f12")
        assert shown.name == "shared-storage" and "mark that it may be destroyed" in shown.text
        shown.press("space", "f12")
        disks = shown.road.state.draft.disks
        assert shown.name == "source" and disks and disks.erase_shared
        shown.press("esc", "esc", "tab", "space", "f12")
        disks = shown.road.state.draft.disks
        assert disks and not disks.erase_shared


def test_default_of_the_confirm_screen_is_back() -> None:
    with at("confirm") as shown:
        shown.press("enter")
        assert shown.name == "naming"


def test_eula_is_accepted_by_an_act_of_its_own() -> None:
    with at("eula") as shown:
        shown.press("f12")
        assert shown.name == "eula"
        shown.press("f12")
        assert shown.name == "eula"
        shown.press("enter")
        assert shown.name != "eula"


def test_letters_jump_and_more_letters_narrow() -> None:
    with at("timezone") as shown:
        shown.press("l")
        assert "► Lisbon" in shown.text
        shown.press("o")
        assert "► London" in shown.text
        shown.press("backspace")
        assert "► Lisbon" in shown.text
        shown.press("x")
        assert "► Lisbon" in shown.text and "nothing in the list is called lx" in shown.text


def test_any_answer_can_be_changed_from_the_confirm_screen() -> None:
    with at("confirm") as shown:
        shown.press("f12", "left", "enter")
        assert shown.title == "Change an answer" and "Europe/Amsterdam" in shown.text
        shown.type("time zone: city")
        shown.press("enter")
        assert shown.name == "timezone"
        shown.type("rome")
        shown.press("f12")
        assert shown.name == "confirm" and "Europe/Rome" in shown.text


def test_static_address_chosen_late_asks_for_what_dhcp_would_have_brought() -> None:
    with at("confirm") as shown:
        shown.press("f12", "left", "enter")
        shown.type("network")
        shown.press("enter")
        assert shown.name == "management-network"
        shown.press("down", "space")
        for field in ("ip", "mask", "gateway"):
            _focus(shown, field)
            shown.type(GOOD[field])
        shown.press("f12")
        assert shown.name == "ntp-servers" and "not with a static address" in shown.text
        shown.press("tab")
        shown.type("10.1.2.123")
        shown.press("f12")
        assert shown.name == "naming"
        _focus(shown, "hostname")
        shown.type("xen07")
        shown.press("f12")
        assert shown.name == "naming" and "nameserver" in shown.text.lower()
        shown.type("10.1.2.53")
        shown.press("f12")
        assert shown.name == "confirm" and "static 10.1.2.3/24 via 10.1.2.1" in shown.text


def test_failure_is_retried_with_the_answers_kept() -> None:
    with at("failure") as shown:
        assert "the server closed the connection" in shown.text and "no host boots from it yet" in shown.text
        shown.press("enter")
        shown.wait_for("The host is installed")


def test_manual_time_is_asked_and_set() -> None:
    with at("set-time") as shown:
        assert "2026-11-23" in shown.text and "Europe/Amsterdam" in shown.text
        shown.press("tab", "ctrl u")
        shown.type("25:00")
        shown.press("f12")
        assert shown.name == "set-time" and "there is no such time" in shown.text
        shown.press("ctrl u")
        shown.type("9:30")
        shown.press("f12")
        shown.wait_for("The host is installed")
        machine = shown.app.machine
        assert isinstance(machine, RecordedMachine) and str(machine.clock_set) == "2026-11-23 09:30:00"


def test_ctrl_c_and_ctrl_s_are_harmless_and_ctrl_z_opens_the_shell() -> None:
    with at("welcome") as shown:
        shown.press("ctrl c")
        assert not shown.left and "Ctrl-C does nothing" in shown.text
        shown.send(b"\x13")
        shown.send(b"\x1a")
        machine = shown.app.machine
        assert isinstance(machine, RecordedMachine) and "shell" in machine.done
        assert shown.name == "welcome"


def test_esc_on_the_first_screen_asks_before_it_leaves() -> None:
    with at("keymap") as shown:
        shown.press("esc")
        assert "Leave the installer?" in shown.text
        shown.press("enter")
        assert shown.name == "keymap" and not shown.left
        shown.press("esc", "right", "enter")
        assert shown.left and shown.left.code == 3
