"""The warning that a Xen host has its machine for itself."""

from __future__ import annotations

from collections.abc import Sequence

from screens.screen import Outcome, Screen
from screens.widgets.cells import Element, Paragraph


class OverwriteScreen(Screen):
    """Said once, before anything is asked."""

    name = "overwrite"
    title = "A machine of its own"
    help = """\
The host's control domain and its storage take whole disks. Other operating systems on these disks are erased, and \
none can be started beside the host: there is no dual boot.

Disks that you do not choose later on are left as they are."""

    def body(self) -> Sequence[Element]:
        return [
            Paragraph("A Xen host needs a machine of its own.", "strong"),
            Paragraph(""),
            Paragraph("• Everything on the disks that you are going to choose will be destroyed."),
            Paragraph("• No other operating system can be kept or started beside it (no dual boot)."),
            Paragraph("• Disks that you do not choose are not touched."),
            Paragraph(""),
            Paragraph("Nothing is written before you press Install on the last screen, which names every disk again."),
        ]

    def accept(self) -> Outcome:
        return self.state
