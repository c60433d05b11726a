"""The installation while it runs: one bar for all of it, the phases, rate and time left."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.progress import PhaseState, PhaseView, View, human_time_left
from installer.model.units import human_size
from screens.screen import Outcome, Say, Screen
from screens.widgets.bar import Bar
from screens.widgets.cells import Element, Paragraph, joined

WARNING = "Nothing can be cancelled safely from here on; after a failure you can retry."


class ProgressScreen(Screen):
    """Only looked at: F3 shows the log, F2 opens a shell."""

    name = "progress"
    title = "Installing"
    buttons = ()
    help = """\
The bar shows the whole installation. Most of the time goes into unpacking the packages; the time left is reckoned \
from the speed so far.

It cannot be broken off safely: the disks are being written. When a step fails, you are asked what to do, with \
everything still in place."""

    def body(self) -> Sequence[Element]:
        self._bar = Bar()
        self._now = Paragraph("", indent=3)
        self._phases = Paragraph("", indent=3)
        note = Paragraph(WARNING, "dim")
        return [Paragraph(""), self._bar, Paragraph(""), self._now, Paragraph(""), self._phases, Paragraph(""), note]

    def show(self, view: View) -> None:
        """Show how things stand."""
        self._bar.fraction = view.fraction
        self._now.text = now_line(view)
        self._phases.text = "\n".join(phase_lines(view.phases))
        for element in (self._bar, self._now, self._phases):
            element.changed()

    def accept(self) -> Outcome:
        return Say("the installation is running; there is nothing to press")


def now_line(view: View) -> str:
    """Return what is being done, how far it is, how fast and how long it will take."""
    counted = ""
    if view.total_bytes:
        counted = f"{human_size(view.done_bytes)} of {human_size(view.total_bytes)}"
    rate = f"{human_size(int(view.rate_bytes_s))}/s" if view.rate_bytes_s else ""
    left = f"{human_time_left(view.left_s)} left" if view.left_s is not None else ""
    return joined((view.title, counted, rate, left), "   ")


def phase_lines(phases: Sequence[PhaseView]) -> list[str]:
    """Return a line for each phase begun, and one for all that come."""
    lines = []
    for phase in phases:
        if phase.state is PhaseState.NEXT:
            continue
        steps = f"{phase.step} of {phase.steps}" if phase.state is PhaseState.NOW and phase.steps > 1 else ""
        took = f"{phase.duration_s:.0f} s" if phase.state is PhaseState.DONE else ""
        lines.append(f"{phase.state:<6} {phase.title:<22} {steps or took}".rstrip())
    coming = [phase.title for phase in phases if phase.state is PhaseState.NEXT]
    return [*lines, f"next   {', '.join(coming)}"] if coming else lines
