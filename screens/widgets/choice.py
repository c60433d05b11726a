"""A few choices below each other: one of them, or each on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from screens.widgets.cells import Drawing, FlowElement, Line, wrap


@dataclass(frozen=True)
class Option:
    """One choice; `note` stands below it. A disabled one says why in its note and is passed over."""

    value: str
    label: str
    note: str = ""
    enabled: bool = True


class Choice(FlowElement):
    """`(*)` one of several, or with `several` `[x]` any of them; Space or Enter takes the one under the cursor."""

    def __init__(
        self,
        name: str,
        options: Sequence[Option],
        chosen: str | set[str],
        *,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.name = name
        self._options = tuple(options)
        self._several = isinstance(chosen, set)
        self._chosen = set(chosen) if isinstance(chosen, set) else {chosen}
        self._at = next((n for n, o in enumerate(self._options) if o.value in self._chosen and o.enabled), -1)
        if self._at < 0:
            self._at = next((n for n, option in enumerate(self._options) if option.enabled), 0)
            if not self._several and self._options[self._at].enabled:
                self._chosen = {self._options[self._at].value}
        self._on_change = on_change

    @property
    def value(self) -> str:
        """The value that is chosen."""
        return next((option.value for option in self._options if option.value in self._chosen), "")

    @property
    def values(self) -> set[str]:
        """The values that are chosen."""
        return set(self._chosen)

    def selectable(self) -> bool:
        """Only where there is something to choose."""
        return any(option.enabled for option in self._options)

    def memory(self) -> str:
        """Return what is chosen."""
        return "\n".join(sorted(self._chosen)) if self._chosen else "\n"

    def recall(self, text: str) -> None:
        """Choose what can still be chosen."""
        chosen = {option.value for option in self._options if option.enabled} & set(text.split("\n"))
        if chosen or self._several:
            self._chosen = chosen
            self.enter(backwards=False)

    def enter(self, *, backwards: bool) -> None:
        """Put the cursor on what is chosen."""
        if not self._several:
            self._at = next((n for n, option in enumerate(self._options) if option.value in self._chosen), self._at)

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw a line for each, its note below."""
        lines: list[Line] = []
        cursor = None
        for number, option in enumerate(self._options):
            here = focus and number == self._at
            if here:
                cursor = (4, len(lines))
            sign = "x" if self._several else "*"
            mark = sign if option.value in self._chosen else " "
            box = f"[{mark}]" if self._several else f"({mark})"
            attribute = "focus" if here else "plain" if option.enabled else "dim"
            lines.append([("plain", " ►" if here else "  "), (attribute, f" {box} {option.label} ")])
            if option.note:
                lines += [[("plain", " " * 7), ("dim", text)] for text in wrap(option.note, columns - 9)]
        return Drawing(lines, cursor)

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Move among the choices, and take one."""
        if key in ("up", "down"):
            step = 1 if key == "down" else -1
            at = self._at + step
            while 0 <= at < len(self._options) and not self._options[at].enabled:
                at += step
            if not 0 <= at < len(self._options):
                return key
            self._at = at
        elif key == " " or (key == "enter" and not self._several):
            self._take(self._options[self._at])
            if key == "enter":
                return "enter"
        else:
            return key
        self.changed()
        return None

    def _take(self, option: Option) -> None:
        if not option.enabled:
            return
        if self._several:
            self._chosen ^= {option.value}
        else:
            self._chosen = {option.value}
        self._on_change()
