"""The serial console, by the kernel's list of consoles and its command line."""

from __future__ import annotations

import pytest

from backend.probe.console import parse_console, read_console
from installer.model.host import SerialConsole


@pytest.mark.parametrize(
    ("active", "cmdline", "expected"),
    [
        ("tty0", "quiet", None),
        ("", "", None),
        ("tty0 ttyS0", "console=tty0 console=ttyS0,115200n8 quiet", SerialConsole(0, 115200)),
        ("ttyS0 tty0", "console=ttyS0,38400 console=tty0", SerialConsole(0, 38400)),
        ("ttyS1", "console=ttyS0,57600 console=ttyS1", SerialConsole(1, 9600)),
        ("ttyS1", "console=ttyS10,57600 xconsole=ttyS1,300", SerialConsole(1, 9600)),
        ("ttyS0", "console=ttyS0,9600 console=ttyS0,19200n8r", SerialConsole(0, 19200)),
        ("ttyS0", "console=ttyS0,0", SerialConsole(0, 9600)),
        ("ttyS0", "", SerialConsole(0, 9600)),
        ("tty0 hvc0", "console=hvc0", SerialConsole(0, 115200)),
    ],
)
def test_finds_port_and_speed(active: str, cmdline: str, expected: SerialConsole | None) -> None:
    assert parse_console(active, cmdline) == expected


def test_this_machine_has_one_or_none() -> None:
    console = read_console()
    assert console is None or console.speed >= 10
