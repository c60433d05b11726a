"""The time zone: an area, then a city."""

from __future__ import annotations

from collections.abc import Sequence

from installer.model import rules
from installer.model.ports import ZoneArea
from screens.screen import Outcome, Refused, Screen, State
from screens.widgets.cells import Element, Paragraph
from screens.widgets.listing import Item, Listing

OTHER = "Other"
DEFAULT_AREA = "Europe"


def _area_of(zone: str) -> str:
    return zone.partition("/")[0] if "/" in zone else ""


def _counted(area: ZoneArea) -> str:
    return f"{len(area.cities)} zone{'s' if len(area.cities) != 1 else ''}"


class AreaScreen(Screen):
    """The first half of a zone's name."""

    name = "timezone-area"
    title = "Time zone: area"
    asks_for_kept = True
    help = """\
Choose the part of the world the host stands in; the next screen lists its cities. Zones without an area, such as UTC, \
stand under Other."""

    @classmethod
    def summary(cls, state: State) -> str:
        return state.draft.timezone or ""

    def body(self) -> Sequence[Element]:
        chosen = _area_of(self.state.draft.timezone) if self.state.draft.timezone else DEFAULT_AREA
        items = [Item(area.name, (area.name or OTHER, _counted(area))) for area in self.machine.zone_areas()]
        self._list = Listing(items, self.state.choice("zone.area", chosen), say=self.say)
        return [Paragraph("In which part of the world does the host stand?"), Paragraph(""), self._list]

    def accept(self) -> Outcome:
        area = self._list.value
        state = self.state.choose(zone_area=area)
        zone = state.draft.timezone
        return state.open_again("timezone") if zone and _area_of(zone) != area else state


class TimezoneScreen(Screen):
    """The second half: a letter jumps, more narrow."""

    name = "timezone"
    title = "Time zone: city"
    asks_for_kept = True
    help = """\
Choose the city whose time the host shall show. Typing jumps: l, then o, then n finds London.

The host's clock itself runs on UTC; the zone only says how times are shown."""

    @classmethod
    def summary(cls, state: State) -> str:
        return state.draft.timezone or ""

    def body(self) -> Sequence[Element]:
        name = self.state.choice("zone.area", DEFAULT_AREA)
        self._area = next((area for area in self.machine.zone_areas() if area.name == name), ZoneArea("", ()))
        items = [Item(self._area.zone(city), (city.replace("_", " "),)) for city in self._area.cities]
        self._list = Listing(items, self.state.draft.timezone or "", say=self.say)
        return [Paragraph(f"Which city in {name or OTHER}?"), Paragraph(""), self._list]

    def accept(self) -> Outcome:
        if not self._list.value:
            raise Refused("there is no time zone to choose from on this machine")
        return self.state.with_draft(timezone=rules.timezone(self._list.value))
