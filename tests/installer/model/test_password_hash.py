"""Hashes of passwords, held against what openssl passwd -6 makes of them; the first one is the specification's."""

from __future__ import annotations

import pytest

from installer.model.answers import PasswordKind, RootPassword
from installer.model.password_hash import SALT_LENGTH, hashed
from installer.model.secret import Secret

# shorter than a digest of 64 bytes, as long, and longer, once and several times
KNOWN = {
    "Hello world!": (
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    ),
    "x" * 64: ("$6$saltstring$SSoAqlzjEXraQ.dDguxosFViX0Mfw4O.kEQXNqWn2FWfLIsQUWxK3xUguKKWh/yPYlb6YCK5MTl1eAQTuZtVf."),
    "y" * 65: ("$6$saltstring$40t4bLnG1.pn9cDzrS8cQNt.vbqczVYJ5TtuNgju7SFKhR6j.sR3e/fxKfLAB7Wo0/C8Th3g8S54GNXPfjN2e."),
    "pä" * 70: ("$6$saltstring$cPkI.6ZadUHSVgYyVvdMZ6fyg4yEFlyGZXtxGjvUFpe/qXkbNu8YjyiTdvJCEhjS9LTaUIkQg.WB33AQjoS3K0"),
}


@pytest.mark.parametrize("text", KNOWN, ids=len)
def test_a_password_of_any_length_is_hashed_as_by_crypt(text: str) -> None:
    found = hashed(RootPassword(PasswordKind.PLAINTEXT, Secret(text)), "saltstring")
    assert (found.kind, found.text.reveal()) == (PasswordKind.HASH, KNOWN[text])


def test_a_hash_stays_as_it_is() -> None:
    password = RootPassword(PasswordKind.HASH, Secret("$6$a$b"))
    assert hashed(password, "saltstring") is password


def test_a_salt_is_as_long_as_crypt_takes() -> None:
    """Of a longer one crypt(5) leaves out the rest."""
    assert SALT_LENGTH == 16
