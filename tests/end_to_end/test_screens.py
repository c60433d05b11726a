"""The wizard as a person uses it: the installed command on a pseudo-terminal, keys as bytes, an emulator's picture."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import answering, serving_files
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.screens.on_pty import Terminal, on_terminal

MACHINES = Path(__file__).parents[1] / "machines"
PASSWORD = "marked-secret-wizard"
QUERIES = (b"\x1b[6n", b"\x1b[c", b"\x1b[>", b"$p", b"\x1b[?u", b"\x1b]", b"\x1b[?1000h", b"\x1b[?1006h")
FAULT_BY_SIGNAL = """\
import signal
def fault(*_):
    raise RuntimeError("marked fault")
signal.signal(signal.SIGUSR1, fault)
"""
# machine, TERM, size, remote source: colour, two colours, ASCII, a size nobody knows
ROADS = (
    ("single", "xterm", (80, 24), False),
    ("many", "vt220", (80, 24), False),
    ("weak", "linux", (80, 24), False),
    ("twins", "vt100", (0, 0), True),
)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    yield small_repository(tmp_path / "repository")


def _until_source(shown: Terminal) -> None:
    shown.answer("Which keyboard", "french")
    shown.press("f12")
    shown.answer("What shall be done", "f12")
    shown.answer("needs a machine of its own", "f12")
    shown.answer("LICENCE AGREEMENT", "f12", "enter")
    shown.read(1)
    while "Installation source" not in shown.text:
        shown.press("f12")


def _address(shown: Terminal, source: str, *, static: bool) -> None:
    shown.answer("Where are the packages", "down", " ", "f12")
    shown.read(0.5)
    if "Over which network interface" in shown.text:
        shown.press("f12")
    shown.wait_for("get its address")
    if static:
        _static(shown)
        shown.press("10.1.2.53")
    shown.press("f12")
    shown.answer("At which address", source, "f12")


def _static(shown: Terminal) -> None:
    shown.press("down", " ", "tab", "10.1.2.3", "enter", "255.255.255.0", "enter", "10.1.2.1", "enter")


def _until_confirm(shown: Terminal) -> None:
    shown.answer("Test base pack", "f12")
    shown.answer("checked before the installation", "f12")
    shown.answer("Choose the password", PASSWORD, "enter", PASSWORD, "f12")
    shown.answer("part of the world", "eu", "f12")
    shown.answer("Which city", "lon", "f12")
    while "clock be set" not in shown.text:
        shown.press("f12")
    shown.press("f12")
    shown.answer("time servers shall", "f12")
    shown.read(0.5)
    if "type the name or address" in shown.text:
        shown.press("10.1.2.123", "f12")
    shown.answer("Nameservers", "f12")
    shown.read(0.5)
    if "type the host's name" in shown.text:
        shown.press("xen07", "f12")
    shown.wait_for("Confirm")


@pytest.mark.parametrize(("machine", "term", "size", "remote"), ROADS)
def test_dry_run_goes_from_keymap_to_the_plan(
    tmp_path: Path, repository: Path, machine: str, term: str, size: tuple[int, int], remote: bool
) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / f"{machine}.json"), "--media", str(repository)]
    arguments += ["--log-dir", "logs"]
    with on_terminal(arguments, tmp_path, term, size) as shown:
        _until_source(shown)
        if remote:
            _address(shown, str(repository), static=True)
        else:
            shown.press("f12")
        _until_confirm(shown)
        shown.wait_for("nothing will be changed")
        if term.startswith("vt"):
            assert shown.text.isascii() and b"\x1b[0;1;3" not in shown.sent
        else:
            assert "──" in shown.text and b"\x1b[0;1;37;44m" in shown.sent
        shown.press("page down")
        shown.wait_for("static 10.1.2.3/24 via 10.1.2.1" if remote else "by DHCP")
        assert not any(query in shown.sent for query in QUERIES)
        shown.press("f12", "enter")
        assert shown.finish() == 0
        assert b"Nothing was changed." in shown.sent and b"install the boot loader" in shown.sent
        assert PASSWORD.encode() not in shown.sent
    assert PASSWORD not in (tmp_path / "logs" / "install.log").read_text(encoding="utf-8")


@pytest.mark.root
@pytest.mark.parametrize(("machine", "term", "size", "remote"), ROADS)
def test_road_ends_in_an_installed_image(
    tmp_path: Path, repository: Path, machine: str, term: str, size: tuple[int, int], remote: bool
) -> None:
    """Recorded machines of every kind; one of them fetches its packages over HTTP, with a static address."""
    arguments = ["--machine", str(MACHINES / f"{machine}.json"), "--target", "sda=disk.img", "--size", "16G"]
    arguments += ["--media", str(repository)]
    files = {f"/{path.relative_to(repository)}": path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    with answering(serving_files(files)) as url, on_terminal(arguments, tmp_path, term, size) as shown:
        _until_source(shown)
        if remote:
            _address(shown, f"http://{url}/", static=True)
        else:
            shown.press("f12")
        _until_confirm(shown)
        shown.wait_for("Ready to install")
        shown.press("page down")
        shown.wait_for("static 10.1.2.3/24 via 10.1.2.1" if remote else "by DHCP")
        shown.press("f12", "enter")
        shown.wait_for("The host is installed", 90)
        shown.press("f12", "enter")
        assert shown.finish() == 0 and PASSWORD.encode() not in shown.sent
    kept = read_file(tmp_path / "disk.img", partitions(tmp_path / "disk.img")[0], "/root/installer-answerfile.xml")
    assert ("10.1.2.3" in kept) is remote and (url in kept) is remote


def _install(shown: Terminal) -> None:
    _until_source(shown)
    shown.press("f12")
    _until_confirm(shown)
    shown.wait_for("Ready to install")


@pytest.mark.root
def test_host_is_installed_onto_an_image(tmp_path: Path, repository: Path) -> None:
    arguments = ["--target", "disk.img", "--size", "16G", "--media", str(repository)]
    with on_terminal(arguments, tmp_path, "vt220") as shown:
        _install(shown)
        assert not (tmp_path / "disk.img").exists()
        shown.press("f12")
        assert "F12 does not press Install" in shown.text
        shown.press("enter")
        shown.wait_for("The host is installed", 90)
        shown.press("f12", "enter")
        assert shown.finish() == 0
        assert PASSWORD.encode() not in shown.sent and not any(query in shown.sent for query in QUERIES)
    table = subprocess.run(["sfdisk", "--dump", tmp_path / "disk.img"], capture_output=True, text=True, check=True)
    assert len(re.findall(r"disk.img\d", table.stdout)) == 3
    log = (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert PASSWORD not in log and "PlanFinished(ok=True" in log
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    _kept_answers_repeat_it(tmp_path)


def _kept_answers_repeat_it(tmp_path: Path) -> None:
    """The host has an answerfile that only root may read, with the password hashed, and it is sound (spec R32)."""
    image = tmp_path / "disk.img"
    kept = read_file(image, partitions(image)[0], "/root/installer-answerfile.xml")
    assert PASSWORD not in kept and "$6$" in kept and "<timezone>Europe/London</timezone>" in kept
    (tmp_path / "kept.xml").write_text(kept, encoding="utf-8")
    assert installer("check", "kept.xml", cwd=tmp_path).code == 0
    again = installer(
        "--dry-run",
        "--answerfile",
        "kept.xml",
        "--media",
        "repository",
        "--target",
        "disk.img",
        "install",
        cwd=tmp_path,
    )
    assert again.code == 0, again.text


@pytest.mark.root
def test_failed_step_is_retried_from_the_screen(tmp_path: Path, repository: Path) -> None:
    """A package that is damaged after the plan was made: mended in the meantime, the same step goes on."""
    package = repository / "packages.main" / "kernel.tar.bz2"
    good = package.read_bytes()
    arguments = ["--target", "disk.img", "--size", "16G", "--media", str(repository)]
    with on_terminal(arguments, tmp_path) as shown:
        _install(shown)
        package.write_bytes(bytes(len(good)))
        shown.press("f12", "enter")
        shown.wait_for("Not installed", 60)
        assert "kernel" in shown.text and "not bootable yet" in shown.text.replace("\n", " ")
        package.write_bytes(good)
        shown.press("enter")
        shown.wait_for("The host is installed", 90)
        shown.press("enter")
        assert shown.finish() == 0


def _mode(shown: Terminal) -> list[object]:
    return list(termios.tcgetattr(shown.fd))[:4]


@pytest.mark.parametrize("way", ["leave", "SIGTERM", "SIGHUP"])
def test_terminal_is_given_back_as_it_was(tmp_path: Path, repository: Path, way: str) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path) as shown:
        before = _mode(shown)
        shown.wait_for("Which keyboard")
        assert _mode(shown) != before
        if way == "leave":
            shown.press("esc")
            shown.answer("Leave the installer?", "right", "enter")
        else:
            os.kill(shown.pid, getattr(signal, way))
        while shown.read(2):
            pass
        assert _mode(shown) == before
        assert shown.sent.count(b"\x1b[?1049h") == shown.sent.count(b"\x1b[?1049l") == 1
        assert b"\x1b[?25h" in shown.sent[shown.sent.rindex(b"\x1b[?1049l") :]
        assert shown.finish() == 3
        assert b"Traceback" not in shown.sent


@pytest.mark.parametrize("term", ["xterm", "vt220", "linux"])
def test_terminal_is_given_back_after_a_fault_in_the_loop(tmp_path: Path, repository: Path, term: str) -> None:
    """The fault is thrown into the unchanged program by a signal, while its loop waits for keys."""
    (tmp_path / "sitecustomize.py").write_text(FAULT_BY_SIGNAL, encoding="ascii")
    machine = str(MACHINES / "twins.json")
    arguments = ["--dry-run", "--machine", machine, "--media", str(repository), "--log-dir", "logs"]
    with on_terminal(arguments, tmp_path, term, more={"PYTHONPATH": str(tmp_path)}) as shown:
        before = _mode(shown)
        shown.wait_for("Which keyboard")
        shown.press("f12")
        shown.wait_for("What shall be done")
        assert _mode(shown) != before
        painted = len(shown.sent)
        os.kill(shown.pid, signal.SIGUSR1)
        while shown.read(2):
            pass
        assert _mode(shown) == before
        end = shown.sent[painted:]
        assert end.count(b"\x1b[?1049l") == shown.sent.count(b"\x1b[?1049h") == (1 if term == "xterm" else 0)
        assert end.count(b"\x1b[?2004l") == shown.sent.count(b"\x1b[?2004h") == (1 if term == "xterm" else 0)
        assert not shown.screen.cursor.hidden
        assert shown.finish() == 1
        told = end[end.rindex(b"\x1b[?25h") :].decode()
        assert "installer itself" in told and "Traceback" not in told and told.endswith("\n")
    log = (tmp_path / "logs" / "install.log").read_text(encoding="utf-8")
    assert "RuntimeError: marked fault" in log and "Traceback" in log


@pytest.mark.parametrize("term", ["tmux-256color", "screen", "ansi"])
def test_second_screen_is_reached_on_other_terminals_too(tmp_path: Path, repository: Path, term: str) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path, term) as shown:
        shown.wait_for("Which keyboard")
        shown.press("down", "f12")
        shown.wait_for("What shall be done")
        lines = shown.text.splitlines()
        assert lines[0].endswith("Welcome") and "F3" in lines[23] and "Which keyboard" not in shown.text
        assert (b"\x1b[?1049h" in shown.sent) is (term != "ansi")
        assert ("──" in lines[1]) is (term != "ansi") and ("--" in lines[1]) is (term == "ansi")
        assert not any(query in shown.sent for query in QUERIES)
        assert not shown.screen.cursor.hidden


def test_serial_line_without_a_size_gets_one(tmp_path: Path, repository: Path) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path, "vt220", (0, 0)) as shown:
        shown.wait_for("Which keyboard")
        assert max(len(line) for line in shown.text.splitlines()) <= 80
        assert tuple(os.get_terminal_size(shown.fd)) == (80, 24)


def test_terminal_resized_while_it_runs_is_painted_anew(tmp_path: Path, repository: Path) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path, "linux") as shown:
        shown.wait_for("Which keyboard")
        shown.resize(10, 5)
        shown.wait_for("is too\nsmall")
        shown.resize(100, 30)
        shown.wait_for("Which keyboard")
        assert shown.text.splitlines()[0].endswith("Keymap") and "F3 log" in shown.text.splitlines()[29]


def test_dumb_terminal_is_refused(tmp_path: Path) -> None:
    with on_terminal(["--dry-run"], tmp_path, "dumb") as shown:
        assert shown.finish() == 2 and b"TERM=dumb" in shown.sent


def test_shell_is_opened_and_left_again(tmp_path: Path, repository: Path) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path, "vt220") as shown:
        shown.wait_for("Which keyboard")
        shown.press("f2")
        deadline = time.monotonic() + 30
        while not shown.text.rstrip().endswith(("#", "$")):  # the shell's prompt
            assert time.monotonic() < deadline, shown.text
            shown.read(0.5)
        shown.press("echo in-$((40+2)); exit\r")
        deadline = time.monotonic() + 10
        while b"in-42" not in shown.sent and time.monotonic() < deadline:
            shown.read(0.5)
        assert b"in-42" in shown.sent
        shown.wait_for("Which keyboard")
        assert "Keymap" in shown.text.splitlines()[0]


def test_idle_costs_nothing_and_ctrl_c_and_ctrl_s_are_harmless(tmp_path: Path, repository: Path) -> None:
    arguments = ["--dry-run", "--machine", str(MACHINES / "twins.json"), "--media", str(repository)]
    with on_terminal(arguments, tmp_path, "vt220") as shown:
        shown.wait_for("Which keyboard")
        shown.press("ctrl c", "\x13")
        assert "Ctrl-C does nothing here" in shown.text
        before = len(shown.sent)
        time.sleep(1.5)
        shown.read(0.2)
        assert len(shown.sent) == before
        shown.press("f12")
        shown.wait_for("What shall be done")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "need a --target"),
        (["--dry-run"], "need a terminal"),
        (["install"], "belong together"),
    ],
)
def test_screens_that_cannot_be_shown_say_why(tmp_path: Path, arguments: list[str], words: str) -> None:
    outcome = installer(*arguments, cwd=tmp_path)
    assert outcome.code == 2 and words in outcome.err, outcome.text


def test_ask_missing_shows_only_what_is_missing(tmp_path: Path, repository: Path) -> None:
    text = answerfile(str(repository), root_password="")
    (tmp_path / "answers.xml").write_text(text, encoding="utf-8")
    machine = str(MACHINES / "twins.json")
    arguments = ["--dry-run", "--machine", machine, "--answerfile", "answers.xml", "--ask-missing", "install"]
    with on_terminal(arguments, tmp_path) as shown:
        shown.answer("Choose the password", PASSWORD, "enter", PASSWORD, "f12")
        shown.wait_for("nothing will be changed")
        shown.press("f12", "enter")
        assert shown.finish() == 0
