"""A backup is put back by the screens: which one, what is overwritten, and nothing else asked."""

from __future__ import annotations

from dataclasses import replace

from installer.model.wishes import Existing, Mode
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import session

OLD = "host_of_4_0"


def test_a_machine_without_a_backup_offers_no_restore() -> None:
    with session(RecordedMachine(host("many"))) as shown:
        shown.go_to("welcome")
        assert "Restore" not in shown.text


def test_backup_is_put_back_after_one_question_and_a_confirmation() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.restores = True
        shown.go_to("welcome")
        seen = []
        while shown.name != "confirm":
            shown.answer()
            seen.append(shown.name)
        assert seen == ["backup", "confirm"]
        assert "Overwritten: partition 1 of sda" in shown.text and "is lost" in shown.text
        draft = machine.previews[-1]
        assert (draft.mode, draft.existing) == (Mode.RESTORE, Existing(backup_disk="sda"))
        shown.press("f12")
        assert "F12 does not press Restore" in shown.text and not shown.app._installing
        shown.press("enter")
        shown.wait_for("as it was when the backup was made")
        assert shown.title == "Restored" and "password it had then" in shown.text


def test_the_confirmation_leads_back_by_default() -> None:
    with session(RecordedMachine(host(OLD))) as shown:
        shown.restores = True
        shown.go_to("confirm")
        shown.press("enter")
        assert shown.name == "backup"


def test_backup_that_cannot_be_put_back_says_why() -> None:
    facts = host(OLD)
    backup = replace(facts.disks[0].backup, refused="it is not complete", hint="install over the host again")  # type: ignore[type-var]
    machine = RecordedMachine(replace(facts, disks=(replace(facts.disks[0], backup=backup), *facts.disks[1:])))
    with session(machine) as shown:
        shown.go_to("welcome")
        assert "it is not complete" in shown.text
        shown.press("down", "down", "space", "f12")
        assert shown.name != "backup"


def test_second_thoughts_ask_for_everything_again() -> None:
    machine = RecordedMachine(host(OLD))
    with session(machine) as shown:
        shown.restores = True
        shown.go_to("backup")
        shown.press("esc")
        shown.restores = False
        shown.press("up", "up", "space")
        shown.go_to("existing")
        shown.press("down", "space")
        shown.go_to("confirm")
        assert machine.previews[-1].mode is Mode.FRESH and machine.previews[-1].existing is None


def test_a_dry_run_ends_with_the_plan() -> None:
    with session(RecordedMachine(host(OLD), dry_run=True)) as shown:
        shown.restores = True
        shown.go_to("confirm")
        assert "Dry run: this would be overwritten" in shown.text
        shown.press("f12", "enter")
        assert shown.result is not None and "Nothing was changed." in shown.result.text
