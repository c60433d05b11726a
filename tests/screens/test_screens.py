"""What holds for every screen: it can be read in 80 by 24, with and without colour, and used by keys alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from screens.keyline import ALIASES
from screens.order import RUN_SCREENS, SCREENS
from screens.screen import Screen
from tests.screens.frames import frame, text
from tests.screens.reach import ALL, ROAD, at
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import KEYS, Session, session

FRAMES = Path(__file__).parent / "frames"
EVERY = (*SCREENS, *RUN_SCREENS)
ONLY_FOCUSED_BY_F12 = {"eula", "confirm", "failure", "completion"}  # spec R10


def _screen(name: str) -> type[Screen]:
    return next(screen for screen in EVERY if screen.name == name)


@pytest.mark.parametrize("name", ALL)
def test_screen_looks_as_it_did(name: str, write_golden: bool) -> None:
    found = []
    for title, keys in (("colour", ()), ("two colours", ("f4",)), ("ASCII", ("f4",))):
        found.append(title)
        if not keys:
            context = at(name)
            shown = context.__enter__()
        else:
            shown.press(*keys)
        found.append(frame(shown.emulator))
    context.__exit__(None, None, None)
    whole = "\n".join(found)
    path = FRAMES / f"{name}.txt"
    if write_golden:
        path.write_text(whole, encoding="utf-8")
    assert whole == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_nothing_but_colour_is_lost_in_two_colours_and_ascii_is_ascii(name: str) -> None:
    with at(name) as shown:
        coloured = text(shown.emulator)
        shown.press("f4")
        assert text(shown.emulator) == coloured
        shown.press("f4")
        assert shown.text.isascii()
        assert [len(line) for line in shown.lines] == [len(line) for line in coloured]
        shown.press("f4", "f4")
        assert text(shown.emulator) == coloured


@pytest.mark.parametrize("name", ALL)
def test_screen_has_title_step_keys_and_visible_focus(name: str) -> None:
    with at(name) as shown:
        screen = _screen(name)
        assert screen.title in shown.lines[0]
        if name in ROAD:
            assert re.search(r"\d+/\d+  ", shown.lines[0])
        assert "F1" in shown.lines[-1] and "F2" in shown.lines[-1] and "F3" in shown.lines[-1]
        assert has_focus(shown) or name == "progress"
        assert shown.terminal.look.colour


def has_focus(shown: Session) -> bool:
    """Say whether the cursor is shown, on something that stands out."""
    cursor = shown.emulator.cursor
    if cursor.hidden or not (0 <= cursor.y < shown.size[1] and 0 <= cursor.x < shown.size[0]):
        return False
    row = shown.emulator.buffer[cursor.y]
    cells = [row[column] for column in range(shown.size[0])]
    return any(cell.reverse or cell.bg != "default" or cell.underscore or cell.data in "►>" for cell in cells)


@pytest.mark.parametrize("name", ALL)
def test_help_is_there_and_closes_again(name: str) -> None:
    with at(name) as shown:
        before = shown.text
        shown.press("f1")
        assert shown.title == f"Help: {_screen(name).title}"
        assert len(_screen(name).help) > 80
        shown.press("esc")
        assert shown.name == name
        assert shown.text == before


def test_f12_is_ok_on_the_questions_of_a_running_installation() -> None:
    with at("set-time") as shown:
        shown.press("f12")
        shown.wait_for("The host is installed")
    with at("other-source") as shown:
        shown.type("http://mirror/xs/")
        shown.press("f12")
        shown.wait_for("The host is installed")
    with at("progress") as shown:
        shown.press("f12")
        assert shown.name == "progress" and "there is nothing to press" in shown.text


@pytest.mark.parametrize("name", ROAD)
def test_f12_is_ok_but_for_what_cannot_be_undone(name: str) -> None:
    with at(name) as shown:
        if name in ONLY_FOCUSED_BY_F12:
            shown.press("f12")
            assert shown.name == name and "F12 does not press" in shown.text
            assert shown.app._layers[-1].form.buttons.label == _f12_of(shown)
        else:
            shown.answer()
            assert shown.name != name


@pytest.mark.parametrize("name", ["failure", "completion"])
def test_f12_neither_reboots_nor_leaves(name: str) -> None:
    with at(name) as shown:
        shown.press("f12", "f12")
        assert shown.result is None and "F12 does not press" in shown.text


@pytest.mark.parametrize(("control", "key"), ALIASES.items())
def test_every_function_key_has_a_spelling_for_terminals_that_send_none(control: str, key: str) -> None:
    """In a field as well, where a letter would be typed."""
    seen = []
    for data in (bytes([ord(control[-1]) - 96]), KEYS[key]):
        with at("address", term="vt220") as shown:
            before = shown.text, shown.app.terminal.look
            shown.send(data)
            seen.append((shown.title, shown.text, shown.app.terminal.look, shown.app.machine.done))  # type: ignore[attr-defined]  # the double
            changed = (shown.text, shown.app.terminal.look) != before or "shell" in seen[-1][3]
            assert changed
    assert seen[0] == seen[1]


def test_log_and_plan_are_shown_and_the_log_follows_the_run() -> None:
    with at("confirm") as shown:
        shown.press("f5")
        assert shown.title == "Plan" and "line 0 of the plan" in shown.text
        shown.press("end")
        assert "line 59 of the plan" in shown.text
        shown.press("esc", "f3")
        assert shown.title == "Log" and "20:14:04 line 4 of the log" in shown.text


def test_log_that_is_open_grows_with_the_run_until_one_scrolls_up() -> None:
    with at("progress") as shown:
        installing, machine = shown.app._installing, shown.app.machine
        assert installing and isinstance(machine, RecordedMachine)
        shown.press("f3")

        def comes(line: str) -> bool:
            machine.log.append(line)
            installing.paint()
            shown.paint()
            return line in shown.text

        machine.log += [f"early {number}" for number in range(60)]
        assert comes("the next line")
        shown.press("page up")
        assert not comes("a line below") and "more lines below" in shown.text
        shown.press("end")
        assert comes("the last line")


def _f12_of(shown: Session) -> str:
    return shown.app._screen.f12 if shown.app._screen else ""


ENTERED = {
    "primary-disk": ["down"],
    "storage": ["space", "tab", "space"],
    "shared-storage": ["space"],
    "source": ["down", "space"],
    "nic": ["down"],
    "network": ["down", "space", "tab", "abc"],
    "address": ["abc"],
    "verify": ["down", "space"],
    "timezone-area": ["up"],
    "timezone": ["down"],
    "management-nic": ["down"],
    "management-network": ["down", "space", "tab", "abc"],
    "ipv6": ["down", "down", "space", "tab", "2001:db8::10"],
    "management-ipv6": ["down", "down", "space", "tab", "2001:db8::10"],
    "ntp": ["down", "space"],
    "ntp-servers": ["down", "space", "tab", "abc"],
    "naming": ["down", "space", "tab", "abc"],
}


@pytest.mark.parametrize("name", ENTERED)
def test_back_keeps_what_was_entered(name: str) -> None:
    """Fields are filled, choices and lists moved; a screen back and forth again, all stands as it was."""
    with at(name) as shown:
        before = shown.text
        for key in ENTERED[name]:
            shown.press(key)
        entered = shown.app._screen.typed() if shown.app._screen else {}
        assert shown.text != before
        shown.press("esc")
        assert shown.name != name
        shown.go_to(name)
        assert shown.app._screen and shown.app._screen.typed() == entered
        assert "marked-secret" not in str(shown.road.state.typed)


def test_passwords_do_not_survive_back() -> None:
    with at("timezone-area") as shown:
        assert shown.road.state.draft.root_password is not None
        shown.press("esc")
        assert shown.name == "password" and "*" not in shown.text
        assert shown.road.state.draft.root_password is None


def test_screens_for_lists_are_passed_over_on_a_machine_with_one_disk_and_one_nic() -> None:
    with session(RecordedMachine(host("single"))) as shown:
        names = []
        while shown.name != "confirm":
            names.append(shown.name)
            shown.answer()
        assert not {"primary-disk", "nic", "management-nic"} & set(names)


def test_the_only_disk_still_stands_on_the_confirm_screen() -> None:
    with session(RecordedMachine(host("single"))) as shown:
        shown.go_to("confirm")
        assert "sda 480 GB SAMSUNG MZ7L3480" in shown.text and "Windows" in shown.text


@pytest.mark.parametrize("machine", ["no_disk", "no_nic"])
def test_machine_that_cannot_become_a_host_goes_no_further_than_the_reason(machine: str) -> None:
    recorded = RecordedMachine(host(machine))
    with session(recorded) as shown:
        shown.go_to("hardware")
        assert "cannot become a host" in shown.text
        shown.press("f12")
        assert shown.name == "hardware" and "cannot become a host" in shown.text
        recorded.facts = host("single")
        shown.press("enter")
        assert shown.name != "hardware" and shown.road.state.draft.disks
        shown.press("esc")
        assert shown.name == "eula"


@pytest.mark.parametrize("look", ["xterm", "vt220", "linux", "tmux-256color", "screen", "ansi", "vt100"])
def test_first_paint_asks_the_terminal_nothing_and_is_small(look: str) -> None:
    with session(RecordedMachine(host("many")), term=look) as shown:
        assert len(shown.raw) <= 4000
        for query in (b"\x1b[6n", b"\x1b[c", b"\x1b[>c", b"$p", b"\x1b[?u", b"\x1b]", b"\x1b[?1000h", b"\x1b[?1006h"):
            assert query not in shown.raw


def test_a_key_costs_few_bytes_and_idling_none() -> None:
    with at("timezone-area", term="vt220") as shown:
        shown.press("home")
        shown.press("f12")
        costs: list[int] = []
        for _ in range(100):
            shown.press("down")
            costs.append(len(shown.raw))
        assert sum(costs) / len(costs) <= 500
        assert sorted(costs)[len(costs) * 3 // 4] <= 400
        assert shown.paint() == b""


def test_terminal_made_tiny_says_so_and_loses_nothing() -> None:
    with at("management-network") as shown:
        shown.press("down", "space", "tab")
        shown.type("10.1")
        shown.resize(10, 5)
        assert "terminal" in shown.text.replace("\n", " ")
        shown.press("f12", "x", "esc")
        shown.resize(80, 24)
        assert shown.name == "management-network" and "10.1" in shown.text


def test_list_of_keys_gives_way_to_what_can_be_chosen() -> None:
    """A dry run with a backup has more to say than 20 rows hold; more rows show all of it again."""
    with session(RecordedMachine(host("host_of_4_0"), dry_run=True), (72, 20)) as shown:
        shown.go_to("welcome")
        shown.press("tab")
        assert "< Ok >" in shown.text and has_focus(shown) and "F4 or Ctrl-T" not in shown.text
        shown.resize(80, 24)
        assert "< Ok >" in shown.text and has_focus(shown) and "F4 or Ctrl-T" in shown.text
