"""The boot menu's text."""

from __future__ import annotations

import re

import pytest

from backend.grub import BootFiles, menu
from installer.model.host import SerialConsole

BOOT = BootFiles("xen.gz", "vmlinuz-6.1.0-1", "initrd.img-6.1.0-1")


def _entry(text: str, identity: str) -> str:
    match = re.search(rf"--id {identity} {{\n(.*?)\n}}", text, re.DOTALL)
    return match[1] if match else ""


def test_product_serial_and_safe_entries_have_their_memory_and_root() -> None:
    text = menu(BOOT, "root-kqzjwmxa", 454, None)
    for identity in ("xenserver", "serial", "safe"):
        assert "dom0_mem=454M,max:454M" in _entry(text, identity)
        assert "root=LABEL=root-kqzjwmxa ro" in _entry(text, identity)


@pytest.mark.parametrize(("port", "com"), [(0, "com1"), (1, "com2")])
def test_serial_entry_uses_the_line_of_the_installation(port: int, com: str) -> None:
    text = menu(BOOT, "root-kqzjwmxa", 200, SerialConsole(port, 57600))
    assert "set default=serial" in text
    assert f"serial --unit={port} --speed=57600" in text
    assert f"{com}=57600,8n1 console={com},vga" in _entry(text, "serial")


def test_without_a_serial_console_the_product_entry_is_the_default() -> None:
    text = menu(BOOT, "root-kqzjwmxa", 200, None)
    assert "set default=xenserver" in text
    assert "terminal_output serial" not in text
