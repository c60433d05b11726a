"""Several discs by screens in the boot image: the base from one drive, then the Linux pack from another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.backend.small_repository import small_repository, tarball, write_repository
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, SHELL_S, Laboratory, disc_of
from tests.end_to_end.test_screens_in_image import INSTALL, go, roads
from tests.screens.on_pty import Terminal

pytestmark = [pytest.mark.vm, pytest.mark.rare]


def test_next_disc_is_looked_at_checked_and_added(lab: Laboratory) -> None:
    """The drive of the base is opened, so that the pack in the other one is the medium then."""
    tree, disk = small_repository(lab.directory / "tree"), lab.disk()
    guest = tarball({"opt/guest/vmlinuz": b"a guest's kernel"})
    pack = write_repository(tree / "packages.linux", {"linux-guest": guest})
    (pack / "XS-REPOSITORY").write_text("xs:linux\nLinux Pack\nXenServer\n4.0.1-1\n", encoding="ascii")
    drives: list[str] = []
    for index, name in enumerate(("packages.main", "packages.linux"), 2):
        place = f"file={disc_of(lab, tree, name)},format=raw,if=ide,index={index},media=cdrom,readonly=on"
        drives += ["-drive", place]
    machine = lab.boot_image(replace(lab.hardware(disk), extra=tuple(drives)))
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for("Which keyboard", SHELL_S)
    road = {**roads(""), "Where are the packages": ("tab", " ", "f12"), "xs:main": ("f12",)}
    go(shown, road, INSTALL)
    shown.press("f12", "enter")
    shown.wait_for("Put the next disc or stick in", INSTALL_S)
    shown.wait_for("the tray is open", SHELL_S)
    shown.press("enter")
    shown.wait_for("Linux Pack", SHELL_S)
    assert "Check the packages before they are added" in shown.text
    shown.press("enter")
    shown.wait_for("Added: Linux Pack.", INSTALL_S)
    shown.press("enter")
    shown.wait_for("installed already", SHELL_S)
    assert "< Add >" not in shown.text
    shown.press("left", "left", "left", "enter")
    shown.wait_for("The host is installed", SHELL_S)
    shown.press("f12", "enter")
    machine.wait_for_end(SHELL_S)
    root = partitions(disk)[0]
    assert read_file(disk, root, "/opt/guest/vmlinuz") == "a guest's kernel"
    assert "menuentry" in read_file(disk, root, "/boot/grub/grub.cfg")
    assert read_file(disk, root, "/installation-unfinished") == ""
