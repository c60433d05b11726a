"""The rules of what describes a disk: sizes, serial number, WWN, model (spec R72)."""

from __future__ import annotations

import re

from installer.model.disk_rule import DiskRule
from installer.model.errors import InvalidAnswer
from installer.model.units import SIZE_UNITS
from installer.model.wording import quoted, refuse_template_mark

_SIZE = re.compile(r"([0-9]{1,18})[ ]?([A-Za-z]{0,3})")
_WWN = re.compile(r"(?:0x)?[0-9A-Fa-f]{16,32}|(?:eui|naa|nvme|t10)\.[!-~]{1,200}")
_MARK_LENGTH = 128
_UNITS = {name.casefold(): factor for name, factor in SIZE_UNITS.items()}


def disk_size(text: str) -> int:
    """Return the bytes of a size with its unit: 480 GB (powers of 1000) or 16 GiB (of 1024). Raises InvalidAnswer."""
    refuse_template_mark(text)
    match = _SIZE.fullmatch(text)
    factor = _UNITS.get(match[2].casefold()) if match else None
    if match is None or factor is None:
        hint = "a whole number and its unit, as in 480 GB (480,000,000,000 bytes) or 16 GiB"
        if match and match[2].casefold() in ("", "k", "m", "g", "t"):
            letter = match[2].upper() or "G"
            hint = f"write {match[1]} {letter}B (powers of 1000) or {match[1]} {letter}iB (of 1024)"
        raise InvalidAnswer(f"{quoted(text)} is not a size", hint=hint)
    return int(match[1]) * factor


def disk_mark(text: str) -> str:
    """Return a serial number or model as lsblk(8) shows it. Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not text:
        raise InvalidAnswer("the text is empty", hint="lsblk -o NAME,MODEL,SERIAL,WWN shows it")
    if len(text) > _MARK_LENGTH or not text.isprintable():
        raise InvalidAnswer(f"{quoted(text)} is no serial number or model", hint="lsblk -o NAME,MODEL,SERIAL shows it")
    return text


def disk_wwn(text: str) -> str:
    """Return the World Wide Name of a disk as lsblk(8) shows it. Raises InvalidAnswer."""
    refuse_template_mark(text)
    if not _WWN.fullmatch(text):
        hint = "as lsblk -o NAME,WWN shows it, such as 0x5000c500a1b2c3d4 or eui.0025385b71b0a1c2"
        raise InvalidAnswer(f"{quoted(text)} is not the WWN of a disk", hint=hint)
    return text


def disk_rule(rule: DiskRule) -> DiskRule:
    """Return a rule that some disk can fit. Raises InvalidAnswer."""
    least, most = rule.min_bytes, rule.max_bytes
    if least is not None and most is not None and least > most:
        raise InvalidAnswer("min-size is greater than max-size", hint="no disk fits both")
    return rule
