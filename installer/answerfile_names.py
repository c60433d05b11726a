"""Other spellings that real answerfiles use, turned into the names of the element table before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from installer.answerfile_faults import tag
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Attribute, Element
from installer.element_row import ElementRow


def with_table_names(reading: Reading, element: Element, row: ElementRow) -> Element:
    """Return an element whose attributes and children, and theirs, have the table's names; wrappers are taken off.

    An attribute that stands there under two of its names with two values is an error.
    """
    children = tuple(_child(reading, child, row) for child in _unwrapped(element, row))
    return replace(element, attributes=tuple(_attributes(reading, element, row)), children=children)


def _unwrapped(element: Element, row: ElementRow) -> Iterator[Element]:
    wrappers = {child.wrapper for child in row.children if child.wrapper}
    for child in element.children:
        if child.name in wrappers:
            yield from child.children
        else:
            yield child


def _child(reading: Reading, child: Element, parent: ElementRow) -> Element:
    row = parent.child(child.name)
    return with_table_names(reading, replace(child, name=row.name), row) if row else child


def _attributes(reading: Reading, element: Element, row: ElementRow) -> Iterator[Attribute]:
    taken: dict[str, Attribute] = {}
    for attribute in element.attributes:
        known = row.attribute(attribute.name)
        name = known.name if known else attribute.name
        first = taken.setdefault(name, attribute)
        if first is attribute:
            yield replace(attribute, name=name)
        elif first.value.strip() != attribute.value.strip():
            message = f"{tag(element.name)} has the attributes {first.name} and {attribute.name}, which are the same"
            reading.error(attribute.position, message, "remove one of the two")
