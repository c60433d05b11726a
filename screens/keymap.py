"""The keymap of the console, which takes effect at once."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model import rules
from installer.model.answers import DEFAULT_KEYMAP
from installer.model.ports import Keymap
from screens.screen import Outcome, Refused, Screen, State, Told, Work
from screens.widgets.cells import Element, Paragraph
from screens.widgets.listing import Item, Listing


class KeymapScreen(Screen):
    """Which keys the host's keyboard has."""

    name = "keymap"
    title = "Keymap"
    of_restores = None
    help = """\
Choose the layout of the keyboard that is connected to this machine. It is used from the next screen on, and by the \
installed host.

Type the first letters of a country or language to jump to it; more letters narrow the search. Backspace takes the \
last one back.

Over a serial line, or from a terminal on another computer, the keymap changes nothing for you now."""

    @classmethod
    def summary(cls, state: State) -> str:
        return state.draft.keymap or ""

    def body(self) -> Sequence[Element]:
        self._keymaps: tuple[Keymap, ...] = self.machine.keymaps()
        items = [Item(keymap.name, (keymap.title, keymap.name)) for keymap in self._keymaps]
        self._list = Listing(items, self.state.draft.keymap or DEFAULT_KEYMAP, say=self.say)
        return [Paragraph("Which keyboard does this machine have?"), Paragraph(""), self._list]

    def accept(self) -> Outcome:
        name = self._list.value
        if not name:
            raise Refused("there is no keymap to choose from on this machine")
        keymap = rules.keymap(name)
        state = self.state.with_draft(keymap=keymap)
        if keymap == self.state.draft.keymap:
            return state
        return Work(f"Loading the keymap {keymap}", lambda cancel, report: self.machine.load_keymap(keymap),
                    lambda told: Told(state, told), failed=lambda why: Told(state, why))  # fmt: skip
