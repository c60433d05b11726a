"""What readers and writers of elements share: one line of XML, locations with a type, values that may repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element, Position
from installer.model import rules
from installer.model.source import Location, LocationKind
from installer.model.wording import QUOTED_LENGTH

Item = TypeVar("Item")
MAX_VALUES = 1000  # of one element: more is a slip of whoever made the file


def written(name: str, text: str = "", /, **attributes: str) -> str:
    """Return one element as a line of XML; an underscore in an attribute's name stands for a hyphen."""
    pairs = "".join(f" {key.replace('_', '-')}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{pairs}>{escape(text)}</{name}>" if text else f"<{name}{pairs} />"


def written_location(name: str, location: Location, **attributes: str) -> str:
    """Return the line of an element that holds an address, its type first."""
    return written(name, location.url.reveal(), type=location.kind.value, **attributes)


def append(reading: Reading, element: Element, rule: Callable[[str], Item], values: list[Item], name: str) -> None:
    """Add a value of a repeatable element; one that is there already is left out with a warning."""
    if element.text:
        append_text(reading, element, element.text, rule, values, name)


def append_text(
    reading: Reading, element: Element, text: str, rule: Callable[[str], Item], values: list[Item], name: str
) -> None:
    """Add the value of one text of an element, as `append` does."""
    place = element.text_position
    value = reading.value(rule, text, place)
    if value is None:
        return
    if value in values:
        shown = value.shown() if isinstance(value, Location) else str(value)
        shown = shown if len(shown) <= QUOTED_LENGTH else shown[:QUOTED_LENGTH] + "…"
        reading.warn(place, f"<{element.name}> names {shown} a second time", "one of the two is enough")
        return
    if len(values) >= MAX_VALUES:
        reading.error(place, f"there are more than {MAX_VALUES} <{element.name}>")
        return
    add(reading, value, values, name, place)


def add(reading: Reading, value: Item, values: list[Item], name: str, place: Position) -> None:
    """Add a value and note where it stands."""
    reading.origin(f"{name}.{len(values)}", place)
    values.append(value)


def read_location(reading: Reading, element: Element, name: str) -> Location | None:
    """Return the Location of an element with a type; text in a local one means nothing (it is often junk)."""
    kind = element.get("type")
    if kind == LocationKind.LOCAL:
        reading.origin(name, element.position)
        return Location(LocationKind.LOCAL)
    if kind not in (LocationKind.URL, "nfs"):
        return None
    if not element.text:
        reading.error(element.position, f"<{element.name}> is empty", 'write the address into it, or type="local"')
        return None
    return reading.text(rules.location if kind == LocationKind.URL else rules.nfs_location, element, name)
