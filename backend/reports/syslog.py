"""A record as a message of syslog: RFC 5424, with the record's JSON as its text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

LOCAL0 = 16  # RFC 5424 6.2.1
ERROR, WARNING, INFORMATIONAL, DEBUG = 3, 4, 6, 7
SEVERITIES = {"Error": ERROR, "StepFailed": ERROR, "Warned": WARNING, "StepProgress": DEBUG}
NOTHING = "-"
LARGEST_BYTES = 2048  # what a receiver should take of a datagram (RFC 5426 3.2)
CUTS = (1000, 300, 100, 30, 8)  # characters of a text, when a message is too long
LONGEST_LIST = 10


def message(record: Mapping[str, object], hostname: str, run: str, limit_bytes: int | None = None) -> bytes:
    """Return the message; texts in it are cut short until it is not longer than `limit_bytes`."""
    priority = LOCAL0 * 8 + severity(record)
    words = (record.get("time") or NOTHING, _name(hostname, 255), "installer", _name(run, 128))
    head = f"<{priority}>1 {' '.join(map(str, words))} {_name(str(record.get('event', '')), 32)} - "
    whole = head + json.dumps(record)
    for longest in CUTS if limit_bytes else ():
        if limit_bytes and len(whole) > limit_bytes:
            whole = head + json.dumps(_cut(record, longest))
    return whole.encode("ascii", errors="replace")


def severity(record: Mapping[str, object]) -> int:
    """Return how serious a record is, by the scale of RFC 5424."""
    event = str(record.get("event", ""))
    if event == "Ended":
        return INFORMATIONAL if record.get("exit_code") == 0 else ERROR
    if event == "Problem":
        return ERROR if record.get("severity") == "error" else WARNING
    return SEVERITIES.get(event, INFORMATIONAL)


def _name(text: str, longest: int) -> str:
    """Return a text as a field of the head: visible ASCII without blanks."""
    return re.sub(r"[^!-~]", "", text)[:longest] or NOTHING


def _cut(value: object, longest: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + "…"
    if isinstance(value, Mapping):
        return {key: _cut(item, longest) for key, item in value.items()}
    return [_cut(item, longest) for item in value[-LONGEST_LIST:]] if isinstance(value, list | tuple) else value
