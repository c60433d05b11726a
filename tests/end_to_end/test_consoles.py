"""The consoles of the boot image: terminals of the screen, serial ports, several at once."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, SHELL, SHELL_PROMPT, SHELL_S, Laboratory, in_shell
from tests.end_to_end.screen import Screen, accepted, listener
from tests.screens.on_pty import Terminal

pytestmark = pytest.mark.vm
KEYMAP = "Which keyboard"
HUNG_UP_S = 8.0  # within that a session whose program has ended is over, if nothing keeps it


def test_screen_has_installer_shell_and_log_on_three_terminals(lab: Laboratory) -> None:
    """A word that is wrong is to be read before the screens hide it. The pictures are kept for people to look at."""
    screen = Screen(lab.directory / "monitor")
    lab.boot_image(replace(lab.hardware(lab.disk()), extra=screen.options), "output=ttyS9", console="")
    screen.wait_for(r"output=ttyS9: this machine has no such console", "Press Enter to install", timeout_s=SHELL_S)
    screen.press("ret")
    screen.wait_for(KEYMAP, timeout_s=SHELL_S)
    pictures = [screen.picture(lab.kept / "terminal-1.ppm")]
    screen.press("alt-f2")
    screen.wait_for(r"installer:/#", timeout_s=SHELL_S)
    screen.type("cd /install/tmp; ls; cp init.log install.log; cd /\n")
    screen.wait_for(r"(?m)^init\.log", timeout_s=SHELL_S)
    pictures.append(screen.picture(lab.kept / "terminal-2.ppm"))
    screen.press("alt-f3")
    screen.wait_for(r"devices are ready(.|\n)*devices are ready", timeout_s=SHELL_S)
    pictures.append(screen.picture(lab.kept / "terminal-3.ppm"))
    screen.press("alt-f1")
    screen.wait_for(KEYMAP, timeout_s=SHELL_S)
    assert len(set(pictures)) == 3


@pytest.mark.rare
def test_screen_and_serial_line_share_the_installer(lab: Laboratory) -> None:
    """Nobody has it until Enter is pressed; what was chosen on one console is still chosen on the other."""
    screen = Screen(lab.directory / "monitor")
    hardware = replace(lab.hardware(lab.disk()), extra=screen.options)
    machine = lab.boot_image(hardware, console="quiet console=tty0 console=ttyS0,115200")
    line = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    line.wait_for("Press Enter to install from here (ttyS0)", SHELL_S)
    screen.wait_for(r"Press Enter to install from here \(tty1\)", timeout_s=SHELL_S)
    screen.press("ret")
    screen.wait_for(KEYMAP, "Tab", timeout_s=SHELL_S)
    line.wait_for("The installer is used on tty1. Press Enter to go on from here.", SHELL_S)
    screen.press("esc")
    screen.wait_for("Leave the installer", timeout_s=SHELL_S)
    line.press("enter")
    line.wait_for("Leave the installer", SHELL_S)
    screen.wait_for("The installer is used on ttyS0. Press Enter to go on from here", timeout_s=SHELL_S)
    line.press("esc")
    line.wait_for(KEYMAP, SHELL_S)
    screen.press("ret")
    screen.wait_for(KEYMAP, timeout_s=SHELL_S)


@pytest.mark.rare
def test_second_serial_port_at_its_own_speed(lab: Laboratory) -> None:
    """The installer runs there, the first port stays silent, and the host's serial entry is for the same line."""
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    disk, path = lab.disk(), lab.directory / "second"
    waiting = listener(path)
    hardware = replace(lab.hardware(disk), extra=("-serial", f"unix:{path}"))
    words = f"answerfile={lab.serve('answers.xml', text)} install atexit=shell"
    machine = lab.boot_image(hardware, words, console="quiet output=ttyS1,57600")
    with accepted(waiting) as connection:
        line = Terminal(machine.child.pid or 0, connection.fileno(), (80, 24))
        line.wait_for("There is a shell on ttyS1", INSTALL_S)
        line.wait_for("installer:/#", SHELL_S)
        line.press("echo $(tty) $(stty speed)\r")
        line.wait_for("/dev/ttyS1 57600", SHELL_S)
    machine.close()
    assert "shell" not in machine.transcript.read_text(encoding="utf-8")
    menu = read_file(disk, partitions(disk)[0], "/boot/grub/grub.cfg")
    assert "serial --unit=1 --speed=57600" in menu and "set default=serial" in menu
    assert "com2=57600,8n1 console=com2,vga" in menu


@pytest.mark.rare
def test_console_that_does_not_exist_is_told_everywhere_and_the_screen_is_used(lab: Laboratory) -> None:
    """The kernel then has none at all, and starts init without standard input and output."""
    screen = Screen(lab.directory / "monitor")
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), extra=screen.options), console="quiet console=ttyS9")
    machine.wait_for("console=ttyS9: this machine has no such console", SHELL_S)
    machine.wait_for(r"Press Enter to install from here \(ttyS0\)", SHELL_S)
    screen.wait_for("console=ttyS9: this machine has no such console", "Press Enter to install", timeout_s=SHELL_S)
    screen.press("ret")
    screen.wait_for(KEYMAP, timeout_s=SHELL_S)
    machine.wait_for("The installer is used on tty1", SHELL_S)
    screen.press("f12")
    screen.wait_for("What shall be done", timeout_s=SHELL_S)


@pytest.mark.rare
def test_unattended_run_without_any_console_of_the_words_comes_to_its_end(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    words = f"answerfile={lab.serve('answers.xml', text)} install"
    machine = lab.boot_image(lab.hardware(lab.disk()), words, console="quiet console=ttyS9")
    said = machine.wait_for_end(INSTALL_S)
    assert "console=ttyS9: this machine has no such console" in said and "the machine restarts" in said


@pytest.mark.rare
def test_screen_that_scroll_lock_holds_stops_no_unattended_installation(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    text = answerfile(f"{lab.base}repository", primary_disk="<primary-disk>vda</primary-disk>")
    screen = Screen(lab.directory / "monitor")
    hardware = replace(lab.hardware(lab.disk()), extra=screen.options)
    machine = lab.boot_image(hardware, f"answerfile={lab.serve('answers.xml', text)} install atexit=shell")
    machine.wait_for("Installing; Ctrl-C on ttyS0", SHELL_S)
    screen.press("scroll_lock")
    machine.wait_for(r"Installed in \d+ s", INSTALL_S)
    machine.wait_for(SHELL, SHELL_S)
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "Installed in" not in screen.text()
    screen.press("scroll_lock")
    in_shell(machine, "echo it takes text again >/dev/tty1")
    screen.wait_for("it takes text again", timeout_s=SHELL_S)


@pytest.mark.rare
def test_last_lines_of_an_installation_come_over_a_line_that_is_slow(lab: Laboratory) -> None:
    """Nobody reads the line until the installer has ended: QEMU's port then sends nothing, and the kernel keeps it."""
    path = lab.directory / "second"
    waiting = listener(path)
    hardware = replace(lab.hardware(lab.disk()), extra=("-serial", f"unix:{path}"))
    words = "answerfile=http://10.0.2.2:9/answers.xml install"
    machine = lab.boot_image(hardware, words, console="quiet console=ttyS0,115200 output=ttyS1,115200")
    with accepted(waiting) as connection:
        machine.wait_for("Nothing was changed", SHELL_S)
        time.sleep(HUNG_UP_S)
        line = Terminal(machine.child.pid or 0, connection.fileno(), (80, 24))
        line.wait_for("There is a shell on ttyS1", SHELL_S)
        assert b"Installing; Ctrl-C on ttyS1" in line.sent and b"Nothing was changed" in line.sent
