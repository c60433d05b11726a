"""How each screen is reached: on which recorded machine, and with packages from where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from installer.model.progress import PhaseState, PhaseView, View
from screens.order import RUN_SCREENS, SCREENS
from screens.progress import ProgressScreen
from tests.screens.recorded_machine import RecordedMachine, host
from tests.screens.stage import Session, session

MACHINE_OF = {
    "backup": "host_of_4_0",
    "existing": "host_of_4_0",
    "keeping": "host_of_4_0",
    "hardware": "weak",
    "shared-storage": "zfs_pool_and_stick",
}
FAILED = ("failure", "other-source")
TITLES = {
    "set-time": "Local time", "completion": "Installed", "progress": "Installing", "additional": "Additional media",
    "failure": "Not installed", "other-source": "Not installed",
}  # fmt: skip
REMOTE = ("nic", "network", "ipv6", "address")
IPV6 = ("ipv6", "management-ipv6")
VIEW = View(
    fraction=0.54, title="install dom0fs (163 MB)", item="dom0fs", done_bytes=88_000_000, total_bytes=163_000_000,
    rate_bytes_s=21e6, left_s=41.0, elapsed_s=31.0,
    phases=(
        PhaseView("last checks", PhaseState.DONE, 3, 3, 0.4), PhaseView("disks", PhaseState.DONE, 9, 9, 2.1),
        PhaseView("packages", PhaseState.NOW, 2, 5, 12.0), PhaseView("files", PhaseState.NEXT, 0, 20),
        PhaseView("boot loader", PhaseState.NEXT, 0, 3),
    ),
)  # fmt: skip
ROAD = [screen.name for screen in SCREENS]
ALL = [*ROAD, *(screen.name for screen in RUN_SCREENS)]


@contextmanager
def at(name: str, size: tuple[int, int] = (80, 24), term: str = "xterm") -> Iterator[Session]:
    """Return a session that shows the screen of that name."""
    machine = RecordedMachine(host(MACHINE_OF.get(name, "many")), fail_steps=1 if name in FAILED else 0)
    with session(machine, size, term) as found:
        found.remote = name in REMOTE
        found.ipv6 = name in IPV6
        found.drivers = name == "driver-disk"
        found.additional = name == "additional"
        found.restores = name == "backup"
        if name in ROAD:
            found.go_to(name)
        else:
            _install(found, machine, name)
        try:
            yield found
        finally:
            if machine.held:
                machine.held.set()


def _install(found: Session, machine: RecordedMachine, name: str) -> None:
    if name == "set-time":
        found.go_to("ntp")
        found.press("down", "space", "f12")
    if name == "progress":
        machine.held = Event()
    found.go_to("confirm")
    found.answer()
    found.wait_for(TITLES[name])
    if name == "other-source":
        found.press("right", "enter")
    if name == "progress":
        show_progress(found, VIEW)


def show_progress(found: Session, view: View) -> None:
    """Have the progress screen show this."""
    screen = found.app._screen
    assert isinstance(screen, ProgressScreen)
    screen.show(view)
    found.app.say("")
    found.paint()
