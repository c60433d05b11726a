"""Whether elements, attributes and texts stand where the table allows them, and what was meant where they do not."""

from __future__ import annotations

from collections.abc import Iterable

from installer.answerfile_faults import tag
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Attribute, Element
from installer.element_row import AttributeRow, ElementRow, Text
from installer.elements import ROOT, ROOTS
from installer.elements_elsewhere import FOREIGN_ATTRIBUTES, FOREIGN_ELEMENTS, FOREIGN_ROOTS
from installer.elements_network import ADMIN_INTERFACE as ADMIN_INTERFACE_ROW
from installer.model.errors import InvalidAnswer
from installer.model.wording import nearest, refuse_template_mark

FOREIGN = "belongs to later XenServer versions and has no meaning here: it is ignored"
ADMIN_INTERFACE = ADMIN_INTERFACE_ROW.name


def root_row(reading: Reading, root: Element) -> ElementRow | None:
    """Return the row of the root element, reporting one that is not ours; None when its children are worth nothing."""
    shown = tag(root.name)
    for row in ROOTS:
        if root.name == row.name:
            return row
    other = FOREIGN_ROOTS.get(root.name.lower())
    if other:
        reading.error(root.position, f"this is not an answerfile: {shown} is a file of {other}", _ROOT_HINT)
        return None
    if nearest(root.name, (ROOT.name,)):
        reading.error(root.position, f"unknown root element {shown}", f"did you mean <{ROOT.name}>?")
        return ROOT
    reading.error(root.position, f"this is not an answerfile: its root element is {shown}", _ROOT_HINT)
    return None


_ROOT_HINT = f"the root element of an answerfile is <{ROOT.name}>"


def check_element(reading: Reading, element: Element, row: ElementRow) -> None:
    """Report everything about one element's attributes, text and children that its row does not allow."""
    check_attributes(reading, element, row)
    check_text(reading, element, row)
    for child, child_row in placed_children(reading, element, row):
        check_element(reading, child, child_row)


def placed_children(reading: Reading, element: Element, row: ElementRow) -> Iterable[tuple[Element, ElementRow]]:
    """Yield the children that have a row, with it, and stand there for the first time if once is enough.

    The others are reported.
    """
    first: dict[str, Element] = {}
    for child in element.children:
        if reading.full:
            return
        child_row = row.child(child.name)
        if child_row is None:
            _report_element(reading, child, row)
        elif child.name not in first or child_row.repeatable:
            first.setdefault(child.name, child)
            yield child, child_row
        else:
            line = first[child.name].position.line
            message = f"{tag(child.name)} stands here a second time, first on line {line}"
            reading.error(child.position, message, "remove one of the two")


def check_text(reading: Reading, element: Element, row: ElementRow) -> None:
    """Report text where none may stand, and its absence where there must be one."""
    if row.text is Text.NONE and element.text:
        reading.error(element.text_position, f"{tag(element.name)} holds no text of its own", f"as in {row.example}")
    if row.text is Text.REQUIRED and not element.text:
        reading.error(element.position, f"{tag(element.name)} is empty", f"as in {row.example}")


def check_attributes(reading: Reading, element: Element, row: ElementRow) -> None:
    """Report unknown and missing attributes, and values outside a closed set."""
    for attribute in element.attributes:
        if reading.full:
            return
        attribute_row = row.attribute(attribute.name)
        if attribute_row is None:
            _report_attribute(reading, attribute, row)
        elif attribute_row.values:
            _check_value(reading, attribute, attribute_row, row)
    for attribute_row in row.attributes:
        name = attribute_row.name
        if attribute_row.required and element.attribute(name) is None:
            choices = " or ".join(f'{name}="{value}"' for value in attribute_row.values or (attribute_row.form,))
            reading.error(element.position, f"{tag(element.name)} has no attribute {name}", f"add {choices}")


def _check_value(reading: Reading, attribute: Attribute, row: AttributeRow, element_row: ElementRow) -> None:
    value, place = attribute.value.strip(), attribute.position
    if value in row.values:
        return
    try:
        refuse_template_mark(value)
    except InvalidAnswer as fault:
        reading.error(place, fault.what, fault.hint)
        return
    # the value itself is not shown: it may be an address or a password in the wrong place
    message = f"{row.name} of {tag(element_row.name)} must be {' or '.join(row.values)}"
    meant = nearest(value, row.values)
    reading.error(place, message, f"did you mean {meant}?" if meant else "")


def _report_attribute(reading: Reading, attribute: Attribute, row: ElementRow) -> None:
    """Warn of an attribute without a row (spec R31)."""
    name, place, inside = attribute.name, attribute.position, f"of {tag(row.name)}"
    shown = tag(name)[1:-1]
    if name in FOREIGN_ATTRIBUTES.get(row.name, ()):
        reading.warn(place, f"the attribute {shown} {inside} {FOREIGN}")
        return
    names = [known.name for known in row.attributes]
    meant = nearest(name, [*names, *(alias for known in row.attributes for alias in known.aliases)])
    allowed = ", ".join(names)
    hint = f"did you mean {meant}?" if meant else f"it takes {allowed}" if allowed else "it takes none"
    reading.warn(place, f"unknown attribute {shown} {inside}: it is ignored", hint)


def _names(parent: ElementRow) -> list[str]:
    rows = parent.children
    names = [name for row in rows for name in (row.name, *row.aliases, row.wrapper) if name]
    return [*names, *FOREIGN_ELEMENTS] if parent is ROOT else names


def belongs_into_admin_interface(name: str) -> str | None:
    """Return the name of the child of <admin-interface> that `name` is or stands for, or None."""
    row = ADMIN_INTERFACE_ROW.child(name)
    return row.name if row else None


def _report_element(reading: Reading, element: Element, parent: ElementRow) -> None:
    """Report an element without a row: an error where it has its place elsewhere, else a warning (spec R31)."""
    name, shown, place = element.name, tag(element.name), element.position
    child_of_admin = belongs_into_admin_interface(name)
    if parent is ROOT and child_of_admin:
        message = f"{shown} stands beside <{ADMIN_INTERFACE}> instead of in it"
        reading.error(place, message, f"move it in as <{child_of_admin}>")
        return
    if parent is not ROOT and ROOT.child(name):
        reading.error(place, f"{shown} does not belong into <{parent.name}>", f"write it directly into <{ROOT.name}>")
        reading.excused.add(name)
        return
    if name in FOREIGN_ELEMENTS:
        reading.warn(place, f"{shown} {FOREIGN}")
        return
    meant = nearest(name, _names(parent))
    hint = f"did you mean <{meant}>?" if meant else f"in <{parent.name}> it has no meaning"
    reading.warn(place, f"unknown element {shown}: it is ignored", hint)
