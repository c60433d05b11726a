"""The rules of root passwords: none of them quotes what it was given."""

from __future__ import annotations

import re
import unicodedata

from installer.model.answers import PasswordKind, RootPassword
from installer.model.errors import InvalidAnswer
from installer.model.secret import Secret
from installer.model.wording import refuse_whole_mark

SHORT_PASSWORD = 6  # characters (G 3.1 step 11): fewer is an error on screens, a warning in an answerfile
PASSWORD_BYTES = 511  # CRYPT_MAX_PASSPHRASE_SIZE of crypt(3), less the closing NUL
LOCKED = "!!"

_B64 = r"[./0-9A-Za-z]"
_SALT = r"[!-#%-9;-~]"
_ROUNDS = r"(?:rounds=[1-9][0-9]{0,8}\$)?"
# crypt(5): one line per hashing method; the digest is the last group
_HASHES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\$6\${_ROUNDS}{_SALT}{{1,16}}\$({_B64}{{86}})",
        rf"\$5\${_ROUNDS}{_SALT}{{1,16}}\$({_B64}{{43}})",
        rf"\$1\${_SALT}{{1,8}}\$({_B64}{{22}})",
        rf"\$2[abxy]\$[0-3][0-9]\$({_B64}{{53}})",
        rf"\$g?y\${_B64}{{1,32}}\${_B64}{{0,86}}\$({_B64}{{43}})",
        rf"\$7\${_B64}{{11,97}}\$({_B64}{{43}})",
    )
)
_PLACEHOLDER = re.compile(
    r"\.\.\.|…|xxx|hash|placeholder|change.?me|example|replace|insert|your|todo|salt|password|secret", re.IGNORECASE
)
# a digest is as good as random: this few different characters in 22 or more do not happen
DIGEST_VARIETY = 6


def root_password(text: str) -> RootPassword:
    """Return a password given in clear, at most 511 bytes of UTF-8 (crypt(3)). Raises InvalidAnswer.

    What an XML file cannot carry back unchanged is refused: control characters, blanks at either end. So is a text
    that is nothing but an unfilled template mark: it would be a password that everybody knows.
    """
    if not text:
        raise InvalidAnswer("the root password is empty")
    if "\n" in text or "\r" in text:
        raise InvalidAnswer("the root password holds a line end", hint="give it on one line")
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in text):
        raise InvalidAnswer("the root password holds a control character", hint="use what a keyboard can type")
    if text != text.strip(" "):
        raise InvalidAnswer("the root password begins or ends with a blank", hint="leave the blank out")
    if len(text.encode()) > PASSWORD_BYTES:
        raise InvalidAnswer(f"the root password is longer than {PASSWORD_BYTES} bytes")
    refuse_whole_mark(text)
    return RootPassword(PasswordKind.PLAINTEXT, Secret(text))


def is_short(password: RootPassword) -> bool:
    """Tell whether a password given in clear has fewer than 6 characters; of a hash nobody can tell."""
    return password.kind is PasswordKind.PLAINTEXT and len(password.text) < SHORT_PASSWORD


def root_password_hash(text: str) -> RootPassword:
    """Return a password given as a crypt(5) hash `$id$…`, or `!!`: the host asks for it. Raises InvalidAnswer."""
    if text == LOCKED:
        return RootPassword(PasswordKind.HASH, Secret(text))
    refuse_whole_mark(text)
    hint = "make one with `openssl passwd -6`, or give !! to have it asked at the first boot"
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _HASHES)), None)
    if match and len(set(match[1])) >= DIGEST_VARIETY:
        return RootPassword(PasswordKind.HASH, Secret(text))
    if match or not text or _PLACEHOLDER.search(text):
        raise InvalidAnswer("the root password's hash is a placeholder, not a hash", hint=hint)
    if not text.startswith("$"):
        raise InvalidAnswer("the root password is not a hash", hint=f'in clear it takes type="plaintext"; {hint}')
    raise InvalidAnswer("the root password's hash is not well-formed: cut short or damaged", hint=hint)


def looks_like_hash(password: RootPassword) -> bool:
    """Tell whether a password said to be in clear is a hash in all likelihood."""
    return password.kind is PasswordKind.PLAINTEXT and any(p.fullmatch(password.text.reveal()) for p in _HASHES)
