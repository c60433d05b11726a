"""A field of one line: scrolls sideways, takes any text, hides passwords."""

from __future__ import annotations

from collections.abc import Callable

from installer.model.secret import Secret
from screens.keys import is_text
from screens.widgets.cells import Drawing, FlowElement, cut, fill, width

LIMIT = 1024  # characters; no answer needs as many
JOINED = "several lines were pasted: they stand on one line now"
REPLACED = "what was pasted holds control characters; they show as a question mark"
TOO_LONG = f"a field holds {LIMIT} characters; the rest was left out"
UNPRINTABLE = "\ufffd"


class Field(FlowElement):
    """A label and a text to edit. `name` is what errors refer to; `enabled` says whether it can be entered."""

    def __init__(
        self,
        name: str,
        label: str,
        text: str = "",
        *,
        label_width: int = 20,
        secret: bool = False,
        enabled: Callable[[], bool] = lambda: True,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__()
        self.name = name
        self.secret = secret
        self._label = label
        self._label_width = label_width
        self._text = text[:LIMIT]
        self._position = len(self._text)
        self._offset = 0
        self._enabled = enabled
        self.say = say

    @property
    def text(self) -> str:
        """What was typed; of a password only `password` tells it."""
        return "" if self.secret else self._text

    @property
    def password(self) -> Secret:
        """What was typed, never to be shown."""
        return Secret(self._text)

    def selectable(self) -> bool:
        """A field that has no meaning now is passed over."""
        return self._enabled()

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw `Label  [text      ]`."""
        space = max(4, columns - self._label_width - 5)
        shown = "*" * len(self._text) if self.secret else self._text.replace("\n", " ")
        self._offset = max(min(self._offset, self._position), self._position - space + 1)
        while width(shown[self._offset : self._position]) > space - 1:
            self._offset += 1
        part = shown[self._offset :]
        visible = part if width(part) <= space else cut(part, space)
        enabled = self._enabled()
        marker = "►" if focus else " "
        line = [
            ("plain", f" {marker}"),
            ("strong" if focus else "plain" if enabled else "dim", fill(self._label, self._label_width)),
            ("plain", "["),
            ("field" if enabled else "dim", fill(visible, space)),
            ("plain", "]"),
        ]
        column = 2 + self._label_width + 1 + width(shown[self._offset : self._position])
        return Drawing([line], (column, 0) if focus else None)

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Edit; keys that mean nothing here go on."""
        if is_text(key):
            self._insert(key)
        elif key.startswith("paste "):
            self._paste(key.removeprefix("paste "))
        elif key in _EDITING:
            self._text, self._position = _EDITING[key](self._text, self._position)
        else:
            return key
        self.changed()
        return None

    def _insert(self, text: str) -> None:
        room = LIMIT - len(self._text)
        if len(text) > room:
            self.say(TOO_LONG)
        self._text = self._text[: self._position] + text[:room] + self._text[self._position :]
        self._position += len(text[:room])

    def _paste(self, text: str) -> None:
        line = text.rstrip("\r\n")
        if "\n" in line:
            self.say(JOINED)
        clean = "".join(c if c.isprintable() else " " if c in "\n\t" else UNPRINTABLE for c in line)
        if UNPRINTABLE in clean:
            self.say(REPLACED)
        self._insert(clean)


def _word_start(text: str, position: int) -> int:
    return len(text[:position].rstrip().rpartition(" ")[0])


_EDITING: dict[str, Callable[[str, int], tuple[str, int]]] = {
    "left": lambda text, at: (text, max(0, at - 1)),
    "right": lambda text, at: (text, min(len(text), at + 1)),
    "home": lambda text, at: (text, 0),
    "end": lambda text, at: (text, len(text)),
    "backspace": lambda text, at: (text[: max(0, at - 1)] + text[at:], max(0, at - 1)),
    "delete": lambda text, at: (text[:at] + text[at + 1 :], at),
    "ctrl u": lambda text, at: (text[at:], 0),
    "ctrl k": lambda text, at: (text[:at], at),
    "ctrl w": lambda text, at: (text[: _word_start(text, at)] + text[at:], _word_start(text, at)),
}
