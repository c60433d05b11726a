"""Additional media after the installation: another disc is asked for, looked at, and added (spec R18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from installer.model.ports import Cancel, Further, PackageProgress
from installer.model.problem import errors
from installer.model.units import human_size
from screens.screen import Outcome, Refused, Report, Say, Screen, Work
from screens.verify import sentence
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

FINISH, LOOK, OTHER, ADD = "Finish", "Look at it", "Another one", "Add"
VERIFY = "verify"


class AdditionalScreen(Screen):
    """Without `further` it asks for a medium, with it it shows what that holds. `told` is what became of the last."""

    name = "additional"
    title = "Additional media"
    begins_at_buttons = True
    help = """\
The host is installed and would start as it is. Packages from further discs or sticks, such as the Linux pack, can be \
added to it now: put one in and choose Look at it. You are shown what it holds before anything is added.

Hosts of one pool should all have the same packages. Finish ends the installation; it can be chosen at any time."""
    further: Further | None = None
    told = ""
    show_again: Callable[[Further | None, str], None] = staticmethod(lambda further, told: None)
    add: Callable[[Further], None] = staticmethod(lambda further: None)
    finish: Callable[[], None] = staticmethod(lambda: None)

    def body(self) -> Sequence[Element]:
        if self.further is None:
            return self._asking()
        return self._found(self.further)

    def _asking(self) -> Sequence[Element]:
        self.buttons, self.default, self.f12 = (FINISH, LOOK), LOOK, ""
        lines: list[Element] = [Paragraph(self.told, "strong"), Paragraph("")] if self.told else []
        return [
            *lines,
            Paragraph("Put the next disc or stick in, and look at it."),
            Paragraph(""),
            Paragraph("The host is installed: without further media it starts as it is.", "dim"),
        ]

    def _found(self, further: Further) -> Sequence[Element]:
        self.buttons, self.default = (FINISH, OTHER), OTHER
        lines: list[Element] = [Paragraph("On this medium:"), Paragraph("")]
        for repository in further.repositories:
            count = len(repository.packages)
            lines.append(Paragraph(f"  {repository.name}", "strong"))
            facts = f"{count} package{'s' if count != 1 else ''}, {human_size(repository.size_bytes)}"
            lines.append(Paragraph(f"    {repository.product} {repository.version}, {repository.id}: {facts}"))
        lines += [Paragraph(f"  {known.name}: installed already", "dim") for known in further.installed]
        lines += [Paragraph(f"! {problem.message}", "note") for problem in further.problems]
        self._check = Choice("check", [Option(VERIFY, "Check the packages before they are added")], {VERIFY})
        if further.repositories and not errors(further.problems):
            self.buttons, self.default, self.f12 = (FINISH, OTHER, ADD), ADD, ADD
            lines += [Paragraph(""), self._check]
        return lines

    def opened(self) -> Work[object] | None:
        """Open the tray when another medium is asked for."""
        if self.further is not None:
            return None
        return Work("Opening the drive", lambda cancel, report: self.machine.eject_medium(), self._ejected)

    def _ejected(self, told: object) -> Outcome:
        return Say(str(told))

    def accept(self) -> Outcome:
        if self.further is None:
            return self._look()
        return self._add(self.further) if ADD in self.buttons else self.press(OTHER)

    def press(self, label: str) -> Outcome:
        if label == FINISH:
            self.finish()
            return Say("")
        if label == OTHER:
            self.show_again(None, "")
            return Say("")
        return self.accept()

    def _look(self) -> Outcome:
        def then(further: Further) -> Outcome:
            self.show_again(further, "")
            return Say("")

        def run(cancel: Cancel, report: Report) -> Further:
            return self.machine.look_at_medium(cancel)

        return Work("Looking for packages on the medium", run, then)

    def _add(self, further: Further) -> Outcome:
        if not self._check.values:
            self.add(further)
            return Say("")

        def run(cancel: Cancel, report: Report) -> object:
            def on_progress(progress: PackageProgress) -> None:
                share = progress.all_done_bytes / max(progress.all_total_bytes, 1)
                report(f"{progress.package}, {progress.number} of {progress.count}", share)

            return self.machine.verify(further.repositories, on_progress, cancel)

        def then(faults: object) -> Outcome:
            if faults and isinstance(faults, tuple):
                raise Refused(sentence(faults), "check", "nothing was added; clean the disc, or take another one")
            self.add(further)
            return Say("")

        return Work("Checking the packages", run, then, "check")
