"""Consent to taking apart what chosen disks form together with disks that were not chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from installer.model.check_storage import Shared, shared_groups
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph
from screens.widgets.choice import Choice, Option
from screens.widgets.viewer import Viewer


def _shared(state: State) -> tuple[Shared, ...]:
    names = state.draft.disks.all if state.draft.disks else ()
    return shared_groups(state.host, [disk for name in names if (disk := state.host.disk(name))])


class SharedStorageScreen(Screen):
    """Shown when a volume group, array or pool reaches from a chosen disk to another one."""

    name = "shared-storage"
    title = "Storage over several disks"
    asks_for_disks = True
    begins_at = "erase"
    help = """\
A volume group, array or pool can lie on several disks at once. When only some of them are chosen, what lies on it is \
destroyed, although the other disks are not written: they keep a part that is of no use alone.

To keep it, go back and choose other disks. To be rid of all of it, go back and choose its other disks as well."""

    @classmethod
    def applies(cls, state: State) -> bool:
        return bool(_shared(state))

    @classmethod
    def summary(cls, state: State) -> str:
        return "is destroyed" if state.draft.disks and state.draft.disks.erase_shared else ""

    def body(self) -> Sequence[Element]:
        disks = self.state.draft.disks
        chosen = {"erase"} if disks and disks.erase_shared else set()
        self._consent = Choice("erase", [Option("erase", "Yes, destroy it")], chosen)
        lines = [("note", f"• {shared.text}") for shared in _shared(self.state)]
        return [
            Paragraph("The chosen disks are part of something larger:"),
            Paragraph(""),
            Viewer(lines),
            self._consent,
        ]

    def accept(self) -> Outcome:
        disks = self.state.draft.disks
        if disks is None or not self._consent.values:
            raise Refused("mark that it may be destroyed (Space), or go back and choose other disks", "erase")
        return self.state.with_draft(disks=replace(disks, erase_shared=True))
