"""How each screen is reached: on which recorded machine, and with packages from where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from screens import RUN_SCREENS, SCREENS
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session

MACHINE_OF = {"hardware": "weak", "shared-storage": "zfs_pool_and_stick"}
FAILED = ("failure", "other-source")
REMOTE = ("nic", "network", "address")
ROAD = [screen.name for screen in SCREENS]
ALL = [*ROAD, *(screen.name for screen in RUN_SCREENS)]


@contextmanager
def at(name: str, size: tuple[int, int] = (80, 24), term: str = "xterm") -> Iterator[Session]:
    """Return a session that shows the screen of that name."""
    machine = RecordedMachine(host(MACHINE_OF.get(name, "many")), fail_steps=1 if name in FAILED else 0)
    with session(machine, size, term) as found:
        found.remote = name in REMOTE
        found.additional = name == "additional"
        if name in ROAD:
            found.go_to(name)
        else:
            _install(found, machine, name)
        yield found


def _install(found: Session, machine: RecordedMachine, name: str) -> None:
    if name == "set-time":
        found.go_to("ntp")
        found.press("down", "space", "f12")
    if name == "progress":
        machine.pace_s = 0.2
    found.go_to("confirm")
    found.answer()
    titles = {
        "set-time": "Local time", "completion": "Installed", "progress": "Installing", "additional": "Additional media",
    }  # fmt: skip
    found.wait_for(titles.get(name, "Not installed"))
    if name == "other-source":
        found.press("right", "enter")
    if name == "progress":
        found.wait_for("33 %")
