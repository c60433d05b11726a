"""Drivers that this program has not got: loaded from a disc, a stick or an address, and installed with the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from installer.model import rules
from installer.model.host import Host
from installer.model.ports import Cancel
from installer.model.source import Location, LocationKind
from screens.disks import with_only_disk
from screens.screen import BACK, OK, Outcome, Report, Say, Screen, State, Told, Work
from screens.source import LOCAL, WEB
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

TASK, DRIVERS, INSTALL = "welcome.task", "drivers", "install"
EJECT = "Eject"


def wants_drivers(state: State) -> bool:
    """Say whether a driver disk is to be loaded before all else."""
    return state.choice(TASK) == DRIVERS


class DriverDiskScreen(Screen):
    """Reached from the beginning, and from the screen that says what the machine lacks."""

    name = "driver-disk"
    title = "Driver disk"
    label_width = 9
    buttons = (BACK, EJECT, OK)
    help = """\
A driver disk is a repository with drivers and firmware for hardware that this program does not know. Its firmware is \
put in place and its drivers are loaded, if they are made for this kernel; then disks and network interfaces are \
looked at again. All that is on it is also installed on the host, which then starts from disks that need these drivers.

It is copied into memory and can be taken out afterwards. Eject opens the drive when the installation disc is in it; \
put that in again before its packages are looked for.

Over the network every network interface that works already is configured by DHCP, unless the network is up."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return wants_drivers(state)

    def body(self) -> Sequence[Element]:
        options = [
            Option(LOCAL, "A disc or stick", "with XS-REPOSITORY and XS-PACKAGES at its root, or in packages.site"),
            Option(WEB, "HTTP, HTTPS, FTP, NFS or a directory", "for which the address is given below"),
        ]
        self._choice = Choice("kind", options, self.state.choice("driver-disk.kind", LOCAL))
        loaded = ", ".join(location.shown() for location in self.state.draft.driver_sources)
        return [
            Paragraph("Where are the drivers?"),
            Paragraph(""),
            self._choice,
            Paragraph(""),
            self.field("url", "Address"),
            *([Paragraph(""), Paragraph(f"Given so far: {loaded}", "dim")] if loaded else []),
        ]

    def press(self, label: str) -> Outcome:
        if label != EJECT:
            return super().press(label)
        return Work("Opening the drive", lambda cancel, report: self.machine.eject_medium(), Say)

    def accept(self) -> Outcome:
        location = Location(LocationKind.LOCAL)
        if self._choice.value == WEB:
            location = self.read("url", rules.location, missing="type the address of the drivers")

        def run(cancel: Cancel, report: Report) -> tuple[str, Host]:
            told = self.machine.load_drivers(location, cancel)
            report("Looking at the machine again")
            return told, self.machine.probe()

        def then(found: tuple[str, Host]) -> Outcome:
            told, host = found
            return Told(self._loaded(location, host), told)

        return Work(
            f"Loading drivers from {location.shown()}",
            run,
            then,
            "kind" if location.kind is LocationKind.LOCAL else "url",
        )

    def _loaded(self, location: Location, host: Host) -> State:
        given = tuple(dict.fromkeys((*self.state.draft.driver_sources, location)))
        state = self.state.with_typed(self.typed()).with_draft(driver_sources=given)
        state = state.choose(welcome_task=INSTALL).open_again("hardware", "primary-disk")
        typed = {name: text for name, text in state.typed.items() if not name.startswith("welcome#")}
        return with_only_disk(replace(state, host=host, typed=MappingProxyType(typed)))
