"""The local time, asked near the end of an installation whose clock is set by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from screens.run import TimeQuestion
from screens.screen import Outcome, Refused, Say, Screen
from screens.widgets.cells import Element, Paragraph

KEEP = "Leave as it is"
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class SetTimeScreen(Screen):
    """What the machine believes stands in the fields."""

    name = "set-time"
    title = "Local time"
    label_width = 25
    buttons = (KEEP, "Ok")
    help = """\
Give date and time as a clock on the wall shows them in the zone named above. The system's clock is set to it, and the \
hardware clock to the same moment in UTC."""
    question = TimeQuestion("UTC", datetime(2026, 1, 1))
    answer: Callable[[datetime | None], None] = staticmethod(lambda time: None)

    def body(self) -> Sequence[Element]:
        proposed = self.question.proposed
        return [
            Paragraph(f"What time is it now in {self.question.zone}?", "strong"),
            Paragraph(""),
            self.field("date", "Date (YYYY-MM-DD)", f"{proposed:%Y-%m-%d}"),
            self.field("time", "Time (HH:MM or with :SS)", f"{proposed:%H:%M}"),
            Paragraph(""),
            Paragraph("The installation goes on afterwards.", "dim"),
        ]

    def accept(self) -> Outcome:
        date = _DATE.fullmatch(self._fields["date"].text.strip())
        if not date:
            raise Refused("the date is not understood", "date", "year, month and day, as in 2026-11-23")
        time = _TIME.fullmatch(self._fields["time"].text.strip())
        if not time:
            raise Refused("the time is not understood", "time", "hours and minutes, as in 14:05")
        try:
            day = datetime(*(int(part) for part in date.groups()))  # type: ignore[arg-type]  # three numbers
        except ValueError:
            raise Refused("there is no such day", "date") from None
        try:
            moment = day.replace(hour=int(time[1]), minute=int(time[2]), second=int(time[3] or 0))
        except ValueError:
            raise Refused("there is no such time", "time", "from 00:00 to 23:59") from None
        self.answer(moment)
        return Say("")

    def press(self, label: str) -> Outcome:
        if label == KEEP:
            self.answer(None)
            return Say("")
        return super().press(label)
