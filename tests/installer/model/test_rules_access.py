"""Public ssh keys: whole ones, and every way in which one can be damaged."""

from __future__ import annotations

from base64 import b64encode

import pytest

from installer.model import rules
from installer.model.errors import InvalidAnswer

KIND = "ssh-ed25519"


def blob(*fields: bytes) -> str:
    """Return fields as a key has them: each behind its length."""
    return b64encode(b"".join(len(field).to_bytes(4, "big") + field for field in fields)).decode()


TOKEN = blob(f"sk-{KIND}@openssh.com".encode(), b"k" * 32, b"")
WHOLE = blob(KIND.encode(), b"k" * 32)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{KIND} {WHOLE}", f"{KIND} {WHOLE}"),
        (f"sk-{KIND}@openssh.com {TOKEN}", f"sk-{KIND}@openssh.com {TOKEN}"),
        (f"{KIND}\t{WHOLE}  me@host and more ", f"{KIND} {WHOLE} me@host and more"),
        (f"{KIND} {blob(KIND.encode(), b'k' * 300)}", f"{KIND} {blob(KIND.encode(), b'k' * 300)}"),
        (f"ssh-rsa {blob(b'ssh-rsa', b'e', b'n' * 70_000)}", f"ssh-rsa {blob(b'ssh-rsa', b'e', b'n' * 70_000)}"),
    ],
    ids=["bare", "of a token for any use", "with a comment", "long", "of two numbers"],
)
def test_a_key_is_one_line_of_type_key_and_comment(text: str, kept: str) -> None:
    assert rules.ssh_key(text) == kept


@pytest.mark.parametrize(
    "key",
    [
        WHOLE + "=",
        WHOLE[:-4],
        WHOLE[:-1],
        blob(KIND.encode()),
        blob(KIND.encode(), b"", b"k" * 32),
        blob(b"", b"k" * 32),
        blob(b"ssh-rsa", b"k" * 32),
        b64encode(bytes(12) + b"\0\0\1").decode(),
        b64encode(len(KIND).to_bytes(4, "big") + KIND.encode() + b"\0\0\0\x21" + b"k" * 32).decode(),
    ],
    ids=[
        "padded",
        "cut",
        "cut inside",
        "alone",
        "empty",
        "of no type",
        "of another type",
        "half a length",
        "a byte short",
    ],
)
def test_a_key_that_is_not_filled_by_its_fields_is_damaged(key: str) -> None:
    with pytest.raises(InvalidAnswer, match="cut short or damaged"):
        rules.ssh_key(f"{KIND} {key}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key"),
        (f"{KIND} {WHOLE}\n{KIND} {WHOLE}", "is not on one line"),
        (f"{KIND} {WHOLE}\r", "is not on one line"),
        ("ssh-dss " + blob(b"ssh-dss", b"k" * 32), "of a type that the host does not take"),
        (f"{KIND} {WHOLE} a\x07", "holds a control character"),
        ("key", "this is not a public ssh key"),
    ],
)
def test_what_is_wrong_is_said_without_the_key(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason) as caught:
        rules.ssh_key(text)
    assert WHOLE not in str(caught.value)
