"""Packets of OpenPGP by every form of their length, and what gpgv says (RFC 9580, doc/DETAILS of GnuPG)."""

from __future__ import annotations

import hashlib

import pytest

from installer.model.errors import SourceError
from installer.model.openpgp import Checked, Verdict, read_keyring, read_verdict

PUBLIC, SECRET, USER, SUBKEY = 6, 5, 13, 14


def old(kind: int, body: bytes, count: int) -> bytes:
    """Return a packet with its length in the older form: 1, 2 or 4 bytes."""
    return bytes([0x80 | kind << 2 | (1, 2, 4).index(count)]) + len(body).to_bytes(count, "big") + body


def new(kind: int, body: bytes, count: int) -> bytes:
    """Return a packet with its length in the newer form: 1, 2 or 5 bytes."""
    size = len(body)
    two = bytes([(size - 192 >> 8) + 192 & 0xFF, size - 192 & 0xFF])
    length = {1: bytes([size & 0xFF]), 2: two, 5: b"\xff" + size.to_bytes(4, "big")}[count]
    return bytes([0xC0 | kind]) + length + body


def fingerprint(body: bytes) -> str:
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


ONE, TWO = b"\x04one" * 3, b"\x04two" * 70
FORMS = {
    "old, 1 byte": old(PUBLIC, ONE, 1) + old(PUBLIC, ONE, 1),
    "old, 2 bytes": old(PUBLIC, ONE, 2) + old(PUBLIC, ONE, 2),
    "old, 4 bytes": old(PUBLIC, ONE, 4) + old(PUBLIC, ONE, 4),
    "new, 1 byte": new(PUBLIC, ONE, 1) + new(PUBLIC, ONE, 1),
    "new, 5 bytes": new(PUBLIC, ONE, 5) + new(PUBLIC, ONE, 5),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_length_leads_to_the_next_packet(name: str) -> None:
    assert read_keyring(FORMS[name], "key").fingerprints == (fingerprint(ONE),) * 2


@pytest.mark.parametrize(
    ("size", "count"), [(191, 1), (192, 2), (193, 2), (447, 2), (448, 2), (8383, 2), (8384, 5), (65535, 5)]
)
def test_lengths_at_the_edges_of_their_forms(size: int, count: int) -> None:
    body = bytes([4]) * size
    assert read_keyring(new(PUBLIC, body, count) * 2, "key").fingerprints == (fingerprint(body),) * 2


def test_of_several_keys_those_that_are_not_subkeys_count() -> None:
    data = old(PUBLIC, ONE, 1) + old(USER, b"one", 1) + new(SUBKEY, ONE, 1) + new(PUBLIC, TWO, 2)
    found = read_keyring(data, "key")
    assert found.data == data and found.fingerprints == (fingerprint(ONE), fingerprint(TWO))


def test_a_packet_of_nothing_may_end_a_file() -> None:
    assert read_keyring(old(PUBLIC, ONE, 1) + old(USER, b"", 1), "key").fingerprints == (fingerprint(ONE),)


WRONG = {
    "nothing": b"",
    "text": b"key",
    "a user first": old(USER, b"one", 1) + old(PUBLIC, ONE, 1),
    "half a packet": old(PUBLIC, ONE, 1)[:-1],
    "a byte after it": old(PUBLIC, ONE, 1) + b"\x00",
    "no packet after it": old(PUBLIC, ONE, 1) + b"\x01\x00\x00",
    "a head alone": b"\x99",
    "half a length": b"\x9a\x00\x00\x00",
    "half a new length": b"\xc6\xc0",
    "half a long length": b"\xc6\xff\x00\x00\x00",
    "a length of nothing": b"\x9b" + ONE,
    "a partial length": b"\xc6\xe0" + ONE,
    "a partial length with as much behind it": b"\xc6\xe0" + bytes(9000),
    "a partial length with as much behind it as two bytes of length would say": b"\xc6\xe0\x00" + bytes(8384),
    "the last partial length": b"\xc6\xfe" + ONE,
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_key_is_told(name: str) -> None:
    with pytest.raises(SourceError, match="no OpenPGP key"):
        read_keyring(WRONG[name], "key")


def test_a_private_key_is_told_apart() -> None:
    for data in (old(SECRET, ONE, 1), b"-----BEGIN PGP PRIVATE KEY BLOCK-----"):
        with pytest.raises(SourceError, match="private"):
            read_keyring(data, "key")


KEY = "0123456789ABCDEF0123456789ABCDEF01234567"
VALID = f"VALIDSIG {KEY} 2026-11-26 1795895814 0 4 0 22 10 00 {KEY}"


def said(*lines: str) -> list[str]:
    return [f"[GNUPG:] {line}" for line in lines]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("NEWSIG", "GOODSIG 0 one", VALID), Verdict.GOOD),
        (("NEWSIG", "EXPKEYSIG 0 one", VALID), Verdict.KEY_EXPIRED),
        (("NEWSIG", "REVKEYSIG 0 one", VALID), Verdict.KEY_REVOKED),
        (("NEWSIG", "EXPSIG 0 one", VALID), Verdict.EXPIRED),
        (("NEWSIG", "BADSIG 0 one"), Verdict.CHANGED),
        (("NEWSIG", f"ERRSIG 0 22 10 00 1 9 {KEY}"), Verdict.OTHER_KEY),
        (("NEWSIG", f"ERRSIG 0 22 10 00 1 6 {KEY}"), Verdict.TOO_EARLY),
        (("NEWSIG", f"ERRSIG 0 22 10 00 1 4 {KEY}"), Verdict.UNUSABLE),
        (("NEWSIG", "ERRSIG 0 22 10 00 1"), Verdict.UNUSABLE),
        (("NEWSIG", "GOODSIG 0 one"), Verdict.UNUSABLE),
        (("NEWSIG", VALID), Verdict.UNUSABLE),
        (("NEWSIG",), Verdict.UNUSABLE),
        ((), Verdict.NONE),
        (("GOODSIG 0 one", VALID), Verdict.NONE),
        (("NEWSIG", "BADSIG 0 one", "NEWSIG", "GOODSIG 0 one", VALID), Verdict.GOOD),
        (("NEWSIG", "GOODSIG 0 one", VALID, "NEWSIG", "BADSIG 0 one"), Verdict.GOOD),
    ],
)
def test_the_best_signature_counts(lines: tuple[str, ...], verdict: Verdict) -> None:
    assert read_verdict(said(*lines), (KEY,)).verdict is verdict


def test_a_good_signature_by_another_key_is_not_good() -> None:
    lines = said("NEWSIG", "GOODSIG 0 one", VALID)
    assert read_verdict(lines, (KEY[::-1],)) == Checked(Verdict.OTHER_KEY, KEY)
    assert read_verdict(lines, ()) == Checked(Verdict.OTHER_KEY, KEY)


def test_a_signature_by_a_subkey_is_that_of_its_key() -> None:
    """VALIDSIG begins with the fingerprint of what has signed, and ends with that of the key it belongs to."""
    lines = said("NEWSIG", "GOODSIG 0 one", f"VALIDSIG {KEY[::-1]} 2026-11-26 1795895814 0 4 0 22 10 00 {KEY}")
    assert read_verdict(lines, (KEY,)) == Checked(Verdict.GOOD, KEY)


def test_only_status_lines_are_read() -> None:
    assert read_verdict(["NEWSIG", "GOODSIG 0 one", VALID], (KEY,)).verdict is Verdict.NONE
