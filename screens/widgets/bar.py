"""A bar that shows how much is done."""

from __future__ import annotations

from screens.widgets.cells import Drawing, FlowElement


class Bar(FlowElement):
    """`fraction` from 0 to 1; None while nobody knows."""

    _selectable = False

    def __init__(self, fraction: float | None = 0.0) -> None:
        super().__init__()
        self.fraction = fraction

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw the bar and its percentage."""
        space = max(1, columns - 12)
        if self.fraction is None:
            return Drawing([[("plain", "   "), ("dim", "░" * space)]])
        fraction = max(0.0, min(1.0, self.fraction))
        filled = int(fraction * space)
        rest = ("dim", "░" * (space - filled))
        # rounded down: 100 % is only said when all is done
        return Drawing([[("plain", "   "), ("bar", "█" * filled), rest, ("strong", f"  {int(fraction * 100):3d} %")]])
