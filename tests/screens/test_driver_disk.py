"""A driver disk is loaded from the beginning and from where a disk is missing, and the machine is looked at again."""

from __future__ import annotations

from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session


def _give(shown: Session, address: str) -> None:
    """Choose the second source and type the address."""
    shown.press("down", "space")
    shown.focus("url")
    shown.type(address)
    shown.press("f12")


def _to_drivers(shown: Session) -> None:
    shown.go_to("welcome")
    shown.press("down", "space", "f12")
    assert shown.name == "driver-disk", shown.text


def test_disc_is_loaded_and_the_road_goes_on_without_asking_again() -> None:
    machine = RecordedMachine(host("many"))
    with session(machine) as shown:
        _to_drivers(shown)
        shown.press("f12")
        assert shown.name == "overwrite" and "Drivers (acme:drivers): loaded" in shown.text
        assert machine.done == ["keymap us", "drivers local media"]
        shown.press("esc")
        assert shown.name == "welcome" and "(*) Install" in shown.text
        shown.go_to("confirm")
        assert [place.shown() for place in machine.previews[-1].driver_sources] == ["local media"]


def test_machine_without_a_disk_gets_one_by_a_driver_disk() -> None:
    """The hardware screen stops; with the drivers it has nothing to say any more."""
    machine = RecordedMachine(host("no_disk"), with_drivers=host("single"))
    with session(machine) as shown:
        shown.go_to("hardware")
        assert "cannot become a host" in shown.text
        shown.press("left", "enter")
        assert shown.name == "driver-disk", shown.text
        _give(shown, "http://mirror/drivers")
        assert shown.name == "source", shown.text
        assert machine.done[-1] == "drivers http://mirror/drivers"
        shown.go_to("confirm")
        assert "sda" in shown.text


def test_driver_disk_that_brings_no_disk_leads_back_to_what_is_missing() -> None:
    machine = RecordedMachine(host("no_disk"))
    with session(machine) as shown:
        shown.go_to("hardware")
        shown.press("left", "enter", "f12")
        assert shown.name == "hardware" and "it has no disk" in shown.text


def test_refusal_is_shown_at_the_address_and_nothing_is_kept() -> None:
    machine = RecordedMachine(host("many"))
    with session(machine) as shown:
        _to_drivers(shown)
        _give(shown, "http://user:marked-secret@mirror/old")
        assert shown.name == "driver-disk"
        assert "made for the kernel 5.10" in shown.text and "marked-secret" not in shown.lines[-2]
        shown.press("ctrl u", "f12")
        assert "type the address of the drivers" in shown.text
        assert not shown.road.state.draft.driver_sources


def test_loading_is_broken_off() -> None:
    machine = RecordedMachine(host("many"))
    with session(machine) as shown:
        _to_drivers(shown)
        shown.patience_s = 0.5
        _give(shown, "http://slow/drivers")
        assert "Loading drivers from http://slow/drivers" in shown.text
        shown.patience_s = 5.0
        shown.press("esc")
        assert shown.name == "driver-disk" and machine.done == ["keymap us"]


def test_drive_is_opened_for_the_driver_disk() -> None:
    machine = RecordedMachine(host("many"))
    with session(machine) as shown:
        _to_drivers(shown)
        shown.press("tab", "tab", "right", "enter")
        assert "eject" in machine.done[-1], (machine.done, shown.text)
