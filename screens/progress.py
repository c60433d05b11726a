"""The installation while it runs: one bar for all of it, the phases, rate and time left, each always in its place."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.progress import PhaseState, PhaseView, View, human_time_left
from installer.model.units import human_size
from screens.screen import Outcome, Say, Screen
from screens.widgets.bar import Bar
from screens.widgets.cells import BoxElement, Drawing, Element, FlowElement, Paragraph

WARNING = "Nothing can be cancelled safely from here on; after a failure you can retry."
INDENT = "   "
ATTRIBUTES = {PhaseState.NOW: "strong", PhaseState.NEXT: "dim"}


class _Row(FlowElement):
    """One row, cut at its end: what it says changes, but nothing below it moves, which would be painted anew."""

    _selectable = False

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        return Drawing([[("plain", INDENT + self.text)]])


class _Phases(BoxElement):
    """A row for each phase from the first moment on; where not all have room, those around the one that runs."""

    _selectable = False

    def __init__(self) -> None:
        super().__init__()
        self.phases: tuple[PhaseView, ...] = ()

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        room = rows or len(self.phases)
        begun = sum(phase.state is not PhaseState.NEXT for phase in self.phases)
        top = max(0, min(begun + 1, len(self.phases)) - room)
        shown = self.phases[top : top + room]
        return Drawing(
            [[("plain", INDENT), (ATTRIBUTES.get(phase.state, "plain"), phase_line(phase))] for phase in shown]
        )


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
        if self.state.restores:
            self.title = "Restoring"
        self._bar = Bar()
        self._now, self._figures, self._phases = _Row(), _Row(), _Phases()
        rows = (Paragraph(""), self._bar, Paragraph(""), self._now, self._figures, Paragraph(""))
        return [*rows, self._phases, Paragraph(WARNING, "dim")]

    def show(self, view: View) -> None:
        """Show how things stand."""
        self._bar.fraction = view.fraction
        self._now.text, self._figures.text, self._phases.phases = view.title, figures_of(view), view.phases
        for element in (self._bar, self._now, self._figures, self._phases):
            element.changed()

    def accept(self) -> Outcome:
        return Say("the installation is running; there is nothing to press")


def figures_of(view: View) -> str:
    """Return how far the step is, how fast and how long all will take, each at its column."""
    counted = ""
    if view.total_bytes:
        counted = f"{human_size(view.done_bytes)} of {human_size(view.total_bytes)}"
    rate = f"{human_size(int(view.rate_bytes_s))}/s" if view.rate_bytes_s else ""
    left = f"{human_time_left(view.left_s)} left" if view.left_s is not None else ""
    return f"{counted:<22}{rate:<14}{left}".rstrip()


def phase_line(phase: PhaseView) -> str:
    """Return what is or was with a phase."""
    steps = f"{phase.step} of {phase.steps}" if phase.state is PhaseState.NOW and phase.steps > 1 else ""
    took = f"{phase.duration_s:.0f} s" if phase.state is PhaseState.DONE else ""
    return f"{phase.state:<6} {phase.title:<22} {steps or took}".rstrip()
