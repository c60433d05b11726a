"""OpenPGP keys and what gpgv says of signatures, as far as an installer needs to know them (RFC 9580)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from installer.model.errors import SourceError

_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t\r]*\n(?:[^\n]+: [^\n]*\n)*[ \t\r]*\n([A-Za-z0-9+/=\s]*?)"
    rb"(?:\n=[A-Za-z0-9+/]{4}\s*)?-----END PGP PUBLIC KEY BLOCK-----"
)  # RFC 9580 6.2; its checksum need not be looked at
SIGNATURE, SECRET_KEY, PUBLIC_KEY = 2, 5, 6  # types of packets, RFC 9580 5
HINT = "give what `gpg --export --armor KEYID` prints"


class Verdict(StrEnum):
    """What gpgv found of a signature, from the best to the worst."""

    GOOD = "good"
    KEY_EXPIRED = "key expired"
    KEY_REVOKED = "key revoked"
    EXPIRED = "expired"
    CHANGED = "changed"
    TOO_EARLY = "too early"
    OTHER_KEY = "other key"
    UNUSABLE = "unusable"
    NONE = "none"


@dataclass(frozen=True)
class Keyring:
    """Public keys in binary form, and the fingerprints of those that are not subkeys, in capital hexadecimal digits."""

    data: bytes
    fingerprints: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """What became of the best of all signatures in a file, and the fingerprint of its key, empty when not known."""

    verdict: Verdict
    fingerprint: str = ""


def read_keyring(data: bytes, where: str) -> Keyring:
    """Return the public keys of a file, armored or binary; raises SourceError for what is none."""
    armored = _ARMOR.findall(data)
    try:
        binary = b"".join(base64.b64decode(b"".join(text.split()), validate=True) for text in armored) or data
        packets = tuple(_packets(binary))
    except (ValueError, binascii.Error):
        packets = ()
    kinds = {kind for kind, _ in packets}
    if SECRET_KEY in kinds or b"BEGIN PGP PRIVATE KEY BLOCK-----" in data:
        hint = f"keep it to yourself; {HINT}"
        raise SourceError("this is a private OpenPGP key, where its public part is needed", where=where, hint=hint)
    if not packets or packets[0][0] != PUBLIC_KEY:
        raise SourceError("there is no OpenPGP key in this file", where=where, hint=HINT)
    return Keyring(binary, tuple(_fingerprint(body) for kind, body in packets if kind == PUBLIC_KEY))


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each packet; raises ValueError where there is none, or half of one (RFC 9580 4.2)."""
    at = 0
    while at < len(data):
        head = data[at]
        at += 1
        if not head & 0x80:
            raise ValueError("not a packet")
        kind, (size, at) = (head & 0x3F, _new_length(data, at)) if head & 0x40 else (head >> 2 & 15, _old(data, at))
        if at + size > len(data):
            raise ValueError("half a packet")
        yield kind, data[at : at + size]
        at += size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the length in the newer form and where the body begins; keys have no partial lengths."""
    first = _number(data, at, 1)
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + _number(data, at + 1, 1) + 192, at + 2
    if first == 255:
        return _number(data, at + 1, 4), at + 5
    raise ValueError("a partial length")


def _old(data: bytes, at: int) -> tuple[int, int]:
    """Return the length in the older form and where the body begins."""
    kind = data[at - 1] & 3
    if kind == 3:
        raise ValueError("no length")
    count = (1, 2, 4)[kind]
    return _number(data, at, count), at + count


def _number(data: bytes, at: int, count: int) -> int:
    if at + count > len(data):
        raise ValueError("half a length")
    return int.from_bytes(data[at : at + count], "big")


def _fingerprint(body: bytes) -> str:
    """Return that of a key of version 4 (RFC 9580 5.5.4.2), the only ones that gpgv 2.2 knows."""
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()


_STATUS = "[GNUPG:] "
_WORDS = {
    "EXPKEYSIG": Verdict.KEY_EXPIRED,
    "REVKEYSIG": Verdict.KEY_REVOKED,
    "EXPSIG": Verdict.EXPIRED,
    "BADSIG": Verdict.CHANGED,
}
_REASONS = {"6": Verdict.TOO_EARLY, "9": Verdict.OTHER_KEY}  # of ERRSIG; a key from the future is a bad one


def read_verdict(lines: Sequence[str], known: Sequence[str]) -> Checked:
    """Return what the status lines of gpgv say of the best signature in a file (doc/DETAILS of GnuPG).

    Its exit status does not tell: it is 0 for a key that has expired, and 2 when one of several keys is not known.
    A signature is good by a key whose fingerprint is `known`, and by no other.
    """
    signatures: list[dict[str, list[str]]] = []
    for words in (line.removeprefix(_STATUS).split() for line in lines if line.startswith(_STATUS)):
        if words[:1] == ["NEWSIG"]:
            signatures.append({})
        elif signatures and words:
            signatures[-1][words[0]] = words[1:]
    order = list(Verdict)
    found = [_checked(said, known) for said in signatures]
    return min(found, key=lambda one: order.index(one.verdict), default=Checked(Verdict.NONE))


def _checked(said: dict[str, list[str]], known: Sequence[str]) -> Checked:
    """Return what became of one signature; VALIDSIG and ERRSIG end with the fingerprint of the key."""
    fingerprint = next((said[word][-1] for word in ("VALIDSIG", "ERRSIG") if said.get(word)), "")
    for word, verdict in _WORDS.items():
        if word in said:
            return Checked(verdict, fingerprint)
    if "GOODSIG" in said and "VALIDSIG" in said:
        return Checked(Verdict.GOOD if fingerprint in known else Verdict.OTHER_KEY, fingerprint)
    if reason := said.get("ERRSIG", [])[5:6]:
        return Checked(_REASONS.get(reason[0], Verdict.UNUSABLE), fingerprint)
    return Checked(Verdict.UNUSABLE, fingerprint)
