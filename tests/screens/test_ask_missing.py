"""Answers given beforehand, by rule, path, link or MAC address: the screens know them by this machine's names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.answers import AdminInterface, DiskChoice, Draft
from installer.model.disk_rule import DiskRule
from installer.model.ports import Cancel
from tests.backend.sample import ANSWERS
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session

NVME = "/dev/disk/by-id/ata-INTEL_SSDPE2KX020_BTLJ0281"
ETH1 = "00:16:3e:1a:2b:3d"
GONE = DiskChoice((), primary_rules=(DiskRule(serial="GONE"),))
RULE = DiskChoice((), primary_rules=(DiskRule(serial="BTLJ0281"),))


def draft(**answers: object) -> Draft:
    """Return a draft in which only the password is missing."""
    whole = replace(ANSWERS.draft(), disks=DiskChoice(("sda",)), interface=AdminInterface("eth0"), keymap="us")
    return replace(whole, root_password=None, **answers)  # type: ignore[arg-type]  # by name


def change(shown: Session, title: str) -> None:
    """Go on to the confirm screen, and from there open the screen whose title begins so; none for the list."""
    shown.go_to("confirm")
    shown.press("f12", "left", "enter")
    assert shown.title == "Change an answer", shown.text
    if title:
        shown.type(title)
        shown.press("enter")


@pytest.mark.parametrize(
    "disks", [RULE, DiskChoice(("/dev/nvme0n1",)), DiskChoice((NVME,))], ids=["rule", "path", "link"]
)
def test_disk_is_known_by_the_name_it_has_here(disks: DiskChoice) -> None:
    with session(RecordedMachine(host("many")), draft=draft(disks=disks)) as shown:
        assert shown.name == "password"
        change(shown, "primary disk")
        assert shown.name == "primary-disk" and "► nvme0n1" in shown.text, shown.text
        shown.press("f12")
        chosen = shown.road.state.draft.disks
        assert chosen and chosen.all == ("nvme0n1",)
        change(shown, "disks for virtual")
        assert shown.name == "storage" and "] nvme0n1" not in shown.text, shown.text


def test_list_of_answers_opens_with_disks_by_rule() -> None:
    with session(RecordedMachine(host("many")), draft=draft(disks=RULE)) as shown:
        shown.go_to("confirm")
        shown.press("f12", "left", "enter")
        assert "nvme0n1" in shown.text and not shown.faults


def test_interface_by_address_is_the_one_shown_and_kept() -> None:
    interface = AdminInterface(mac=ETH1)
    with session(RecordedMachine(host("many")), draft=draft(interface=interface)) as shown:
        shown.go_to("confirm")
        assert f"eth1 {ETH1} by DHCP" in shown.text, shown.text
        change(shown, "network")
        assert shown.name == "network" and "How does eth1 get" in shown.text
        shown.press("f12")
        assert shown.name == "confirm" and shown.road.state.draft.interface == AdminInterface("eth1", mac=ETH1)


@pytest.mark.parametrize(
    ("answers", "asked", "words"),
    [
        ({"disks": GONE}, "primary-disk", "no disk of this machine"),
        ({"disks": DiskChoice(("/dev/sdz",))}, "primary-disk", "this machine has no disk /dev/sdz"),
        ({"disks": DiskChoice((), ("sdb",))}, "primary-disk", ""),
        ({"interface": AdminInterface(mac="00:00:00:00:00:01")}, "nic", "interface with the address"),
        ({"interface": AdminInterface("eth9")}, "nic", "this machine has no network interface eth9"),
        ({"interface": AdminInterface()}, "nic", ""),
    ],
)  # fmt: skip
def test_what_the_machine_does_not_have_is_asked_for_again(answers: dict[str, object], asked: str, words: str) -> None:
    with session(RecordedMachine(host("many")), draft=draft(**answers)) as shown:
        assert words in " ".join(shown.text.split()), shown.text
        seen = {shown.name}
        while shown.name != "confirm":
            shown.answer()
            seen.add(shown.name)
        assert {asked, "password"} <= seen
        text = "\n".join(shown.app._screen._viewer.texts)  # type: ignore[union-attr]  # the confirm screen's
        assert words in text


def test_one_disk_that_is_not_the_one_of_the_file_is_said_on_the_confirm_screen() -> None:
    with session(RecordedMachine(host("single")), draft=draft(disks=GONE)) as shown:
        shown.go_to("confirm")
        shown.press("page down")
        assert "no disk of this machine fits" in shown.text, shown.text


def test_answers_of_a_file_make_the_plan_they_would_make_unattended() -> None:
    """The written plan has what the confirm screen said: names in the draft are those of the rules."""
    machine = RecordedMachine(host("many"))
    with session(machine, draft=draft(disks=RULE, interface=AdminInterface(mac=ETH1))) as shown:
        shown.go_to("confirm")
        planned = machine.previews[-1]
        assert planned.disks == DiskChoice(("nvme0n1",)) and planned.interface == AdminInterface("eth1", mac=ETH1)
        assert machine.preview(planned, Cancel()).disks[0].heading.startswith("disk nvme0n1")


def test_what_is_not_asked_on_the_network_screen_is_kept() -> None:
    interface = AdminInterface("eth0", mac="00:16:3e:1a:2b:3c", vlan=12)
    with session(RecordedMachine(host("many")), draft=draft(interface=interface)) as shown:
        change(shown, "network")
        shown.press("f12")
        assert shown.road.state.draft.interface == interface


def test_esc_before_the_first_open_question_leads_back_and_at_the_very_first_asks_to_leave() -> None:
    with session(RecordedMachine(host("many")), draft=draft()) as shown:
        for _ in range(40):
            if "Leave the installer?" in shown.text:
                break
            shown.press("esc")
        assert "Leave the installer?" in shown.text, shown.text
        shown.press("right", "enter")
        assert shown.left and shown.left.code == 3
