"""What this program does, and how it is used."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model.wishes import Mode
from screens.backup import backups
from screens.disks import with_only_disk
from screens.driver_disk import DRIVERS, INSTALL, TASK
from screens.screen import Outcome, Screen
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option

RESTORE = "restore"
KEYS = (
    ("Tab, Alt+Tab", "go to the next, to the previous element"),
    ("arrows", "move in a list; letters jump in it"),
    ("Space, Enter", "choose, press"),
    ("F12 or Ctrl-N", "take the screen as it is and go on"),
    ("Esc or Ctrl-P", "go back; what was typed is kept, but no password"),
    ("F1, Ctrl-Y or ?", "help for the screen"),
    ("F2 or Ctrl-Z", "a shell;  F3 or Ctrl-O  the log"),
    ("F4 or Ctrl-T", "colours and line characters on and off;  Ctrl-L  paint anew"),
)


class WelcomeScreen(Screen):
    """The beginning."""

    name = "welcome"
    title = "Welcome"
    of_restores = None
    help = """\
This program turns a machine into a Xen host: it asks what it has to know, shows everything it is going to do, and \
changes nothing before you have pressed Install on the last screen.

A driver disk is for a machine whose disks or network interfaces this program does not know; it can also be loaded \
when the machine was looked at.

Every screen has a help text like this one, and can be left by Esc without losing what was typed.

Keys that a terminal does not send have a second spelling: Ctrl-N for F12, Ctrl-P for Esc, Ctrl-Y or ? for F1, Ctrl-Z \
for F2, Ctrl-O for F3, Ctrl-T for F4, Ctrl-G for F5. Alt with a digit works too, as in Alt+1 for F1."""

    def body(self) -> Sequence[Element]:
        options = [
            Option(INSTALL, "Install a Xen host on this machine"),
            Option(DRIVERS, "Load a driver disk first"),
        ]
        found = backups(self.state.host)
        if found:
            listed = "; ".join(f"{disk.name}: {backup.title}" for disk, backup in found)
            possible = any(not backup.refused for _, backup in found)
            why = "" if possible else f" ({found[0][1].refused})"
            options.append(Option(RESTORE, "Restore a control domain from its backup", f"{listed}{why}", possible))
        self._choice = Choice("task", options, RESTORE if self.state.restores else self.state.choice(TASK, INSTALL))
        where = "This is a dry run: everything is asked and shown, nothing is changed." if self.machine.dry_run else ""
        keys = [Paragraph(f"  {key:<17}{meaning}", spare=True) for key, meaning in KEYS]
        return [
            Paragraph("Welcome. What shall be done?", "strong"),
            Paragraph(""),
            self._choice,
            Paragraph(""),
            *([Paragraph(where, "note"), Paragraph("")] if where else []),
            *keys,
        ]

    def accept(self) -> Outcome:
        state = self.state.choose(welcome_task=self._choice.value)
        restore = self._choice.value == RESTORE
        if restore == state.restores:
            return state
        mode = Mode.RESTORE if restore else Mode.FRESH
        return with_only_disk(state.with_draft(mode=mode, existing=None)).open_again("existing", "backup")
