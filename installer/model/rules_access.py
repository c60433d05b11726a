"""The rule of ssh keys: text in, one line of authorized_keys(5) out, or InvalidAnswer."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from installer.model.errors import InvalidAnswer
from installer.model.wording import refuse_template_mark

# sshd(8), AUTHORIZED_KEYS FILE FORMAT; ssh-dss is refused by OpenSSH since 10.0 and off since 7.0
_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_KEY = re.compile(r"([a-z0-9@.-]{5,60})[ \t]+([A-Za-z0-9+/]{16,}={0,2})(?:[ \t]+(.*))?")
_HINT = "one line of a .pub file, as in ssh-ed25519 AAAA… name"


def ssh_key(text: str) -> str:
    """Return a public key as one line `type key comment`, without options. Raises InvalidAnswer; never quotes it."""
    if "PRIVATE KEY" in text:
        raise InvalidAnswer("this is a private key: it must never leave its owner", hint=f"give {_HINT}")
    if "\n" in text or "\r" in text:
        raise InvalidAnswer("the ssh key is not on one line", hint=f"one element for each key: {_HINT}")
    match = _KEY.fullmatch(text)
    if match is None:
        refuse_template_mark(text)
        raise InvalidAnswer("this is not a public ssh key", hint=_HINT)
    kind, blob, comment = match[1], match[2], (match[3] or "").strip(" \t")
    if kind not in _TYPES:
        raise InvalidAnswer(
            "the ssh key is of a type that the host does not take", hint=f"it takes {', '.join(_TYPES)}"
        )
    if not _is_key(kind, blob):
        raise InvalidAnswer("the ssh key is cut short or damaged", hint=_HINT)
    if not comment.isprintable():
        raise InvalidAnswer("the comment of the ssh key holds a control character", hint=_HINT)
    return f"{kind} {blob} {comment}".rstrip()


def _is_key(kind: str, blob: str) -> bool:
    """Say whether the key's own fields fill it, the first being its type (RFC 4253 6.6)."""
    try:
        data = b64decode(blob)
    except ValueError:
        return False
    if b64encode(data).decode() != blob:  # a sign too many, which ssh does not read
        return False
    fields: list[bytes] = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            return False
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return len(fields) > 1 and fields[0] == kind.encode() and all(fields[:2])
