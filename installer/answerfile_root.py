"""How the root element is read and written: mode, type of the guest storage, backup."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.element_row import ElementRow
from installer.elements import RESTORE
from installer.model import rules
from installer.model.answers import PRESERVING, Draft
from installer.model.wishes import Mode, StorageType


def read_mode(reading: Reading, root: Element, table: ElementRow) -> Mode | None:
    """Take the attributes of the root element; returns the mode, None when it is none there is."""
    if table is RESTORE:
        reading.found.mode = Mode.RESTORE
        reading.origin("mode", root.position)
        return Mode.RESTORE
    text = root.get("mode", Mode.FRESH)
    mode = next((mode for mode in Mode if mode == text and mode is not Mode.RESTORE), None)
    storage = root.attribute("sr-type")
    if storage and mode not in PRESERVING and root.get("sr-type") in tuple(StorageType):
        reading.found.storage_type = StorageType(root.get("sr-type"))
        reading.origin("storage_type", storage.position)
    if mode is not None:
        reading.found.mode = mode
        if attribute := root.attribute("mode"):
            reading.origin("mode", attribute.position)
    _read_backup(reading, root, mode)
    return mode


def _read_backup(reading: Reading, root: Element, mode: Mode | None) -> None:
    attribute = root.attribute("backup")
    if attribute is None:
        return
    wanted = reading.value(rules.yes_no, root.get("backup"), attribute.position)
    if mode is Mode.FRESH:
        message = "backup has no meaning in a fresh installation, which keeps nothing"
        reading.error(attribute.position, message, 'write mode="reinstall" or mode="upgrade", or remove it')
    elif wanted is not None:
        reading.found.backup = wanted
        reading.origin("existing.backup", attribute.position)


def written_root(draft: Draft, table: ElementRow) -> str:
    """Return the start tag of the root element."""
    if table is RESTORE:
        return f"<{table.name}>"
    pairs = [("mode", draft.mode.value)]
    if draft.storage_type is not None:
        pairs.append(("sr-type", draft.storage_type.value))
    if draft.existing and not draft.existing.backup:
        pairs.append(("backup", "no"))
    return f"<{table.name}{''.join(f' {name}={quoteattr(value)}' for name, value in pairs)}>"
