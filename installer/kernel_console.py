"""The words of the kernel's command line about consoles: `console=`, which is also the kernel's, and `output=`."""

from __future__ import annotations

import re
from collections.abc import Collection

from installer.kernel_reading import Reading, shown
from installer.model.host import SerialConsole
from installer.model.wording import nearest

FIRST_SCREEN = "tty1"
XEN_CONSOLE = "hvc0"
KERNEL_SPEED = 9600  # of console=ttySn without a speed (Documentation/admin-guide/serial-console.rst)
# names the kernel takes for console= that are not the names of terminals (admin-guide/kernel-parameters.txt)
NO_TERMINAL = re.compile(r"|null|ttynull|(uart|netcon|earlycon|brl|pstore).*")
_CONSOLE = re.compile(r"(?:/dev/)?([A-Za-z][A-Za-z0-9]{0,31})(?:,([1-9][0-9]{1,6})[noe]?[5-8]?r?)?")


def read_console(reading: Reading, value: str) -> None:
    """Take note of a `console=`; one that this machine does not have is a warning."""
    if NO_TERMINAL.fullmatch(value.partition(",")[0]):
        return
    match = _CONSOLE.fullmatch(value)
    name = match[1] if match else value
    if match and name in {*reading.consoles, "tty0"}:
        reading.kernel_consoles.pop(name, None)  # the last one given is /dev/console
        reading.kernel_consoles[name] = int(match[2]) if match[2] else None
    else:
        reading.warning(f"console={shown(value)}: this machine has no such console", _meant(reading, name))


def _meant(reading: Reading, value: str) -> str:
    name = value.partition(",")[0]
    if match := re.fullmatch(r"com([1-9])", name):
        return f"com{match[1]} is what Xen calls ttyS{int(match[1]) - 1}"
    near = nearest(name, sorted(reading.consoles))
    serial = sorted(console for console in reading.consoles if re.fullmatch(r"ttyS[0-9]+|hvc[0-9]+", console))
    return f"did you mean {near}?" if near else f"it has {', '.join((FIRST_SCREEN, *serial))}"


def find_output(reading: Reading) -> tuple[str, SerialConsole | None, int | None]:
    """Return the terminal of the installer, its serial line, and the speed that init must set on it."""
    text = reading.given.get("output")
    match = _CONSOLE.fullmatch(text) if text is not None else None
    if match and (wanted := _terminal(match[1], reading.consoles)):
        return _described(reading, match[1], wanted, int(match[2]) if match[2] else None)
    default = next((name for name in reversed(reading.kernel_consoles) if name in reading.consoles), FIRST_SCREEN)
    terminal = _terminal(default, reading.consoles) or default
    if text is not None:
        hint = f"{_meant(reading, match[1] if match else text)}; the installer runs on {terminal}"
        reading.warning(f"output={shown(text)}: this machine has no such console", hint)
    return _described(reading, default, terminal, None)


def _terminal(name: str, consoles: Collection[str]) -> str:
    """Return the terminal of that name, empty when there is none.

    A serial port that Xen keeps for itself has no chip in dom0: what is written to hvc0 comes out there. Xen knows two
    ports, com1 and com2 (docs/misc/xen-command-line).
    """
    if name == "tty0":
        return FIRST_SCREEN
    if name in consoles:
        return name
    return XEN_CONSOLE if re.fullmatch(r"ttyS[01]", name) and XEN_CONSOLE in consoles else ""


def _described(
    reading: Reading, name: str, terminal: str, speed: int | None
) -> tuple[str, SerialConsole | None, int | None]:
    port = re.fullmatch(r"ttyS([0-9]{1,2})", name)
    if not port:
        return terminal, SerialConsole(0) if terminal == XEN_CONSOLE else None, None
    number = int(port[1])
    if terminal == XEN_CONSOLE:  # Xen has set its speed
        return terminal, SerialConsole(number, speed) if speed else SerialConsole(number), None
    if name in reading.kernel_consoles:
        known = reading.kernel_consoles[name] or KERNEL_SPEED
        return terminal, SerialConsole(number, speed or known), speed if speed != known else None
    line = SerialConsole(number, speed) if speed else SerialConsole(number)
    return terminal, line, line.speed
