"""A host that is there already: kept or erased, what is asked then, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from installer.model.answers import Draft
from installer.model.source import Location, LocationKind
from installer.model.wishes import Existing, Mode
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session, with_host

OLD, ASKED_FOR_DISKS = "host_of_4_0", {"primary-disk", "storage", "shared-storage"}
KEPT = {"password", "timezone-area", "timezone", "ntp", "ntp-servers", "management-network", "naming"}


def _road(shown: Session) -> list[str]:
    """Go on to the confirm screen; returns what was shown on the way."""
    seen = [shown.name]
    while shown.name != "confirm":
        shown.answer()
        seen.append(shown.name)
    return seen


def test_a_kept_host_is_asked_for_nothing_that_it_knows_itself() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.go_to("existing")
        seen = _road(shown)
        assert not (ASKED_FOR_DISKS | KEPT) & set(seen) and "keeping" in seen and "source" in seen
        assert "Guest storage is kept. Over XenServer 4.0.1-4249p on sda" in shown.text
        assert "not blank" not in shown.text and "Yes, erase" not in shown.text
        draft = machine.previews[-1]
        assert (draft.mode, draft.existing, draft.disks) == (Mode.REINSTALL, Existing("sda"), None)
        assert draft.root_password is None and draft.timezone is None and draft.interface is None
        shown.press("f12", "enter")
        shown.wait_for("The host is installed.")
        assert "the password the old host had" in shown.text and "iSCSI" not in shown.text


def test_an_iscsi_name_that_could_not_be_carried_over_is_told_at_the_end() -> None:
    machine = RecordedMachine(host(OLD))
    (old,) = (disk for disk in machine.facts.disks if disk.installed)
    assert old.installed
    nameless = replace(old, installed=replace(old.installed, iqn=""))
    disks = tuple(nameless if disk is old else disk for disk in machine.facts.disks)
    with session(with_host(machine, disks=disks)) as shown:
        shown.go_to("existing")
        _road(shown)
        shown.press("f12", "enter")
        shown.wait_for("The host is installed.")
        assert "no iSCSI name that could be carried over" in shown.text


def test_without_a_backup_when_its_mark_is_taken_away() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.go_to("existing")
        shown.focus("backup")
        shown.press("space")
        _road(shown)
        assert machine.previews[-1].existing == Existing("sda", backup=False)


def test_virtual_machines_that_run_are_named_first_and_the_way_leads_back() -> None:
    with session(RecordedMachine(host(OLD))) as shown:
        shown.go_to("keeping")
        lines = [line for line in shown.lines if line.strip()]
        assert "Not shut down" in lines[2] and "running" in shown.text and "suspended" in shown.text
        shown.press("enter")
        assert shown.name == "existing"


def test_a_clean_installation_asks_for_everything() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.go_to("existing")
        shown.press("down", "space", "f12")
        seen = _road(shown)
        assert {"password", "timezone", "management-network", "naming"} <= set(seen) and "keeping" not in seen
        draft = machine.previews[-1]
        assert (draft.mode, draft.existing) == (Mode.FRESH, None) and draft.disks and draft.disks.primary == ("sda",)
        assert "Yes, erase sda" in shown.text


def test_second_thoughts_leave_nothing_of_the_first() -> None:
    """From clean back to kept: the password typed meanwhile is not the host's."""
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.go_to("existing")
        shown.press("down", "space")
        shown.go_to("confirm")
        shown.press("f12", "left", "enter")
        shown.type("A host")
        shown.press("enter")
        assert shown.name == "existing"
        shown.press("up", "space", "f12")
        _road(shown)
        draft = machine.previews[-1]
        assert draft.mode is Mode.REINSTALL and draft.disks is None
        assert draft.root_password is None and draft.timezone is None and draft.naming is None


def test_what_is_kept_can_be_changed_from_the_last_screen() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.go_to("confirm")
        shown.press("f12", "left", "enter")
        assert "Root password" in shown.text and "Primary disk" not in shown.text
        shown.type("Root")
        shown.press("enter")
        assert shown.name == "password"
        shown.answer()
        assert shown.name == "confirm"
        assert machine.previews[-1].root_password is not None and machine.previews[-1].timezone is None


def test_network_of_a_remote_source_is_not_the_hosts() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.remote = True
        shown.go_to("network")
        assert "for the installation only" in shown.text
        shown.go_to("confirm")
        assert machine.previews[-1].interface is None
        assert any(done.startswith("network") for done in machine.done)
        shown.press("f12", "left", "enter")
        shown.type("Network")
        assert shown.text.count("Network") >= 2  # that of the installation, and that of the host


def test_hosts_that_cannot_be_kept_are_listed_with_the_reason() -> None:
    with session(RecordedMachine(host("refused_hosts")), size=(80, 40)) as shown:
        shown.go_to("existing")
        assert "too old to be upgraded directly" in shown.text and "encrypted" in shown.text
        assert "(*) Re-install XenServer 4.0.1" in shown.text
        assert shown.text.index("(*)") > shown.text.index("encrypted")


def test_a_broken_off_installation_is_brought_to_its_end() -> None:
    with session(RecordedMachine(host("broken_off_uefi"))) as shown:
        shown.go_to("existing")
        assert "was broken off (replacing); this finishes it" in shown.text


def test_an_upgrade_is_called_one() -> None:
    machine = RecordedMachine(host("host_of_3_2"))
    with session(machine) as shown:
        shown.go_to("existing")
        assert "Upgrade XenServer 3.2.0" in shown.text
        _road(shown)
        assert machine.previews[-1].mode is Mode.UPGRADE


def test_an_answerfile_that_keeps_a_host_is_asked_for_its_source_alone() -> None:
    machine = RecordedMachine(host(OLD))
    draft = Draft(mode=Mode.REINSTALL, existing=Existing("sda"))
    with session(machine, draft=draft) as shown:
        assert shown.name == "source"
    draft = replace(draft, existing=None, sources=(Location(LocationKind.LOCAL),))
    with session(machine, draft=draft) as shown:
        assert shown.name == "existing"
