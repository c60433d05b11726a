"""The SHA-512 hash of a password as crypt(3) makes it: $6$salt$digest.

After U. Drepper, Unix crypt using SHA-256 and SHA-512, version 0.6.
"""

from __future__ import annotations

import hashlib

from installer.model.answers import PasswordKind, RootPassword
from installer.model.secret import Secret

ROUNDS = 5000  # the default of crypt(5), which goes without saying in the hash
SALT_LENGTH = 16
_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRIPLES = 21  # the 64 bytes of a digest are written in groups of three, and one byte alone


def hashed(password: RootPassword, salt: str) -> RootPassword:
    """Return a password as a hash; one that is a hash already stays as it is. `salt` has up to 16 letters or digits."""
    if password.kind is PasswordKind.HASH:
        return password
    digest = _digest(password.text.reveal().encode(), salt.encode())
    return RootPassword(PasswordKind.HASH, Secret(f"$6${salt}${_written(digest)}"))


def _digest(key: bytes, salt: bytes) -> bytes:
    sha = hashlib.sha512
    other = sha(key + salt + key).digest()
    mixed = sha(key + salt + _stretched(other, len(key)))
    bits = len(key)
    while bits:
        mixed.update(other if bits & 1 else key)
        bits >>= 1
    digest = mixed.digest()
    p = _stretched(sha(key * len(key)).digest(), len(key))
    s = _stretched(sha(salt * (16 + digest[0])).digest(), len(salt))
    for number in range(ROUNDS):
        parts = (p if number % 2 else digest, s if number % 3 else b"", p if number % 7 else b"")
        digest = sha(b"".join(parts) + (digest if number % 2 else p)).digest()
    return digest


def _stretched(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _written(digest: bytes) -> str:
    """Return the digest in the letters and order of crypt(3): each group of three bytes starts a third further on."""
    text = ""
    for index in range(_TRIPLES):
        places = (index, index + _TRIPLES, index + 2 * _TRIPLES)
        turn = index % 3
        high, middle, low = (digest[place] for place in places[turn:] + places[:turn])
        text += _letters(high << 16 | middle << 8 | low, 4)
    return text + _letters(digest[-1], 2)


def _letters(value: int, count: int) -> str:
    return "".join(_LETTERS[value >> 6 * place & 63] for place in range(count))
