"""A root password that the answers leave open is asked for on the console of the host, once."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Installed
from tests.end_to_end.disk_image import partitions, read_file, write_file
from tests.end_to_end.virtual_machine import LOGIN, Hardware, VirtualMachine

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.rare]
CHOSEN = "marked-secret-chosen"


def _with_open_password(installed: Installed, directory: Path) -> Path:
    """Copy the installed disk and leave root's password as chpasswd does that is given `!!`."""
    image = directory / "open-password.img"
    subprocess.run(["cp", "--sparse=always", str(installed.image), str(image)], check=True)
    root = partitions(image)[0]
    shadow = re.sub(r"^root:[^:]*:", "root:!!:", read_file(image, root, "/etc/shadow"), flags=re.MULTILINE)
    write_file(image, root, "/etc/shadow", shadow)
    return image


def test_root_password_is_asked_before_the_first_login(installed: Installed, vm_directory: Path) -> None:
    image = _with_open_password(installed, vm_directory)
    with VirtualMachine(Hardware(((image, "raw"),)), vm_directory / "open-password.log") as host:
        before = host.wait_for(r"New password: ")
        assert "This host has no root password yet." in before and not re.search(LOGIN, before)
        for text, answer in (("one thing", r"[Rr]etype new password: "), ("another", r"New password: ")):
            host.child.sendline(text)
            host.wait_for(answer)
        host.child.sendline(CHOSEN)
        host.wait_for(r"[Rr]etype new password: ")
        host.child.sendline(CHOSEN)
        host.log_in(CHOSEN)
        assert host.run("systemctl --failed --no-legend") == ""
        assert host.until("systemctl is-active ssh getty@tty1 | xargs", "active active")
        host.child.sendline("reboot")
        assert "password" not in host.wait_for(LOGIN)
    image.unlink()
