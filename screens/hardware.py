"""What is wrong with the machine, or only just enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model.errors import ExitCode
from installer.model.hardware import POWER_CYCLE, look_at
from installer.model.host import Host
from screens.disks import with_only_disk
from screens.driver_disk import DriverDiskScreen
from screens.screen import BACK, OK, Leave, Outcome, Reopen, Screen, State, Stay, Work
from screens.widgets.cells import Element
from screens.widgets.viewer import Attributed, Viewer

AGAIN = "Look again"
LOAD = "Load drivers"
LEAVE = "Leave"


class HardwareScreen(Screen):
    """Shown when there is something to say; without a disk or NIC it goes no further."""

    name = "hardware"
    title = "This machine"
    begins_at_buttons = True
    help = f"""\
Windows virtual machines need Intel VT or AMD-V. {POWER_CYCLE}

Disks are offered when they hold 16 GB and nothing uses them. A disk or network interface that is missing altogether \
may need a driver: Load drivers takes them from a driver disk. After connecting something, choose Look again."""

    @classmethod
    def applies(cls, state: State) -> bool:
        hardware = look_at(state.host)
        return bool(hardware.stops or hardware.warnings or hardware.note)

    def body(self) -> Sequence[Element]:
        hardware = look_at(self.state.host)
        self._stopped = bool(hardware.stops)
        found: list[str | Attributed] = []
        if hardware.stops:
            found += [("strong", "This machine cannot become a host as it is:"), ""]
            found += [("note", f"• {problem.message}") for problem in hardware.stops]
        if hardware.warnings:
            found += [("strong", "Worth knowing before you go on:"), ""]
            found += [("note", f"• {problem.message}") for problem in hardware.warnings]
        if hardware.note:
            found += ["", hardware.note]
        self.buttons = (BACK, LEAVE, LOAD, AGAIN) if self._stopped else (BACK, AGAIN, OK)
        self.default = AGAIN if self._stopped else OK
        return [Viewer(found)]

    def accept(self) -> Outcome:
        return self._again() if self._stopped else self.state

    def press(self, label: str) -> Outcome:
        if label == AGAIN:
            return self._again()
        if label == LOAD:
            return Reopen(DriverDiskScreen.name)
        if label == LEAVE:
            return Leave(
                ExitCode.BAD_ANSWERS, text=tuple(problem.message for problem in look_at(self.state.host).stops)
            )
        return super().press(label)

    def _again(self) -> Outcome:
        def then(host: Host) -> Outcome:
            state = with_only_disk(replace(self.state, host=host, preview=None))
            return Stay(state) if self.applies(state) else state

        return Work("Looking at the machine again", lambda cancel, report: self.machine.probe(), then)
