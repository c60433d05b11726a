"""The signature of a repository's metadata: made by gpg, checked by gpgv against the keys that are required (spec R44).

What is signed is what `sha256sum XS-REPOSITORY XS-PACKAGES` prints: it binds both files to each other, and needs no
file of its own. XS-PACKAGES in its turn has to state the SHA-256 of every package.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from backend.real_system import temporary_system
from backend.system import System
from installer.model.errors import CommandFailed, RepositoryError, UsageError
from installer.model.openpgp import Checked, Keyring, Verdict, read_verdict
from installer.model.repository import PACKAGES_FILE, REPOSITORY_FILE
from installer.model.source import Package

TIME_LIMIT_S = 60  # a hostile signature may be packed many times over
SIGNING_S = 300  # somebody may have to type a passphrase into gpg-agent's own window
STATUSES = range(256)  # the status lines tell, see read_verdict
REQUIRED = "a signature is required: by <repository-key>, --key, the kernel's word key= or a key in the image"
MESSAGES = {
    Verdict.KEY_EXPIRED: ("is signed by a key that has expired", "have it signed anew, or give the renewed key"),
    Verdict.KEY_REVOKED: ("is signed by a key that was revoked", "have it signed by another key, and give that"),
    Verdict.EXPIRED: ("has a signature that has expired", "have it signed anew"),
    Verdict.CHANGED: (
        f"has a signature that does not fit: {REPOSITORY_FILE} or {PACKAGES_FILE} is not as it was signed",
        "was the repository changed, or copied in part? have it signed anew by whoever answers for it",
    ),
    Verdict.TOO_EARLY: (
        "is signed by a key from the future, or one that gpgv cannot use",
        "is this machine's clock right?",
    ),
    Verdict.OTHER_KEY: ("is signed by another key than those required", ""),
    Verdict.UNUSABLE: ("has a signature that cannot be checked", "sign it with SHA-256 or better by GnuPG 2"),
    Verdict.NONE: ("has a signature file without a signature in it", "have it signed anew"),
}


def manifest(about: bytes, listing: bytes) -> bytes:
    """Return what is signed: the sums of XS-REPOSITORY and XS-PACKAGES, as sha256sum(1) prints them."""
    files = ((about, REPOSITORY_FILE), (listing, PACKAGES_FILE))
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for data, name in files).encode()


def check_signature(signed: bytes, signature: bytes, keyrings: Sequence[Keyring], where: str) -> str:
    """Return the fingerprint of the key that has signed; raises RepositoryError when none of the keys has.

    SHA-1 counts for nothing, and neither do MD5 and RIPEMD-160.
    """
    known = tuple(fingerprint for keyring in keyrings for fingerprint in keyring.fingerprints)
    with (
        temporary_system() as system,
        system.scratch_directory() as home,
        system.scratch_file("keys.gpg", b"".join(keyring.data for keyring in keyrings)) as keys,
        system.scratch_file("signature", signature) as signature_file,
        system.scratch_file("signed", signed) as signed_file,
    ):
        weak = [word for name in ("MD5", "RIPEMD160", "SHA1") for word in ("--weak-digest", name)]
        options = ("--homedir", home, "--quiet", "--status-fd", "1", *weak, "--keyring", keys)
        argv = ("gpgv", *options, "--", signature_file, signed_file)
        lines = system.run(argv, ok=STATUSES, timeout_s=TIME_LIMIT_S, why="the signature cannot be checked")
    found = read_verdict(lines, known)
    if found.verdict is not Verdict.GOOD:
        raise _refusal(found, known, where)
    return found.fingerprint


def _refusal(found: Checked, known: Sequence[str], where: str) -> RepositoryError:
    what, hint = MESSAGES[found.verdict]
    by = f" ({found.fingerprint})" if found.fingerprint else ""
    if found.verdict is Verdict.OTHER_KEY:
        hint = f"required is a signature by {' or '.join(known)}"
    return RepositoryError(f"the repository {what}{by}", where=where, hint=hint)


def unsigned_error(where: str) -> RepositoryError:
    """Return the error for a repository without a signature where one is required."""
    return RepositoryError("the repository is not signed", where=where, hint=REQUIRED)


def require_strong_sums(packages: Sequence[Package], where: str) -> None:
    """Raise RepositoryError when the signature says nothing of a package: MD5 alone can be forged (RFC 6151)."""
    weak = [package.name for package in packages if not package.sha256]
    if weak:
        shown = ", ".join(weak[:5]) + (f" and {len(weak) - 5} more" if len(weak) > 5 else "")
        what = f"{where} does not state the SHA-256 of {shown}, and the signature protects no package without it"
        raise RepositoryError(what, where=where, hint="make it by `installer repo build --sign`, or add sha256= fields")


def check_signing_key(system: System, key: str) -> None:
    """Raise UsageError when the user's own keyring has no such secret key: before hours are spent on packing."""
    _gpg(system, key, ("--list-secret-keys", "--", key))


def sign(system: System, key: str, signed: bytes, output: Path) -> None:
    """Write the signature of a manifest by a key of the user's own keyring. Raises UsageError when gpg does not."""
    with system.scratch_file("signed", signed) as signed_file:
        form = ("--digest-algo", "SHA512", "--armor", "--detach-sign", "--output", str(output))
        _gpg(system, key, (f"--local-user={key}", *form, "--", signed_file))


def _gpg(system: System, key: str, words: Sequence[str]) -> None:
    home = os.environ.get("GNUPGHOME") or str(Path.home() / ".gnupg")
    try:
        system.run(("gpg", "--homedir", home, "--batch", "--no-tty", *words), timeout_s=SIGNING_S)
    except CommandFailed as error:
        said = next((line for line in error.output if line.strip()), error.what)
        hint = "`gpg --list-secret-keys` lists the keys; gpg-agent must have the passphrase, or ask for it by itself"
        raise UsageError(f"the repository cannot be signed: {said}", where=f"--sign {key}", hint=hint) from error
