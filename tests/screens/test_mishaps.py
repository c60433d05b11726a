"""What goes wrong besides bad input: faults of the program, a shell or keymap that fails, an end that takes time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest

from installer.model.errors import Cancelled, DeviceError
from installer.model.events import AfterFailure, StepFailed
from installer.model.hardware import look_at
from installer.model.ports import Cancel, NetworkWish, PackageProgress, Preview, RunListener, Trial
from installer.model.problem import Problem, Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from screens.eula import EulaScreen
from tests.screens.reach import at
from tests.screens.recorded_machine import RecordedMachine, host, package
from tests.screens.stage import session
from tests.screens.test_screens import has_focus


@dataclass
class _Troubled(RecordedMachine):
    """Its shell and keymap fail; the end of an installation waits for `released`."""

    shell_error: BaseException | None = None
    keymap_error: Exception | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def shell(self) -> None:
        if self.shell_error:
            raise self.shell_error

    def load_keymap(self, name: str) -> str:
        if self.keymap_error:
            raise self.keymap_error
        return ""

    def install(self, preview: Preview, listener: RunListener) -> None:
        failure = StepFailed(1, "partition sda", "no answer", "sfdisk", (), "sda is as it was.", "the cable")
        listener.event(failure)
        if listener.failed(failure) is AfterFailure.STOP:
            self.released.wait(30)
            raise DeviceError("no answer")


@pytest.mark.parametrize("name", ["welcome", "failure"])
def test_shell_that_fails_is_told_and_the_session_goes_on(name: str) -> None:
    error = DeviceError("there is no shell on this machine", hint="look for /bin/sh")
    with session(_Troubled(host("single"), shell_error=error)) as shown:
        shown.go_to("welcome")
        if name == "failure":
            shown.go_to("confirm")
            shown.answer()
            shown.wait_for("Not installed")
        shown.press("f2")
        assert shown.name == name and "there is no shell on this machine" in shown.text
        assert shown.app._layers[-1].message[0] == "error" and not shown.faults


def test_fault_of_the_program_in_a_key_is_noted_and_told() -> None:
    fault = RuntimeError("marked fault")
    with session(_Troubled(host("single"), shell_error=fault)) as shown:
        shown.press("f2")
        assert shown.faults == [fault] and "a fault in the installer itself" in shown.text
        shown.press("f12")
        assert shown.name == "welcome"


def test_fault_in_what_a_screen_answers_is_noted_and_told() -> None:
    with session(RecordedMachine(host("single"))) as shown:
        shown.go_to("timezone-area")
        shown.app._screen._list = None  # type: ignore[union-attr]  # what a fault of the program may leave
        shown.press("f12")
        assert len(shown.faults) == 1 and "a fault in the installer itself" in shown.text
        shown.press("esc")
        assert shown.name == "password"


def test_keymap_that_cannot_be_loaded_is_told_and_passed() -> None:
    error = DeviceError("the keymap fr cannot be loaded", where="loadkeys")
    with session(_Troubled(host("single"), keymap_error=error)) as shown:
        shown.type("french")
        shown.press("f12")
        assert shown.name == "welcome" and "the keymap fr cannot be loaded" in shown.text, shown.text
        assert shown.road.state.draft.keymap == "fr"


def test_reboot_after_a_failure_waits_for_the_release_off_the_ui_thread() -> None:
    machine = _Troubled(host("single"), in_image=True)
    with session(machine) as shown:
        shown.go_to("confirm")
        shown.answer()
        shown.wait_for("Not installed")
        shown.patience_s = 0.0
        shown.press("f12", "enter")
        assert shown.result is None and "Giving back what the installation holds" in shown.text, shown.text
        machine.released.set()
        shown.patience_s = 5.0
        shown.settle()
        assert shown.left and shown.left.reboot and shown.left.code == 1


def _slow_nics(count: int) -> RecordedMachine:
    facts = host("many")
    nics = tuple(replace(facts.nics[0], name=f"eth{n}", speed_mbit=10) for n in range(count))
    disks = tuple(replace(facts.disks[0], name=f"sd{chr(98 + n)}", excluded="it is in use") for n in range(20))
    return RecordedMachine(replace(facts, nics=nics, disks=(facts.disks[0], *disks)))


@pytest.mark.parametrize("size", [(80, 24), (72, 20)])
def test_many_problems_of_a_machine_leave_buttons_and_focus_in_view(size: tuple[int, int]) -> None:
    machine = _slow_nics(40)
    with session(machine, size) as shown:
        shown.go_to("hardware")
        assert "< Look again >" in shown.text and has_focus(shown), shown.text
        assert "more lines below" in shown.text
        last = look_at(machine.facts).warnings[-1].message.split()[0]
        for _ in range(40):
            shown.press("page down")
        assert last in shown.text and "end of text" in shown.text and "< Look again >" in shown.text, shown.text


def _at(path: str) -> Location:
    return Location(LocationKind.URL, Secret(f"http://mirror/{path}"))


@dataclass
class _BothPacks(RecordedMachine):
    """Both packs lie at every address."""

    count: int = 1

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = 60.0) -> Trial:
        base = Repository("xs:main", "Base Pack", "XenServer", "4.0.1-1", _at("packages.main"), (package("dom0fs"),))
        linux = Repository("xs:linux", "Linux Pack", "XenServer", "4.0.1-1", _at("packages.linux"), (package("guest"),))
        return Trial(location, (base,) * self.count + (linux,))


def test_many_repositories_leave_the_buttons_in_view() -> None:
    with session(_BothPacks(host("single"), count=12)) as shown:
        shown.remote = True
        shown.go_to("repositories")
        assert "more lines below" in shown.text and "< Ok >" in shown.text and has_focus(shown), shown.text


def test_vlan_survives_a_change_to_a_source_on_the_network_and_is_used_to_reach_it() -> None:
    machine = RecordedMachine(host("single"))
    with session(machine) as shown:
        shown.go_to("management-network")
        shown.press("tab")
        shown.type("12")
        shown.go_to("confirm")
        assert "VLAN 12" in shown.text, shown.text
        shown.press("f12", "left", "enter")
        shown.type("installation source")
        shown.press("enter", "down", "space", "f12")
        shown.remote = True
        shown.go_to("network")
        shown.go_to("confirm")
        assert "VLAN 12" in shown.text, shown.text
        assert any(done.startswith("network ") and "vlan=12" in done for done in machine.done), machine.done


def test_every_disk_that_is_not_offered_is_named_with_its_reason() -> None:
    machine = _slow_nics(1)
    machine.facts = replace(machine.facts, disks=(*machine.facts.disks, replace(machine.facts.disks[0], name="vda")))
    with session(machine) as shown:
        shown.go_to("primary-disk")
        assert "(F1: 17 more)" in shown.text
        shown.press("f1")
        seen = shown.text
        for _ in range(10):
            shown.press("page down")
            seen += shown.text
        assert all(f"  sd{letter} " in seen for letter in "bcdefghijklmnopqrstu"), seen


def test_name_of_a_volume_group_can_be_read_in_the_list() -> None:
    with at("primary-disk") as shown:
        assert "LVM VG_XenStorage" in shown.text
    with at("storage") as shown:
        assert "LVM VG_XenSto" in shown.text


@pytest.mark.parametrize(("skip", "words"), [(False, "326 MB, verified"), (True, "checked while they are installed")])
def test_confirm_screen_says_version_amount_and_whether_the_packages_were_checked(skip: bool, words: str) -> None:
    with session(RecordedMachine(host("single"))) as shown:
        shown.go_to("verify")
        if skip:
            shown.press("down", "space")
        shown.go_to("confirm")
        assert "Ready to install XenServer 4.0.1-1." in shown.text
        assert f"2 packages, 326 MB, {words.removeprefix('326 MB, ')}" in shown.text, shown.text


@dataclass
class _OtherProduct(RecordedMachine):
    """What lies at every address draws this problem."""

    severity: Severity = Severity.ERROR

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = 60.0) -> Trial:
        found = super().try_source(location, cancel, timeout_s)
        return replace(found, problems=(Problem(self.severity, "marked: this is SomethingElse 9.9"),))


def test_wrong_product_is_refused_at_the_address_and_keeps_it() -> None:
    with session(_OtherProduct(host("single"))) as shown:
        shown.remote = True
        shown.go_to("address")
        shown.type("http://mirror/xs/")
        shown.press("f12")
        assert shown.name == "address" and "marked: this is SomethingElse 9.9" in shown.text
        assert "http://mirror/xs/" in shown.text and not shown.road.state.draft.sources


def test_another_version_is_said_where_the_packages_are_listed() -> None:
    with session(_OtherProduct(host("single"), severity=Severity.WARNING)) as shown:
        shown.go_to("repositories")
        assert "! marked: this is SomethingElse 9.9" in shown.text
        shown.press("f12")
        assert shown.name == "verify"


@pytest.mark.parametrize(
    ("button", "words"), [("Save logs", "the logs are in /tmp/installer-logs.tar.gz"), ("Shell", "")]
)
def test_buttons_of_a_failure_do_what_they_say_and_stay(button: str, words: str) -> None:
    with at("failure") as shown:
        shown.app._layers[-1].form.buttons.move_to(button)
        shown.press("enter")
        machine = shown.app.machine
        assert isinstance(machine, RecordedMachine) and ("shell" in machine.done) is (button == "Shell")
        assert shown.name == "failure" and words in shown.text


def test_other_source_can_be_left_again_and_a_good_one_goes_on() -> None:
    with at("other-source") as shown:
        shown.press("esc")
        assert shown.name == "failure" and "the server closed the connection" in shown.text
        shown.press("right", "enter")
        shown.type("http://mirror/xs/")
        shown.press("f12")
        shown.wait_for("The host is installed")


@dataclass
class _Waiting(RecordedMachine):
    """Verification tells of one package and waits; the network never answers. Both end by a cancel."""

    told: threading.Event = field(default_factory=threading.Event)

    def verify(self, repositories, on_progress, cancel):  # type: ignore[no-untyped-def]  # as inherited
        on_progress(PackageProgress("xs:main", "dom0fs", 1, 2, 1, 2, 1, 4))
        self.told.set()
        cancel.wait(30)
        raise Cancelled("broken off")

    def bring_up_network(self, wish: NetworkWish, cancel: Cancel) -> str:
        self.told.set()
        cancel.wait(30)
        raise Cancelled("broken off")


@pytest.mark.parametrize(
    ("name", "words"), [("verify", "dom0fs, 1 of 2"), ("network", "Bringing up the network on eth0")]
)
def test_what_takes_long_shows_how_far_it_is_and_can_be_broken_off(name: str, words: str) -> None:
    machine = _Waiting(host("single"))
    with session(machine) as shown:
        shown.remote = name == "network"
        shown.go_to(name)
        shown.patience_s = 0.0
        shown.press("f12")
        assert machine.told.wait(10)
        shown.app._woken(b"")
        shown.paint()
        assert words in shown.text and "Break off" in shown.text, shown.text
        shown.press("esc")
        assert shown.name == name and "broken off" in shown.text


def test_long_licence_is_scrolled_with_the_arrows_to_its_end() -> None:
    with session(RecordedMachine(host("single"))) as shown:
        EulaScreen.text, before = tuple(f"paragraph {n} of the licence" for n in range(100)), EulaScreen.text
        try:
            shown.go_to("eula")
            assert "paragraph 0 of" in shown.text and "more lines below" in shown.text
            shown.press("down")
            assert "paragraph 0 of" not in shown.text and "paragraph 1 of" in shown.text
            shown.press("end")
            assert "paragraph 99 of" in shown.text and "end of text" in shown.text
        finally:
            EulaScreen.text = before


def test_labels_of_the_time_are_whole() -> None:
    with at("set-time") as shown:
        assert "Time (HH:MM or with :SS)" in shown.text


def test_serial_line_tells_keys_that_work_in_a_field_too() -> None:
    with at("address", term="vt220") as shown:
        for words in ("F12^N next", "Esc^P back", "F1^Y help", "F2^Z shell", "F3^O log"):
            assert words in shown.lines[-1]
        shown.send(b"\x19")
        assert shown.title.startswith("Help") and "Ctrl-T" in shown.text and "Ctrl-G" in shown.text
