"""The end: a host that is installed, or a step that failed and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from installer.model import rules
from installer.model.errors import ExitCode, InstallerError
from installer.model.events import StepFailed
from installer.model.existing import NO_ISCSI_NAME
from installer.model.wording import sentence
from screens.existing import kept_host
from screens.screen import BACK, Leave, Outcome, Say, Screen, Work
from screens.widgets.cells import Element, Paragraph
from screens.widgets.viewer import Attributed, Viewer

RETRY, OTHER, SHELL, SAVE, REBOOT, LEAVE = "Retry", "Other source", "Shell", "Save logs", "Reboot", "Leave"
GIVE_UP = "Give up"
LOG_LINES = 6
LOGS_TO = "/tmp"  # where the archive is made; the shell takes it from there


class FailureScreen(Screen):
    """While `retry` is given the failed step's resources are still held, and it can be tried again.

    With `go_on` only what failed is given up, and the session goes on elsewhere.
    """

    name = "failure"
    title = "Not installed"
    f12 = REBOOT
    default = RETRY
    begins_at_buttons = True
    help = """\
The step named above failed; what stands on the disks now is said below it. Mend the cause (a cable, a server, a full \
disk) and choose Retry: the step is run again with everything still in place, and your answers are kept.

Other source reads the packages that are still missing from another address, if the very same ones lie there. Shell \
gives a command line to look around; leave it with exit. Save logs writes an archive of the logs, without \
passwords, to /tmp."""
    failure = StepFailed(0, "", "", "", (), "", "")
    retry: Callable[[], None] | None = None
    go_on: Callable[[], None] | None = None
    give_up: Callable[[], None] = staticmethod(lambda: None)
    shell: Callable[[], None] = staticmethod(lambda: None)
    other_source: Callable[[], None] = staticmethod(lambda: None)

    def body(self) -> Sequence[Element]:
        leave = GIVE_UP if self.go_on else REBOOT if self.machine.in_image else LEAVE
        self.f12 = leave
        self.buttons = (RETRY, OTHER, SHELL, SAVE, leave) if self.retry else (SHELL, SAVE, leave)
        self.default = self.buttons[0]
        failure = self.failure
        lines: list[str | Attributed] = [("strong", f"{failure.title}: this failed.") if failure.title else ""]
        lines += [("note", f"  {failure.reason}")]
        if failure.command:
            lines.append(f"  command: {failure.command}")
        lines += [f"  | {line}" for line in failure.output]
        lines += ["", f"  {failure.state}", "  Your answers are kept."]
        if failure.hint:
            lines += ["", f"  Worth a look: {failure.hint}"]
        lines += ["", ("strong", "last lines of the log")]
        lines += [("dim", f"  {line}") for line in self.machine.log_lines(LOG_LINES)]
        return [Viewer(lines, hang=2)]

    def accept(self) -> Outcome:
        return self.press(self.default)

    def press(self, label: str) -> Outcome:
        if label == RETRY and self.retry:
            self.retry()
            return Say("")
        if label == OTHER:
            self.other_source()
            return Say("")
        if label == SHELL:
            self.shell()
            return Say("")
        if label == SAVE:
            return Work(
                "Saving the logs",
                lambda cancel, report: self.machine.save_logs(LOGS_TO),
                lambda path: Say(f"the logs are in {path}"),
            )
        if label == GIVE_UP and self.go_on:
            self.go_on()
            return Say("")
        end = Leave(ExitCode.FAILED, reboot=label == REBOOT, text=(self.failure.reason, self.failure.state))
        return Work("Giving back what the installation holds", lambda cancel, report: self.give_up(), lambda none: end)


class OtherSourceScreen(Screen):
    """Where the packages not installed yet are read from instead; the failed step is then tried again."""

    name = "other-source"
    title = "Another source"
    label_width = 9
    help = """\
Give the address of another copy of the same packages: their sizes and MD5 sums must be those of the plan. What is \
installed already stays; the failed step is tried again with the new address."""
    retry: Callable[[], None] = staticmethod(lambda: None)
    back: Callable[[], None] = staticmethod(lambda: None)

    def body(self) -> Sequence[Element]:
        return [
            Paragraph("Where are the same packages too?"),
            Paragraph(""),
            self.field("url", "Address"),
            Paragraph(""),
            Paragraph("for example  http://10.1.2.4/xenserver/", "dim"),
        ]

    def accept(self) -> Outcome:
        location = self.read("url", rules.location, missing="type the address of the packages")

        def then(told: str) -> Outcome:
            self.retry()
            return Say(told)

        title = f"Comparing the packages at {location.shown()}"
        return Work(title, lambda cancel, report: self.machine.use_source_instead(location, cancel), then, "url")

    def press(self, label: str) -> Outcome:
        if label == BACK:
            self.back()
            return Say("")
        return super().press(label)


def failure_of(error: InstallerError) -> StepFailed:
    """Return an error that no step was the cause of as one that can be shown."""
    return StepFailed(0, "", f"{error.where}: {error.what}" if error.where else error.what, "", (), "", error.hint)


class CompletionScreen(Screen):
    """F12 only leads to the button."""

    name = "completion"
    title = "Installed"
    help = """\
The host is installed. In the installation image Reboot restarts the machine: take the disc out of the drive, or the \
machine may start the installer again.

The log is also on the host, in /var/log/installer."""

    def body(self) -> Sequence[Element]:
        last = REBOOT if self.machine.in_image else LEAVE
        self.buttons, self.default, self.f12 = (last,), last, last
        if self.state.restores:
            self.title = "Restored"
            return self._restored()
        draft = self.state.draft
        name = (draft.naming.hostname if draft.naming else None) or "the host"
        kept = kept_host(self.state)
        password = "you have chosen" if draft.root_password or not kept else "the old host had"
        lines = [
            Paragraph(""),
            Paragraph("The host is installed.", "strong"),
            Paragraph(""),
            Paragraph(f"After it has started, {name} shows its address on its console, at the login prompt."),
            Paragraph(f"Log in as root with the password {password}."),
        ]
        if kept and not kept.iqn:
            lines += [Paragraph(""), Paragraph(sentence(NO_ISCSI_NAME), "note")]
        return [*lines, *self._last_words()]

    def _restored(self) -> Sequence[Element]:
        return [
            Paragraph(""),
            Paragraph("The control domain is as it was when the backup was made.", "strong"),
            Paragraph(""),
            Paragraph("Log in as root with the password it had then. The backup is still there."),
            *self._last_words(),
        ]

    def _last_words(self) -> Sequence[Element]:
        lines: list[Element] = []
        if self.machine.in_image:
            lines += [Paragraph(""), Paragraph("Take the installation disc out before the machine restarts.", "note")]
        if self.machine.log_path:
            lines += [Paragraph(""), Paragraph(f"Log: {self.machine.log_path}", "dim")]
        return lines

    def accept(self) -> Outcome:
        text = "Restored." if self.state.restores else "Installed."
        return Leave(ExitCode.DONE, reboot=self.machine.in_image, text=(text,))

    def press(self, label: str) -> Outcome:
        return self.accept()
