"""Whether the packages are as they were made: read and compared, or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model.ports import Cancel, FaultyPackage, PackageProgress
from installer.model.units import human_size
from screens.screen import Outcome, Refused, Report, Say, Screen, State, Work
from screens.source import wanted
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

VERIFY, SKIP = "verify", "skip"


def sentence(faults: Sequence[FaultyPackage]) -> str:
    """Return one sentence that names the faulty packages."""
    named = [f"{fault.package.name} ({fault.what})" for fault in faults]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{len(named)} package{'s are' if len(named) > 1 else ' is'} faulty: {listed}"


class VerifyScreen(Screen):
    """Every package is checked again while it is installed, also when this is skipped."""

    name = "verify"
    title = "Check the packages"
    help = """\
Every package is read once and its MD5 sum compared with what the repository says. This finds a damaged disc or a \
broken copy before anything on a disk was changed. Over a slow network it takes as long as the installation itself.

When you skip it, the packages are still checked while they are installed, but a fault found then leaves the machine \
without a system that boots."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return state.trial is not None

    @classmethod
    def summary(cls, state: State) -> str:
        return {VERIFY: "verified", SKIP: "skipped"}.get(state.choice("verify.done"), "")

    def body(self) -> Sequence[Element]:
        size = sum(repository.size_bytes for repository in wanted(self.state))
        options = [
            Option(VERIFY, f"Check them now ({human_size(size)} are read)"),
            Option(SKIP, "Skip", "they are still checked while they are installed, when it is too late to go back"),
        ]
        self._choice = Choice("what", options, self.state.choice("verify.done", VERIFY))
        return [Paragraph("Shall the packages be checked before the installation?"), Paragraph(""), self._choice]

    def accept(self) -> Outcome:
        repositories = wanted(self.state)
        state = self.state.choose(verify_done=self._choice.value)
        if self._choice.value == SKIP or not repositories:
            return state

        def run(cancel: Cancel, report: Report) -> tuple[FaultyPackage, ...]:
            def on_progress(progress: PackageProgress) -> None:
                share = progress.all_done_bytes / max(progress.all_total_bytes, 1)
                report(f"{progress.package}, {progress.number} of {progress.count}", share)

            return self.machine.verify(repositories, on_progress, cancel)

        def then(faults: tuple[FaultyPackage, ...]) -> Outcome:
            if faults:
                raise Refused(sentence(faults), "what", "go back and choose another source, or copy these again")
            return replace(state)

        return Work("Checking the packages", run, then, "what", failed=lambda why: Say(why, error=True))
