"""The screens in the boot image, on a serial line: from the keymap to the host's login, by keys alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.disk_image import fingerprint
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory, disc_of
from tests.screens.on_pty import Terminal

pytestmark = [pytest.mark.vm, pytest.mark.rare]
PASSWORD = "marked-secret-wizard"
SCREEN_S = 240.0
INSTALL = "Ready to install"


def roads(source: str) -> Mapping[str, tuple[str, ...]]:
    """What is pressed where these words stand; a screen that does not apply is not shown, and not waited for."""
    return {
        "Which keyboard": ("german", "f12"),
        "What shall be done": ("f12",),
        "needs a machine of its own": ("f12",),
        "LICENCE AGREEMENT": ("f12", "enter"),
        "Worth knowing before you go on": ("f12",),
        "Recommended are": ("f12",),
        "Where are the packages": ("down", " ", "f12"),
        "get its address": ("f12",),
        "At which address": (source, "f12"),
        "Debian 12 reference dom0": ("f12",),
        "checked before the installation": ("f12",),
        "Choose the password": (PASSWORD, "enter", PASSWORD, "f12"),
        "part of the world": ("eu", "f12"),
        "Which city": ("lon", "f12"),
        "clock be set": ("f12",),
        "time servers shall": ("f12",),
        "Nameservers": ("f12",),
    }


def go(shown: Terminal, road: Mapping[str, tuple[str, ...]], end: str) -> list[str]:
    """Answer every screen once, in whatever order they come, until the end; returns those that were seen."""
    seen: list[str] = []
    deadline = time.monotonic() + SCREEN_S
    while end not in shown.text:
        here = next((words for words in road if words in shown.text and words not in seen), None)
        if here:
            shown.press(*road[here])
            seen.append(here)
            deadline = time.monotonic() + SCREEN_S
        assert time.monotonic() < deadline and not shown.ended, f"nothing known is shown; seen {seen}:\n{shown.text}"
        shown.read(1)
    return seen


def test_screens_over_serial_end_in_a_host_that_boots(lab: Laboratory) -> None:
    repository = lab.image.parent / "repository"
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    disk = lab.disk()
    machine = lab.boot_image(lab.hardware(disk))
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for("Which keyboard", SHELL_S)
    seen = go(shown, roads(f"{lab.base}repository"), INSTALL)
    assert "At which address" in seen and "Choose the password" in seen
    assert "vda" in shown.text and PASSWORD not in shown.text
    shown.press("f12")
    assert "F12 does not press Install" in shown.text
    shown.press("enter")
    shown.wait_for("The host is installed", INSTALL_S)
    shown.press("f12", "enter")
    machine.wait_for_end(SHELL_S)
    assert PASSWORD.encode() not in shown.sent
    host = lab.start(lab.hardware(disk, memory_mib=1536))
    host.log_in(PASSWORD)
    assert host.run("readlink -f /etc/localtime") == "/usr/share/zoneinfo/Europe/London"
    assert 'proto="dhcp"' in host.run("cat /root/installer-answerfile.xml")
    assert host.run("stat -c %a /root/installer-answerfile.xml") == "400"
    assert "10.0.2.15" in host.until("ip -4 -br addr show xenbr0", r"10\.0\.2\.15")


def test_dry_run_on_screens_changes_no_disk(lab: Laboratory) -> None:
    """From a shell of the image, with packages of a disc; one disk is blank, the other has a boot record."""
    disc = disc_of(lab, small_repository(lab.directory / "tree"), "packages.main")
    disks = (lab.disk("blank"), lab.disk("other", data=b"\xeb\x63\x90" + bytes(507) + b"\x55\xaa"))
    before = [fingerprint(disk) for disk in disks]
    drive = ("-drive", f"file={disc},format=raw,if=ide,index=2,media=cdrom,readonly=on")
    machine = lab.boot_image(replace(lab.hardware(*disks), extra=drive), "shell")
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    machine.child.sendline("installer --dry-run")
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for("Which keyboard", SHELL_S)
    road = {
        **roads(""),
        "The control domain goes onto": ("f12",),
        "Where shall virtual machines": ("f12",),
        "Where are the packages": ("f12",),
        "xs:main": ("f12",),
    }
    go(shown, road, "nothing will be changed")
    shown.press("f12", "enter")
    shown.wait_for("Nothing was changed.", SHELL_S)
    machine.close()
    assert [fingerprint(disk) for disk in disks] == before
