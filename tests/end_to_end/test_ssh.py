"""The way into the boot image by ssh, with the OpenSSH client of this machine."""

from __future__ import annotations

import re
import socket
from dataclasses import replace

import pytest

from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory
from tests.end_to_end.screen import Screen
from tests.end_to_end.ssh import free_port, logged_in

pytestmark = [pytest.mark.vm, pytest.mark.rare]
PASSWORD = "marked-secret-by-ssh"
SECRET = "marked-secret-of-the-address"
KEYMAP = "Which keyboard"
NOTICE = r"ssh root@10\.0\.2\.15\s+password: ([^\r\n]+)\s+host key: (SHA256:[\w+/]{43})"
PROCESSES = ("/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ")


def test_password_of_the_words_lets_root_in_after_a_failure_and_is_nowhere_else(lab: Laboratory) -> None:
    port = free_port()
    words = f"sshpassword={PASSWORD} answerfile=http://10.0.2.2:9/answers.xml install"
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), ssh_port=port), words)
    assert PASSWORD not in machine.wait_for("There is a shell on ttyS0", INSTALL_S)
    said = machine.wait_for(NOTICE, SHELL_S)
    assert PASSWORD not in said and "that of the kernel's words" in said
    with logged_in(port, PASSWORD) as session:
        assert f"{session.fingerprint}" in said
        assert "eth0" in session.run("ip link")
        assert "root is let in by ssh" in session.run("cat /install/tmp/init.log")
        assert session.finding(PASSWORD, "/proc/cmdline") == ["/proc/cmdline"]
        assert session.finding(PASSWORD, "/install/tmp", "/run", "/tmp", "/etc", "/root", *PROCESSES) == []
        assert "Password auth succeeded for 'root'" in session.run("cat /install/tmp/ssh.log")
        assert "Linux version" in session.run("head -n 3 /install/tmp/kernel.log")
    with pytest.raises(AssertionError, match="Permission denied"), logged_in(port, f"{PASSWORD}x"):
        pass


def test_password_made_at_the_start_is_on_the_console_and_the_screens_are_used_by_ssh(lab: Laboratory) -> None:
    """Nobody has pressed a key on the console: the screens begin in the session, and go back and forth."""
    port = free_port()
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), ssh_port=port), "sshd")
    machine.wait_for(r"Press Enter to install from here \(ttyS0\)", SHELL_S)
    found = re.search(NOTICE, machine.wait_for(NOTICE, SHELL_S))
    assert found and re.fullmatch(r"[a-z2-9]{12}", found[1])
    with logged_in(port, found[1]) as session:
        assert session.fingerprint == found[2]
        assert session.finding(found[1], "/install/tmp", *PROCESSES) == []
        assert session.finding(found[1], "/run/installer") != []
        session.child.sendline("installer")
        session.wait_for(KEYMAP)
        assert found[1] in machine.wait_for(rf"The installer is used on pts/\d+\.(.|\n)*{found[1]}", SHELL_S)
        machine.child.send("\r")
        machine.wait_for(KEYMAP, SHELL_S)
        session.wait_for(r"The installer is used on ttyS0\. Press Enter to go on from here")
        session.child.send("\r")
        session.wait_for(KEYMAP)
        machine.wait_for(r"The installer is used on pts/\d+", SHELL_S)
        session.child.send("\x1d")
        session.wait_for(r"installer:~# ")
        machine.wait_for(KEYMAP, SHELL_S)


def test_credentials_of_the_answerfiles_address_are_in_no_list_of_processes(lab: Laboratory) -> None:
    """Looked for while the installer waits for its answers, from a server that gives none; then Ctrl-C ends it."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://admin:{SECRET}@10.0.2.2:{server.getsockname()[1]}/answers.xml"
        words = f"shell sshpassword={PASSWORD} answerfile={address} install"
        screen = Screen(lab.directory / "monitor")
        hardware = replace(lab.hardware(lab.disk()), ssh_port=port, extra=screen.options)
        machine = lab.boot_image(hardware, words, console="quiet console=ttyS0,115200 output=tty1")
        screen.wait_for(SHELL_PROMPT.strip(), timeout_s=SHELL_S)
        with logged_in(port, PASSWORD) as session:
            screen.type("exit\n")
            server.settimeout(SHELL_S)
            asking, _ = server.accept()
            assert "/usr/bin/installer" in session.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
            assert session.finding(SECRET, *PROCESSES, "/install/tmp", "/tmp", "/etc", "/root") == []
            assert session.finding(SECRET, "/run") == ["/run/installer/arguments"]
            assert "400 root" in session.run("stat -c '%a %U' /run/installer/arguments")
        screen.press("ctrl-c")
        machine.wait_for("The installation was broken off", SHELL_S)
        asking.close()


def test_misspelt_word_begins_nothing_but_root_is_let_in(lab: Laboratory) -> None:
    port = free_port()
    machine = lab.boot_image(replace(lab.hardware(lab.disk()), ssh_port=port), "sshd instal")
    said = machine.wait_for("There is a shell on ttyS0", SHELL_S)
    assert "did you mean `install`?" in said and "Nothing was changed" in said
    found = re.search(NOTICE, machine.wait_for(NOTICE, SHELL_S))
    assert found
    with logged_in(port, found[1]) as session:
        assert "status 0" in session.run("test -e /install/image")
