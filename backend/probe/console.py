"""The serial console: whether the machine is used over a serial line, which one and how fast."""

from __future__ import annotations

import re

from backend.probe.sysfs import read_attribute
from installer.model.host import SerialConsole

ACTIVE = "/sys/class/tty/console/active"  # Documentation/ABI/testing/sysfs-tty: all consoles, /dev/console last
CMDLINE = "/proc/cmdline"
KERNEL_SPEED = 9600  # of console=ttySn without options (Documentation/admin-guide/serial-console.rst)


def parse_console(active: str, cmdline: str) -> SerialConsole | None:
    """Return the last serial console of the active ones, with the speed given on the kernel command line.

    Under Xen hvc0 is Xen's own console, com1 by our boot entries; what else Xen was told cannot be seen from dom0.
    """
    for name in reversed(active.split()):
        if name == "hvc0":
            return SerialConsole(0)
        if match := re.fullmatch(r"ttyS([0-9]{1,2})", name):
            given = re.findall(rf"(?:^|\s)console={name}(?:,([1-9][0-9]{{1,6}})\S*)?(?=\s|$)", cmdline)
            return SerialConsole(int(match[1]), int(given[-1]) if given and given[-1] else KERNEL_SPEED)
    return None


def read_console() -> SerialConsole | None:
    """Return the serial console of this machine, None when there is only the screen."""
    return parse_console(read_attribute(ACTIVE), read_attribute(CMDLINE))
