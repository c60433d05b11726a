"""Further media after the installation: asked for, shown, checked, added; and always a way to the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.errors import SourceError
from installer.model.ports import Cancel, Further
from installer.model.problem import Problem, Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from screens.screen import Reopen
from tests.screens.recorded_machine import RecordedMachine, host, package
from tests.screens.stage import Session, session

LOCAL = Location(LocationKind.LOCAL)
BASE = Repository("xs:main", "Base Pack", "XenServer", "4.0.1-1", LOCAL, (package("dom0fs"),))
LINUX = Repository("xs:linux", "Linux Pack", "XenServer", "4.0.1-1", LOCAL, (package("linux-guest"),))


def at_additional(machine: RecordedMachine, found: Session) -> None:
    """Install with additional media ticked."""
    found.additional = True
    found.go_to("confirm")
    found.answer()
    found.wait_for("Put the next disc or stick in")
    assert machine.done[-1] == "eject"


def test_linux_pack_is_shown_checked_and_added() -> None:
    machine = RecordedMachine(host("single"), further=[Further((LINUX,), (BASE,)), Further((), (LINUX,))])
    with session(machine) as found:
        at_additional(machine, found)
        found.press("enter")
        assert "Linux Pack" in found.text and "1 package, 163 MB" in found.text
        assert "Base Pack: installed already" in found.text and "[x] Check the packages" in found.text
        found.press("f12")
        assert "F12 does not press Add" in found.text
        found.press("enter")
        found.wait_for("Added: Linux Pack.")
        assert len(machine.previews) == 2 and machine.done.count("eject") == 2
        found.press("enter")
        assert "Linux Pack: installed already" in found.text and "< Add >" not in found.text
        found.press("left", "left", "left", "enter")
        assert found.name == "completion" and "The host is installed." in found.text


def test_cancelling_leaves_a_complete_host() -> None:
    machine = RecordedMachine(host("single"))
    with session(machine) as found:
        at_additional(machine, found)
        found.press("left", "left", "left", "enter")
        assert found.name == "completion"


def test_without_the_tick_nobody_is_asked() -> None:
    with session(RecordedMachine(host("single"))) as found:
        found.go_to("confirm")
        found.answer()
        found.wait_for("The host is installed.")
        assert found.name == "completion"


def test_faulty_package_is_named_and_nothing_is_added() -> None:
    machine = RecordedMachine(host("single"), further=[Further((LINUX,))], faulty=("linux-guest",))
    with session(machine) as found:
        at_additional(machine, found)
        found.press("enter", "enter")
        assert "1 package is faulty: linux-guest (its MD5 sum is another" in found.text
        assert found.name == "additional" and len(machine.previews) == 1


def test_pack_of_another_product_cannot_be_added() -> None:
    wrong = Problem(Severity.ERROR, "repository xs:linux is made for Other, not for XenServer")
    machine = RecordedMachine(host("single"), further=[Further((replace(LINUX, product="Other"),), (), (wrong,))])
    with session(machine) as found:
        at_additional(machine, found)
        found.press("enter")
        assert "made for Other" in found.text and "< Add >" not in found.text
        found.press("enter")  # another one
        assert "Put the next disc or stick in" in found.text


def test_drive_without_a_medium_is_told_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = RecordedMachine(host("single"), further=[Further((LINUX,))])
    look = machine.look_at_medium
    tries: list[int] = []

    def first_nothing(cancel: Cancel) -> Further:
        tries.append(1)
        if len(tries) == 1:
            raise SourceError("no installation medium was found", hint="put the disc or stick in and try again")
        return look(cancel)

    monkeypatch.setattr(machine, "look_at_medium", first_nothing)
    with session(machine) as found:
        at_additional(machine, found)
        found.press("enter")
        assert "no installation medium was found" in found.text
        found.press("enter")
        assert "Linux Pack" in found.text


def test_failed_addition_is_told_and_the_host_is_still_complete() -> None:
    machine = RecordedMachine(host("single"), further=[Further((LINUX,))])
    with session(machine) as found:
        at_additional(machine, found)
        machine.fail_steps = 1
        found.press("enter", "enter")
        found.wait_for("this failed")
        found.press("right", "right", "right", "right", "enter")
        found.wait_for("is not complete")
        assert "starts all the same" in found.text.replace("\n", " ")
        found.press("left", "left", "left", "enter")
        assert found.name == "completion"


@pytest.mark.parametrize(
    ("ticked", "sources", "size"),
    [(False, "http://mirror/xs/packages.main", "326 MB"), (True, "http://mirror/xs/", "489 MB")],
)
def test_packages_beside_the_base_are_installed_only_when_ticked(ticked: bool, sources: str, size: str) -> None:
    beside = replace(LINUX, location=Location(LocationKind.URL, Secret("http://mirror/xs/packages.linux")))
    with session(RecordedMachine(host("single"), beside=(beside,))) as found:
        found.remote, found.additional = True, ticked
        found.go_to("repositories")
        assert ("Not installed: Linux Pack" in found.text) is not ticked
        found.press("f12")
        assert f"({size} are read)" in found.text
        assert [source.shown() for source in found.road.state.draft.sources or ()] == [sources]


def test_tick_set_later_counts_for_the_same_address() -> None:
    beside = replace(LINUX, location=Location(LocationKind.URL, Secret("http://mirror/xs/packages.linux")))
    with session(RecordedMachine(host("single"), beside=(beside,))) as found:
        found.remote = True
        found.go_to("confirm")
        found.app.take(lambda: Reopen("source"))
        found.press("tab", "space", "f12")
        assert [source.shown() for source in found.road.state.draft.sources or ()] == ["http://mirror/xs/"]
