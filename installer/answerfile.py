"""The answerfile: XML to Draft with every problem at its place, and Draft to XML; the elements stand in elements.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from installer.answerfile_names import with_table_names
from installer.answerfile_reading import Reading
from installer.answerfile_root import read_mode, written_root
from installer.answerfile_shape import (
    ADMIN_INTERFACE,
    belongs_into_admin_interface,
    check_attributes,
    check_element,
    check_text,
    placed_children,
    root_row,
)
from installer.answerfile_xml import MAX_BYTES, Element, MalformedXml, parse_xml
from installer.element_row import ElementRow
from installer.elements import RESTORE, ROOT
from installer.model.answers import DEFAULT_KEYMAP, PRESERVING, Draft
from installer.model.errors import InvalidAnswer
from installer.model.problem import Problem, Severity
from installer.model.source import without_credentials
from installer.model.unbuilt import contradictions, unbuilt_answers
from installer.model.wishes import Mode, TimeMethod
from installer.model.wording import listed

REMOVE = 'remove it; or write mode="fresh", which erases what is there'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2: Char


def read_answerfile(data: bytes, name: str, *, partial: bool = False) -> tuple[Draft, tuple[Problem, ...]]:
    """Return what an answerfile says and everything that is wrong with it, in the order of the file.

    `name` stands before line and column. What is missing or wrong is None in the Draft; its `origins` say where
    each value stands. With `partial` elements may be left out, and `Draft.missing()` names them. Raises nothing:
    any bytes give a Draft and problems. A Draft that comes with errors is not to be carried out.
    """
    reading = Reading(name)
    try:
        document = parse_xml(data)
    except MalformedXml as fault:
        reading.error(fault.position, fault.what, fault.hint)
        return Draft(), reading.problems()
    for position, _ in document.instructions:
        reading.error(position, "processing instructions are not read", "remove the <?…?>")
    row = root_row(reading, document.root)
    if row is None:
        return Draft(), reading.problems()
    root = with_table_names(reading, document.root, row)
    mode = _read_root(reading, root, row)
    if mode and not partial:
        _report_missing(reading, root, row, mode)
    draft = reading.draft()
    for field, what, hint in (*unbuilt_answers(draft), *contradictions(draft)):
        reading.error(reading.place(field), what, hint)
    return draft, reading.problems()


def _read_root(reading: Reading, root: Element, table: ElementRow) -> Mode | None:
    """Read everything; returns the mode, None when the file names one that there is not."""
    check_attributes(reading, root, table)
    check_text(reading, root, table)
    mode = read_mode(reading, root, table)
    if table is ROOT:
        reading.excused |= {belongs_into_admin_interface(child.name) or "" for child in root.children}
    for child, row in placed_children(reading, root, table):
        check_element(reading, child, row)
        if row.read and (mode is None or not row.modes or mode in row.modes):
            row.read(reading, child)
        elif mode in PRESERVING:
            reading.error(child.position, f"<{row.name}> has no meaning with {_keeps(mode)}", REMOVE)
    if mode is Mode.FRESH:
        _check_fresh(reading, root)
    elif mode in PRESERVING and (attribute := root.attribute("sr-type")):
        reading.error(attribute.position, f"sr-type has no meaning with {_keeps(mode)}", REMOVE)
    return mode


def _keeps(mode: Mode) -> str:
    return f"the mode {mode}, which keeps disks and guest storage as they are"


def _report_missing(reading: Reading, root: Element, table: ElementRow, mode: Mode) -> None:
    """Report what the mode cannot do without: one error lists it all (spec R33)."""
    missing = [row for row in table.children if mode in row.required_in and not root.child(row.name)]
    missing = [row for row in missing if row.name not in reading.excused]
    if missing:
        names = listed([f"<{row.name}>" for row in missing])
        message = f"{names} {'is' if len(missing) == 1 else 'are'} missing"
        reading.error(root.position, message, "as in " + " ".join(row.example for row in missing))
    if mode is Mode.FRESH and "keymap" not in reading.excused and not root.child("keymap"):
        reading.warn(root.position, f"<keymap> is missing: {DEFAULT_KEYMAP} is taken")


def _check_fresh(reading: Reading, root: Element) -> None:
    """Report what a fresh installation has no use for, and what a static address lacks."""
    if element := root.child("existing-installation"):
        message = "<existing-installation> has no meaning in a fresh installation, which keeps nothing"
        reading.error(element.position, message, 'write mode="reinstall" or mode="upgrade", or remove it')
    _warn_of_static(reading, root)


def _warn_of_static(reading: Reading, root: Element) -> None:
    """Warn of what DHCP would have brought (spec R19)."""
    element = root.child(ADMIN_INTERFACE)
    if element is None or reading.found.interface is None or reading.found.interface.static is None:
        return
    if "nameserver" not in reading.excused and not root.child("nameserver"):
        message = "the address is static and there is no <nameserver>: the host will find no other by name"
        reading.warn(element.position, message)
    if not root.child("ntp-server") and reading.found.time_method is not TimeMethod.MANUAL:
        reading.warn(element.position, "the address is static: no NTP servers come by DHCP, the clock is kept as it is")


def write_answerfile(draft: Draft) -> str:
    """Return the answerfile that reads back as the same Draft, to be stored as UTF-8.

    It holds the password as the Draft does: the caller keeps the file from other eyes. Raises InvalidAnswer when a
    text cannot stand in XML; no rule lets one through.
    """
    table = RESTORE if draft.mode is Mode.RESTORE else ROOT
    lines = ['<?xml version="1.0" encoding="utf-8"?>', written_root(draft, table)]
    for row in table.children:
        if row.write:
            lines += [f"  {line}" for line in row.write(draft)]
    lines.append(f"</{table.name}>")
    text = "\n".join(lines) + "\n"
    if _NOT_XML.search(text):
        raise InvalidAnswer("an answer holds a character that XML cannot hold")
    return text


def check_files(paths: Sequence[str]) -> tuple[Problem, ...]:
    """Return the problems of answerfiles given by path or file: URL, file by file; nothing else is looked at.

    A file that cannot be read is a problem too.
    """
    problems: list[Problem] = []
    for path in paths:
        try:
            data = _read(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            where = without_credentials(path)
            problems.append(Problem(Severity.ERROR, f"the file cannot be read: {reason}", where))
        else:
            problems += read_answerfile(data, path)[1]
    return tuple(problems)


def _read(path: str) -> bytes:
    if path.startswith(("file:///", "file://localhost/")):
        path = unquote(urlsplit(path).path)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise ValueError("answerfiles are checked offline; fetch it first")
    with Path(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)  # one more than is taken, so that parse_xml sees that it is too long
