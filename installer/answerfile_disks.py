"""How disks, by name or by rule, and installations that are there already are read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from installer.answerfile_lines import add, append, written
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.model import rules
from installer.model.answers import Draft
from installer.model.disk_rule import DiskRule, Pick

RULE_ATTRIBUTES = ("serial", "wwn", "model", "min-size", "max-size", "pick")
Value = TypeVar("Value")


def read_primary_disk(reading: Reading, element: Element) -> None:
    """Take the first disk and whether guests are stored on the rest of it."""
    found = reading.found
    if _is_empty(reading, element):
        return
    if _has_rule(element):
        found.primary_rule = _rule(reading, element)
        reading.origin("disks.primary_rules.0", element.position)
    else:
        found.primary_disk = reading.text(rules.disk_name, element, "disks.primary.0")
    storage = element.attribute("gueststorage")
    if storage is None:
        return
    wanted = reading.value(rules.yes_no, element.get("gueststorage"), storage.position)
    if wanted is not None:
        found.storage_on_primary = wanted
        reading.origin("disks.storage_on_primary", storage.position)


def _is_empty(reading: Reading, element: Element) -> bool:
    if element.text or _has_rule(element):
        return False
    reading.error(element.position, f"<{element.name}> is empty", f"as in <{element.name}>sda</{element.name}>")
    return True


def _has_rule(element: Element) -> bool:
    return any(element.attribute(name) for name in RULE_ATTRIBUTES)


def _rule(reading: Reading, element: Element) -> DiskRule | None:
    """Return the rule that an element's attributes describe, or None when one of them is wrong or a name stands too."""
    if element.text:
        message = f"<{element.name}> names a disk and describes one"
        reading.error(element.text_position, message, "leave out the name or the attributes")
        return None
    before = reading.error_count

    def read(name: str, rule: Callable[[str], Value], missing: Value) -> Value:
        attribute = element.attribute(name)
        value = reading.value(rule, element.get(name), attribute.position) if attribute else None
        return missing if value is None else value

    pick = element.get("pick")
    rule = DiskRule(
        serial=read("serial", rules.disk_mark, ""),
        wwn=read("wwn", rules.disk_wwn, ""),
        model=read("model", rules.disk_mark, ""),
        min_bytes=read("min-size", rules.disk_size, None),
        max_bytes=read("max-size", rules.disk_size, None),
        pick=Pick(pick) if pick in tuple(Pick) else None,
    )
    if reading.error_count > before or (pick and rule.pick is None):
        return None
    return reading.checked(lambda: rules.disk_rule(rule), element.position)


def write_primary_disk(draft: Draft) -> Iterator[str]:
    """Give one line per disk of the control domain."""
    if draft.disks:
        storage = "yes" if draft.disks.storage_on_primary else "no"
        for name in draft.disks.primary:
            yield written("primary-disk", name, gueststorage=storage)
        for rule in draft.disks.primary_rules:
            yield written("primary-disk", gueststorage=storage, **dict(rule.attributes()))


def read_guest_disk(reading: Reading, element: Element) -> None:
    """Add a disk for guests; the primary disk may be named again."""
    if _is_empty(reading, element):
        return
    if not _has_rule(element):
        append(reading, element, rules.disk_name, reading.found.guest_disks, "disks.guest")
        return
    rule, known = _rule(reading, element), reading.found.guest_rules
    if rule is None:
        return
    if rule in known:
        reading.warn(element.position, f"<{element.name}> describes the same disk a second time", "one is enough")
        return
    add(reading, rule, known, "disks.guest_rules", element.position)


def write_guest_disk(draft: Draft) -> Iterator[str]:
    """Give one line per further disk."""
    for name in draft.disks.guest if draft.disks else ():
        yield written("guest-disk", name)
    for rule in draft.disks.guest_rules if draft.disks else ():
        yield written("guest-disk", **dict(rule.attributes()))


def read_existing_installation(reading: Reading, element: Element) -> None:
    """Take the disk of the installation to be replaced."""
    reading.found.existing_disk = reading.text(rules.disk_name, element, "existing.disk")


def write_existing_installation(draft: Draft) -> Iterator[str]:
    """Give the disk of the installation to be replaced."""
    if draft.existing and draft.existing.disk:
        yield written("existing-installation", draft.existing.disk)


def read_backup_disk(reading: Reading, element: Element) -> None:
    """Take the disk that the backup to be restored is on."""
    reading.found.backup_disk = reading.text(rules.disk_name, element, "existing.backup_disk")


def write_backup_disk(draft: Draft) -> Iterator[str]:
    """Give the disk that the backup is on."""
    if draft.existing and draft.existing.backup_disk:
        yield written("backup-disk", draft.existing.backup_disk)


def read_erase_shared_storage(reading: Reading, element: Element) -> None:
    """Take the consent to break what chosen disks share with others."""
    reading.found.erase_shared = bool(reading.text(rules.yes_no, element, "disks.erase_shared"))


def write_erase_shared_storage(draft: Draft) -> Iterator[str]:
    """Give the consent where there is one."""
    if draft.disks and draft.disks.erase_shared:
        yield written("erase-shared-storage", "yes")
